"""Every write of the bot's command settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit

from .errors import InvalidCommandSettingError
from .models import CommandSetting
from .selectors import DEFAULT_SECONDS, DEFAULT_USES, EVERY_COMMAND, CommandPolicy, get_command_policies

_FIELDS: Final = ("channel_ids", "uses", "seconds", "enabled")
MAX_CHANNELS: Final = 100
MAX_USES: Final = 100
MAX_SECONDS: Final = 86_400


@transaction.atomic
def set_command_policy(
    *,
    actor: Actor,
    command: str = EVERY_COMMAND,
    channel_ids: Sequence[str | int] = (),
    uses: int = DEFAULT_USES,
    seconds: int = DEFAULT_SECONDS,
    enabled: bool = True,
) -> CommandPolicy:
    """Say where a command answers, if at all, and that one member may use it `uses` times in `seconds` seconds.

    Without `command` it holds for every command that has no policy of its own. Idempotent. Raises
    InvalidCommandSettingError.
    """
    channels = sorted({str(channel_id) for channel_id in channel_ids})
    if len(command) > 60:
        raise InvalidCommandSettingError(
            f"No command has a name of {len(command)} characters.", field="command"
        )
    if len(channels) > MAX_CHANNELS or not all(channel.isdecimal() for channel in channels):
        raise InvalidCommandSettingError(
            f"Choose at most {MAX_CHANNELS} channels, each by its Discord id.", field="channel_ids"
        )
    if not 1 <= uses <= MAX_USES:
        raise InvalidCommandSettingError(
            f"Allow 1 to {MAX_USES} uses; {uses} is outside of that.", field="uses"
        )
    if not 1 <= seconds <= MAX_SECONDS:
        raise InvalidCommandSettingError(
            f"Choose 1 second to a day ({MAX_SECONDS} seconds); {seconds} is outside of that.",
            field="seconds",
        )
    before = CommandSetting.objects.filter(command=command).values(*_FIELDS).first()
    after = {"channel_ids": channels, "uses": uses, "seconds": seconds, "enabled": enabled}
    CommandSetting.objects.update_or_create(command=command, defaults=after)
    if before != after:
        _record(actor, command, before, after)
    return CommandPolicy(frozenset(channels), uses, seconds, enabled)


@transaction.atomic
def change_command_policy(
    *,
    actor: Actor,
    command: str = EVERY_COMMAND,
    channel_ids: Sequence[str | int] | None = None,
    uses: int | None = None,
    seconds: int | None = None,
    enabled: bool | None = None,
) -> CommandPolicy:
    """As `set_command_policy`; what is None stays as it is in force for the command now.

    Two who change one command's channels and limit at the same moment: the later one wins. Raises InvalidCommandSettingError.
    """
    now = get_command_policies().policy_for(command)
    return set_command_policy(
        actor=actor,
        command=command,
        channel_ids=sorted(now.channel_ids) if channel_ids is None else channel_ids,
        uses=now.uses if uses is None else uses,
        seconds=now.seconds if seconds is None else seconds,
        enabled=now.enabled if enabled is None else enabled,
    )


@transaction.atomic
def clear_command_policy(*, actor: Actor, command: str = EVERY_COMMAND) -> None:
    """Let the command follow the policy of every command again, or that the defaults. Idempotent."""
    before = CommandSetting.objects.filter(command=command).values(*_FIELDS).first()
    if before is not None:
        CommandSetting.objects.filter(command=command).delete()
        _record(actor, command, before, None)


def _record(
    actor: Actor, command: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    record_audit(
        actor=actor,
        action="commands.changed",
        target_kind="command",
        target_id=command,
        target_name=f"/{command}" if command else "every command",
        before=before,
        after=after,
    )
