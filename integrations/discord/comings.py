"""Whether the bot is in a tenant's guild: what Discord tells of it, recorded in the community's audit log.

tenants.services and tenants.guild_life hold the rules; they stand below the audit log and cannot write to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.errors import GuildNotLinkedError
from tenants.guild_facts import GuildFacts
from tenants.guild_life import follow_guilds
from tenants.models import GuildLink, Tenant
from tenants.services import mark_guild_removed, mark_guild_returned

DISCORD: Final = Actor("system", 0, "Discord", via="bot")


def follow_guilds_recorded(*, facts: Sequence[GuildFacts]) -> int:
    """As tenants.guild_life.follow_guilds; a guild to which the bot was invited again is recorded, with its return in one
    transaction. One query more. Idempotent."""
    there = {fact.guild_id for fact in facts if fact.available}
    with enter_schema(PUBLIC):
        waiting = GuildLink.objects.filter(guild_id__in=there, state=GuildLink.State.REMOVED)
        returned = sum(_note_return(guild_id) for guild_id in waiting.values_list("guild_id", flat=True))
        return max(returned, follow_guilds(facts=facts))


def note_removal(*, guild_id: int) -> GuildLink:
    """As tenants.services.mark_guild_removed, recorded in one transaction. Raises GuildNotLinkedError."""
    with enter_schema(PUBLIC), transaction.atomic():
        link = mark_guild_removed(guild_id=guild_id)
        _record(link, "guild.removed")
    return link


def _note_return(guild_id: int) -> int:
    """0 where somebody else noted it meanwhile."""
    try:
        with transaction.atomic():
            _record(mark_guild_returned(guild_id=guild_id), "guild.returned")
    except GuildNotLinkedError:
        return 0
    return 1


def _record(link: GuildLink, action: str) -> None:
    tenant = Tenant.objects.get(pk=link.tenant_id)
    if tenant.state == Tenant.State.PROVISIONING:
        return  # Its schema is still to be made.
    with enter_tenant(TenantContext.of(tenant, link.guild_id)):
        record_audit(
            actor=DISCORD,
            action=action,
            target_kind="guild",
            target_id=link.guild_id,
            target_name=link.guild_name,
        )
