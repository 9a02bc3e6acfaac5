"""`manage.py bot_settings <community> channels|limit|clear|list`: where and how often the bot's commands answer.

bot_settings acme channels all 1234 5678          every command, in those channels and their threads; without one: everywhere
bot_settings acme limit "points give" --uses 3 --seconds 10
bot_settings acme limit all --per-minute 20       for each member
bot_settings acme clear earn                      earn follows the others again

A command with settings of its own follows them alone; one without follows its group's (points), then those of all.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from bot_shard.permissions import COMMANDS
from engagement.commands.selectors import EVERY_COMMAND, CommandPolicy, get_command_policies
from engagement.commands.services import change_command_policy, clear_command_policy
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.context import enter_tenant
from tenants.selectors import get_context

ALL: Final = "all"
MINUTE: Final = 60  # seconds


class Command(BaseCommand):
    help = "Sets in which channels the bot's commands answer and how often one member may use them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        actions = parser.add_subparsers(dest="action", required=True, metavar="channels|limit|clear|list")
        channels = actions.add_parser(
            "channels", help="Where commands answer; without a channel: everywhere."
        )
        channels.add_argument("command", help="Such as earn, “points give”, points for its group, or all.")
        channels.add_argument("channels", nargs="*", metavar="CHANNEL_ID")
        limit = actions.add_parser("limit", help="How often one member may use a command.")
        limit.add_argument("command")
        limit.add_argument("--per-minute", type=int, metavar="N", help="The same as --uses N --seconds 60.")
        limit.add_argument("--uses", type=int, metavar="N")
        limit.add_argument("--seconds", type=int, metavar="N")
        clear = actions.add_parser("clear", help="Take away a command's settings, or those of all.")
        clear.add_argument("command")
        listing = actions.add_parser("list", help="What is set.")
        for action in (channels, limit, clear, listing):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, slug: str, action: str, **options: Any) -> None:
        try:
            with enter_tenant(get_context(slug=slug)):
                getattr(self, f"_{action}")(options)
                policies = _list_policies()
        except EngageHubError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps([_describe(name, policy) for name, policy in policies.items()]))
            return
        for name, policy in policies.items():
            self.stdout.write(_line(name, policy))
        if action != "list":
            self.stdout.write("The bot follows within ten seconds.")

    def _channels(self, options: dict[str, Any]) -> None:
        change_command_policy(
            actor=command_actor("bot_settings"),
            command=_named(options["command"]),
            channel_ids=options["channels"],
        )

    def _limit(self, options: dict[str, Any]) -> None:
        uses, seconds = options["uses"], options["seconds"]
        if options["per_minute"] is not None:
            if uses is not None or seconds is not None:
                raise CommandError("Give either --per-minute or --uses and --seconds.")
            uses, seconds = options["per_minute"], MINUTE
        if uses is None and seconds is None:
            raise CommandError("Say how often: --per-minute 20, or --uses 3 --seconds 10.")
        change_command_policy(
            actor=command_actor("bot_settings"),
            command=_named(options["command"]),
            uses=uses,
            seconds=seconds,
        )

    def _clear(self, options: dict[str, Any]) -> None:
        clear_command_policy(actor=command_actor("bot_settings"), command=_named(options["command"]))

    def _list(self, options: dict[str, Any]) -> None:
        """Every action ends with the list."""


def _named(typed: str) -> str:
    """The command's own name, however it was typed; empty for all. Raises CommandError."""
    name = " ".join(typed.lower().lstrip("/").split())
    if name == ALL:
        return EVERY_COMMAND
    known = _list_names()
    if name not in known:
        raise CommandError(
            f"The bot has no command {typed!r:.60} to set up. There are: all, {', '.join(known)}."
        )
    return name


def _list_names() -> list[str]:
    """Slash commands and their groups. Menus follow the command that they stand for, and /setup answers everywhere."""
    slash = {name for name in COMMANDS if name.islower() and name.split(" ")[0] != "setup"}
    return sorted(slash | {name.split(" ")[0] for name in slash})


def _list_policies() -> dict[str, CommandPolicy]:
    """That of every command first, as it is in force, then those that were set."""
    policies = get_command_policies()
    return {EVERY_COMMAND: policies.policy_for(EVERY_COMMAND)} | dict(sorted(policies.by_command.items()))


def _line(name: str, policy: CommandPolicy) -> str:
    where = f"in {', '.join(sorted(policy.channel_ids))}" if policy.channel_ids else "everywhere"
    off = "" if policy.enabled else ", switched off"
    return f"{f'/{name}' if name else ALL}: {where}, {policy.uses} uses in {policy.seconds} seconds a member{off}"


def _describe(name: str, policy: CommandPolicy) -> dict[str, Any]:
    return {
        "command": name or ALL,
        "channel_ids": sorted(policy.channel_ids),
        "uses": policy.uses,
        "seconds": policy.seconds,
    }
