"""Reads of the bot's command settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .models import CommandSetting

EVERY_COMMAND: Final = ""
DEFAULT_USES: Final = 5
DEFAULT_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """Where a command answers (nowhere named: everywhere), and how often one member may use it."""

    channel_ids: frozenset[str] = frozenset()
    uses: int = DEFAULT_USES
    seconds: int = DEFAULT_SECONDS
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class CommandPolicies:
    """All of a community's policies, read with one query."""

    by_command: dict[str, CommandPolicy]

    def policy_for(self, command: str) -> CommandPolicy:
        """That of the command, else of its group, else of every command, else the defaults."""
        for name in (command, command.split(" ")[0], EVERY_COMMAND):
            if name in self.by_command:
                return self.by_command[name]
        return CommandPolicy()


def get_command_policies() -> CommandPolicies:
    """Where and how often each command answers in the tenant in hand. One query."""
    return CommandPolicies(
        {
            row.command: CommandPolicy(
                frozenset(map(str, row.channel_ids)), row.uses, row.seconds, row.enabled
            )
            for row in CommandSetting.objects.all()
        }
    )
