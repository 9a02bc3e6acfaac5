"""Fetching levels over the network: begun by an organiser, done by jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.imports import words
from engagement.imports.errors import InvalidImportError
from engagement.imports.models import ImportRun
from engagement.imports.selectors import get_import
from engagement.imports.services import begin_reading, note_rewards
from integrations.discord.client import get_client
from integrations.discord.errors import DiscordAwayError, DiscordRefusedError
from integrations.discord.hierarchy import GuildRole, Standing
from integrations.discord.roles import add_level_role, get_standing
from saas.core.crypto import seal
from saas.core.errors import UnavailableError
from saas.events.jobs import defer
from saas.events.retries import PermanentJobError, RetryLaterError
from tenants.context import TenantContext

SEAL: Final = "import key"
MAX_KEY: Final = 200
MAX_ROLES: Final = 250  # as many as a guild can have


@dataclass(frozen=True, slots=True)
class RoleReward:
    """A level role of the old bot. `problem` says why we could not give it, with the fix; empty when we can."""

    role_id: int
    name: str
    level: int
    keep: str
    problem: str
    accepted: bool


@transaction.atomic
def fetch_import(*, import_id: int, key: str = "", context: TenantContext) -> ImportRun:
    """Have a job read the bot's leaderboard over the network. `key` is the bot's API key, for Amari and Tatsu; it is sealed
    and forgotten once used. Raises ImportNotFoundError, ImportStateError, InvalidImportError."""
    run = get_import(import_id=import_id)
    if run.source not in words.FETCHED or run.source == words.ROLES:
        raise InvalidImportError(f"{run.source_name} has no address that could be asked. Upload its file.")
    _check_linked(context)
    key = key.strip()
    if run.source in words.WITH_KEY and (
        not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable()
    ):
        raise InvalidImportError(f"{run.source_name} asks for an API key. Paste yours, whole.", field="key")
    from .jobs import fetch_old_bot

    run = begin_reading(import_id=import_id, secret=seal(key, purpose=SEAL) if key else "")
    defer(fetch_old_bot, tenant=context.schema, import_id=import_id)
    return run


@transaction.atomic
def infer_from_roles(*, import_id: int, levels: Mapping[int, int], context: TenantContext) -> ImportRun:
    """Have a job give each member of the guild the level of their highest mapped role; `levels` maps role id to level. Raises
    ImportNotFoundError, ImportStateError, InvalidImportError."""
    run = get_import(import_id=import_id)
    if run.source != words.ROLES:
        raise InvalidImportError("Roles stand for levels only in an import from Discord roles.")
    _check_linked(context)
    if not levels or len(levels) > MAX_ROLES:
        raise InvalidImportError("Say of at least one role which level it stands for.", field="levels")
    wrong = next((level for level in levels.values() if not 1 <= level <= 1_000), None)
    if wrong is not None:
        raise InvalidImportError(f"A role stands for a level from 1 to 1,000, not {wrong}.", field="levels")
    from .jobs import read_roles

    run = begin_reading(import_id=import_id, mapping={str(role): level for role, level in levels.items()})
    defer(read_roles, tenant=context.schema, import_id=import_id)
    return run


def list_guild_roles(*, context: TenantContext) -> list[GuildRole]:
    """The linked guild's roles, highest first, without @everyone and those of bots. Raises InvalidImportError,
    UnavailableError."""
    standing = _ask_standing(context)
    roles = [role for role in standing.roles.values() if role.id != standing.guild_id and not role.managed]
    return sorted(roles, key=lambda role: (-role.position, role.id))


def list_rewards(*, run: ImportRun, context: TenantContext) -> list[RoleReward]:
    """The old bot's level roles by level, with their names in the guild and what stands in our way. Raises InvalidImportError,
    UnavailableError."""
    if not run.role_rewards:
        return []
    standing = _ask_standing(context)
    return sorted(
        (_describe(reward, standing) for reward in run.role_rewards), key=lambda one: (one.level, one.role_id)
    )


def accept_rewards(
    *, import_id: int, role_ids: Sequence[int], actor: Actor, context: TenantContext
) -> list[RoleReward]:
    """These of the old bot's level roles are given by us from now on; those that we could not give are left out and answered.

    Members get them by the sweep, and only once the community is live. Idempotent. Raises ImportNotFoundError,
    InvalidImportError, BadLevelRoleError, UnavailableError.
    """
    run = get_import(import_id=import_id)
    chosen = [one for one in list_rewards(run=run, context=context) if one.role_id in set(role_ids)]
    able = [one for one in chosen if not one.problem]
    with transaction.atomic():
        for one in able:
            add_level_role(level=one.level, role_id=one.role_id, keep=one.keep, actor=actor)
        note_rewards(import_id=import_id, accepted=[one.role_id for one in able])
    return [one for one in chosen if one.problem]


def _describe(reward: Mapping[str, Any], standing: Standing) -> RoleReward:
    role_id = int(reward["role_id"])
    role = standing.roles.get(role_id)
    return RoleReward(
        role_id,
        role.name if role is not None else "A role that is gone",
        int(reward["level"]),
        str(reward["keep"]),
        standing.find_problem(role_id) or "",
        bool(reward["accepted"]),
    )


def _check_linked(context: TenantContext) -> None:
    if context.guild_id is None:
        raise InvalidImportError(
            "No Discord server is linked, so nobody knows whose levels to ask for. Link yours, or upload a file."
        )


def _ask_standing(context: TenantContext) -> Standing:
    _check_linked(context)
    assert context.guild_id is not None
    try:
        return get_standing(get_client(), context.guild_id)
    except (DiscordAwayError, RetryLaterError) as error:
        raise UnavailableError("Discord does not answer at the moment. Try again in a minute.") from error
    except (DiscordRefusedError, PermanentJobError) as error:
        raise UnavailableError(
            "Discord does not let the bot see your server's roles. Is it still in the server? Add it again, then reload."
        ) from error
