"""A linked guild over time: renamed, handed over, away, back. All in the public schema.

Invariant: nothing here links or unlinks anybody; data stays whatever happens to a guild.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import DomainEvent, publish

from .errors import GuildNotLinkedError
from .events import GuildCameBack, GuildOwnerChanged, GuildRenamed, GuildWentAway
from .guild_facts import GuildFacts
from .models import GuildLink
from .services import mark_guild_returned


def follow_guilds(*, facts: Iterable[GuildFacts]) -> int:
    """Take over what Discord tells of guilds; of several facts about one guild the last counts. Returns how many links changed.

    One query where nothing changed; a changed link is locked by its row. Idempotent. Publishes GuildRenamed, GuildOwnerChanged,
    GuildWentAway, GuildCameBack, and GuildLinked for a guild that the bot was invited to again. Guilds of nobody are passed over.
    """
    told = {fact.guild_id: fact for fact in facts}
    with enter_schema(PUBLIC):
        standing = GuildLink.objects.filter(guild_id__in=told).exclude(state=GuildLink.State.UNLINKED)
        changed = [link.guild_id for link in standing if _differs(link, told[link.guild_id])]
        return sum(_follow(guild_id, told) for guild_id in sorted(changed))


def mark_guild_unavailable(*, guild_id: int) -> None:
    """An outage at Discord's (GUILD_DELETE with `unavailable`): the link stays. Publishes GuildWentAway, once."""
    follow_guilds(facts=[GuildFacts(guild_id, available=False)])


def _differs(link: GuildLink, fact: GuildFacts) -> bool:
    if not fact.available:
        return link.state == GuildLink.State.ACTIVE and link.unavailable_since is None
    return (
        link.state == GuildLink.State.REMOVED
        or link.unavailable_since is not None
        or fact.name not in ("", link.guild_name)
        or fact.icon != link.icon
        or fact.owner_id not in (None, link.owner_id)
    )


def _follow(guild_id: int, told: Mapping[int, GuildFacts]) -> bool:
    fact = told[guild_id]
    with transaction.atomic():
        if fact.available:
            _revive(guild_id)
        link = (
            GuildLink.objects.select_for_update()
            .filter(guild_id=guild_id, state=GuildLink.State.ACTIVE)
            .first()
        )
        if link is None or not _differs(link, fact):
            return False
        for event in _take_over(link, fact, clock.now()):
            publish(event)
        link.save(update_fields=["guild_name", "icon", "owner_id", "owner_changed_at", "unavailable_since"])
    return True


def _revive(guild_id: int) -> None:
    try:
        mark_guild_returned(guild_id=guild_id)
    except GuildNotLinkedError:
        return  # It was not away.


def _take_over(link: GuildLink, fact: GuildFacts, now: datetime) -> list[DomainEvent]:
    """Change the row in hand; what is there to tell of it."""
    tenant_id, guild_id = link.tenant_id, link.guild_id
    if not fact.available:
        link.unavailable_since = now
        return [GuildWentAway(tenant_id=tenant_id, guild_id=guild_id)]
    events: list[DomainEvent] = []
    if link.unavailable_since is not None:
        link.unavailable_since = None
        events.append(GuildCameBack(tenant_id=tenant_id, guild_id=guild_id))
    if fact.name not in ("", link.guild_name):
        # The first name that is heard is no renaming.
        if link.guild_name:
            events.append(GuildRenamed(tenant_id=tenant_id, guild_id=guild_id, name=fact.name))
        link.guild_name = fact.name
    if fact.owner_id not in (None, link.owner_id):
        if link.owner_id is not None:
            assert fact.owner_id is not None
            link.owner_changed_at = now
            events.append(GuildOwnerChanged(tenant_id=tenant_id, guild_id=guild_id, owner_id=fact.owner_id))
        link.owner_id = fact.owner_id
    link.icon = fact.icon
    return events
