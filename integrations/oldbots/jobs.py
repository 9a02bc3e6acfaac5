"""The jobs that ask over the network, on the queue of imports."""

from __future__ import annotations

from engagement.imports import words
from engagement.imports.errors import UnreadableFileError
from engagement.imports.parsers import parse_bot, settle
from engagement.imports.selectors import get_import
from engagement.imports.services import fail_reading, finish_reading, note_progress
from integrations.discord.client import get_client
from saas.core.crypto import BadSealError, unseal
from saas.events.jobs import job
from saas.events.retries import Backoff, PermanentJobError
from tenants.context import current_tenant
from tenants.selectors import get_context

from .errors import CancelledError, OldBotError
from .leaderboards import fetch_leaderboard
from .members import read_guild_levels
from .services import SEAL

QUEUE = "imports"
UNLINKED = "The Discord server is no longer linked, so nobody knows whose levels to ask for. Link it again, or upload a file."
_RETRY = Backoff(tries=3, first=5)


@job(queue=QUEUE, retry=_RETRY, lock="fetching imports")
def fetch_old_bot(*, tenant: str, import_id: int) -> None:
    """Read another bot's leaderboard. Nothing is kept before all of it was read, so a repeat begins afresh."""
    run, context = get_import(import_id=import_id), get_context(slug=current_tenant().slug)
    if run.state != words.READING:
        return
    if context.guild_id is None:
        fail_reading(import_id=import_id, problem=UNLINKED)
        return
    try:
        key = unseal(run.secret, purpose=SEAL) if run.secret else ""
        told = fetch_leaderboard(
            run.source, guild_id=context.guild_id, key=key, progress=lambda done: _go_on(import_id, done)
        )
        bot = settle(parse_bot(run.source, told, guild_id=context.guild_id), repeats="newest")
    except (OldBotError, UnreadableFileError, BadSealError) as error:
        fail_reading(import_id=import_id, problem=error.message)
    except CancelledError:
        return
    else:
        finish_reading(import_id=import_id, bot=bot)


@job(queue=QUEUE, retry=_RETRY, lock="fetching imports")
def read_roles(*, tenant: str, import_id: int) -> None:
    """Read the guild's members and the levels of their roles."""
    run, context = get_import(import_id=import_id), get_context(slug=current_tenant().slug)
    if run.state != words.READING:
        return
    if context.guild_id is None:
        fail_reading(import_id=import_id, problem=UNLINKED)
        return
    levels = {int(role): int(level) for role, level in run.mapping.items()}
    try:
        bot = read_guild_levels(
            get_client(),
            guild_id=context.guild_id,
            levels=levels,
            progress=lambda done: _go_on(import_id, done),
        )
    except (OldBotError, PermanentJobError) as error:
        fail_reading(import_id=import_id, problem=getattr(error, "message", str(error)))
    except CancelledError:
        return
    else:
        finish_reading(import_id=import_id, bot=settle(bot, repeats="newest"))


def _go_on(import_id: int, done: int) -> None:
    if not note_progress(import_id=import_id, done=done):
        raise CancelledError
