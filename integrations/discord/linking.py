"""A guild comes to its tenant: by the code grant, checked live.

Invariants: the guild is the one that Discord's token names, never one that a browser names; whoever consented manages it at
this very moment; what is refused leaves nothing behind: the grant is given back, and a guild that the bot joined for it alone
is left again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import JobRow, defer_rows
from saas.events.retries import RetryLaterError
from tenants.claims import Claim
from tenants.context import TenantContext, enter_tenant
from tenants.errors import GuildNotLinkedError
from tenants.guild_facts import GuildFacts
from tenants.models import GuildLink, Tenant
from tenants.oauth_states import OAuthState, begin_journey
from tenants.services import link_guild, unlink_guild

from .client import DiscordClient, get_client
from .errors import (
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    BotTokenMissingError,
    DiscordAwayError,
    DiscordRefusedError,
    DiscordUnavailableError,
    GuildNotManagedError,
    InstallDeclinedError,
    InstallRefusedError,
)
from .oauth import Grant, OAuthClient, get_install_address, get_oauth_client
from .rights import may_manage

logger = logging.getLogger(__name__)
PURPOSE = "bot"
# Discord's own parts hear of a new member within moments of each other, not at once.
_ARRIVAL_PAUSES = (0.0, 0.3, 0.7, 1.5)
_WORDS = {
    "invalid_scope": "Discord did not know what we asked for. It has been written down for our staff.",
    "server_error": "Discord had a problem of its own. Try again in a few minutes.",
    "temporarily_unavailable": "Discord is too busy for this at the moment. Try again in a few minutes.",
}


def begin_install(*, context: TenantContext, user_id: int, session_key: str, next_path: str) -> str:
    """The address of Discord's page that adds the bot for this tenant. Raises UnavailableError and InstallRefusedError.

    The state is good once, for ten minutes, for this session and login.
    """
    get_oauth_client()
    journey = begin_journey(
        purpose=PURPOSE,
        session_key=session_key,
        user_id=user_id,
        tenant_id=context.tenant_id,
        next_path=next_path,
    )
    return get_install_address(journey, guild_id=_get_wished_guild(context.tenant_id))


def _get_wished_guild(tenant_id: int) -> int | None:
    """The guild that the tenant has, or had until the bot was removed."""
    with enter_schema(PUBLIC):
        standing = GuildLink.objects.filter(tenant_id=tenant_id).exclude(state=GuildLink.State.UNLINKED)
        return standing.values_list("guild_id", flat=True).first()


def finish_install(*, state: OAuthState, tenant: Tenant, code: str, error: str, actor: Actor) -> GuildLink:
    """Discord's answer to `begin_install`: link the guild that its token names. The caller took `state` out.

    The person who consented must manage the guild now. Idempotent for a guild that is the tenant's already. Publishes GuildLinked.
    Raises InstallDeclinedError, InstallRefusedError, GuildNotManagedError, GuildTakenError, TenantHasGuildError and
    DiscordUnavailableError; after each of them the grant was given back.
    """
    if error == "access_denied":
        raise InstallDeclinedError
    if error or not code:
        logger.warning("Discord answered an install with the error %r", error[:60])
        raise InstallRefusedError(_WORDS.get(error, "Discord's answer was not whole. Add the bot again."))
    oauth = get_oauth_client()
    grant = oauth.redeem_code(code=code, verifier=state.verifier)
    try:
        facts = check_manager(guild_id=int(grant.guild["id"]), user_id=grant.user_id, just_joined=True)
        return _link(tenant, facts, actor, "guild.linked")
    except EngageHubError:
        _withdraw(oauth, grant, since=state.issued_at)
        raise
    except Exception:
        # Something of ours broke, and may break again on the way to leave the guild.
        oauth.revoke(grant.access_token)
        raise


def claim_guild(*, tenant: Tenant, claim: Claim, actor: Actor) -> GuildLink:
    """Link the guild of a claim, whose owner the caller has made sure of. They must manage the guild now.

    Idempotent for a guild that is the tenant's already. Publishes GuildLinked. Raises GuildNotManagedError, GuildTakenError,
    TenantHasGuildError, InstallRefusedError where the bot is gone, and DiscordUnavailableError.
    """
    facts = check_manager(guild_id=claim.guild_id, user_id=claim.discord_id)
    return _link(tenant, facts, actor, "guild.claimed")


def link_by_hand(*, tenant: Tenant, guild_id: int, guild_name: str, actor: Actor) -> GuildLink:
    """EngageHub's staff link a guild; nothing is asked of Discord. Idempotent. As tenants.services.link_guild, recorded."""
    return _link(tenant, GuildFacts(guild_id, guild_name), actor, "guild.linked")


def _link(tenant: Tenant, facts: GuildFacts, actor: Actor, action: str) -> GuildLink:
    """Link and record it in one transaction over both schemas. What was so already is not recorded again."""
    with transaction.atomic():
        with enter_schema(PUBLIC):
            known = GuildLink.objects.filter(
                tenant=tenant, guild_id=facts.guild_id, state=GuildLink.State.ACTIVE
            ).exists()
        link = link_guild(
            tenant=tenant,
            guild_id=facts.guild_id,
            guild_name=facts.name,
            owner_id=facts.owner_id,
            icon=facts.icon,
        )
        if not known:
            with enter_tenant(TenantContext.of(tenant, facts.guild_id)):
                record_audit(
                    actor=actor,
                    action=action,
                    target_kind="guild",
                    target_id=facts.guild_id,
                    target_name=facts.name,
                    after={"name": facts.name},
                )
    return link


def part_guild(*, context: TenantContext, guild_id: int, leave: bool, actor: Actor) -> GuildLink:
    """The organiser unlinks the guild that they see as theirs; with `leave` the bot goes as well, a moment later.

    Members, points and history stay. Locks the link. Idempotent: what is unlinked already raises GuildNotLinkedError, as does a guild
    of somebody else. Publishes GuildUnlinked. One transaction over both schemas.
    """
    with transaction.atomic():
        with enter_schema(PUBLIC):
            # Locked, so that nobody's else link of that guild can take this one's place before it is ended.
            standing = GuildLink.objects.select_for_update().exclude(state=GuildLink.State.UNLINKED)
            if standing.filter(tenant_id=context.tenant_id, guild_id=guild_id).first() is None:
                raise GuildNotLinkedError(guild_id)
            link = unlink_guild(guild_id=guild_id)
            if leave:
                # By name: the jobs import this module's neighbours.
                with connection.cursor() as cursor:
                    defer_rows(
                        cursor, [JobRow("integrations.discord.leave_guild", PUBLIC, {"guild_id": guild_id})]
                    )
        with enter_tenant(context):
            record_audit(
                actor=actor,
                action="guild.unlinked",
                target_kind="guild",
                target_id=guild_id,
                target_name=link.guild_name,
                before={"name": link.guild_name},
                note="The bot was told to leave." if leave else "The bot stays in the server.",
            )
    return link


def abandon_install(*, state: OAuthState, code: str) -> None:
    """Whoever began the install may not link any more: give the grant back, and leave a guild joined for it alone. Never raises."""
    try:
        oauth = get_oauth_client()
        grant = oauth.redeem_code(code=code, verifier=state.verifier) if code else None
    except EngageHubError as error:
        logger.warning("An install could not be given back: %s", error)
        return
    if grant is not None:
        _withdraw(oauth, grant, since=state.issued_at)


def check_manager(*, guild_id: int, user_id: int, just_joined: bool = False) -> GuildFacts:
    """Ask Discord now whether that person may manage the guild, in which the bot must be; what the guild is like.

    Raises GuildNotManagedError, InstallRefusedError where the bot is not in the guild, and DiscordUnavailableError.
    """
    with asking_discord():
        client = get_client()
        guild = _read_guild(client, guild_id, _ARRIVAL_PAUSES if just_joined else (0.0,))
        facts = GuildFacts.read(guild)
        try:
            member = client.get_member(guild_id, user_id)
        except DiscordRefusedError as error:
            if error.code != UNKNOWN_MEMBER:
                raise
            raise GuildNotManagedError(facts.name) from error
    if not may_manage(guild, member):
        raise GuildNotManagedError(facts.name)
    return facts


def _read_guild(client: DiscordClient, guild_id: int, pauses: tuple[float, ...]) -> dict[str, Any]:
    for pause in pauses:
        time.sleep(pause)
        try:
            return client.get_guild(guild_id)
        except DiscordRefusedError as error:
            if error.code != UNKNOWN_GUILD and error.status not in {403, 404}:
                raise
    raise InstallRefusedError(
        "The bot is not in that server (any more). Somebody may have removed it in the same minute. Add it again."
    )


@contextmanager
def asking_discord() -> Iterator[None]:
    """For a person who waits: what a job would try again later becomes one error that says so."""
    try:
        yield
    except (RetryLaterError, DiscordAwayError, DiscordRefusedError, BotTokenMissingError) as error:
        logger.warning("Discord could not be asked: %s", error)
        raise DiscordUnavailableError from error


def _withdraw(oauth: OAuthClient, grant: Grant, *, since: float) -> None:
    """Give the grant back, and leave a guild that is nobody's and that the bot joined for this alone. Never raises."""
    oauth.revoke(grant.access_token)
    guild_id = int(grant.guild["id"])
    with enter_schema(PUBLIC):
        if GuildLink.objects.filter(guild_id=guild_id).exclude(state=GuildLink.State.UNLINKED).exists():
            return
    try:
        client = get_client()
        joined = datetime.fromisoformat(client.get_member(guild_id, client.get_own_id())["joined_at"])
        if joined.timestamp() >= since:
            client.leave_guild(guild_id)
    except (RetryLaterError, DiscordAwayError, DiscordRefusedError, BotTokenMissingError) as error:
        logger.warning("The guild %s was not left after a refusal: %s", guild_id, error)
