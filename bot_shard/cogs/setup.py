"""/setup channels|limit|show: where the bot's commands answer, and how often one member may ask. For who manages the
server. It answers everywhere itself, so that a channel that is gone locks nobody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot_shard.answers import Answer
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction
from bot_shard.who import Who, who_asks
from engagement.commands.selectors import CommandPolicy, get_command_policies
from engagement.commands.services import MAX_SECONDS, MAX_USES, change_command_policy
from saas.core.errors import InvalidInputError

MANAGE = discord.Permissions(manage_guild=True)


class WrittenIn(app_commands.Transformer):
    """A channel in which commands can be written: the picker offers no categories and no forums."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [
            discord.ChannelType.text,
            discord.ChannelType.news,
            discord.ChannelType.voice,
            discord.ChannelType.stage_voice,
        ]

    async def transform(self, interaction: Interaction, value: Any, /) -> Any:
        return value


CommandChannel = app_commands.Transform[app_commands.AppCommandChannel, WrittenIn]


@dataclass(frozen=True)
class Change:
    """What to set; None leaves it as it is."""

    command: str
    channel_ids: tuple[str, ...] | None = None
    uses: int | None = None
    seconds: int | None = None


def change_policy(change: Change, who: Who) -> CommandPolicy:
    """Raises NotPermittedError and what the service raises."""
    who.check("change_commands")
    return change_command_policy(
        actor=who.actor,
        command=change.command,
        channel_ids=change.channel_ids,
        uses=change.uses,
        seconds=change.seconds,
    )


def read_policies(who: Who) -> dict[str, CommandPolicy]:
    """Those that were set, the one for every command first."""
    who.check("change_commands")
    policies = get_command_policies()
    return {"": policies.policy_for("")} | dict(sorted(policies.by_command.items()))


class SetupCog(DeskCog):
    setup_group = app_commands.Group(
        name="setup",
        description="Where and how often my commands answer, for who manages the server.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        default_permissions=MANAGE,
    )

    @setup_group.command(
        name="channels", description="Where my commands answer. Without a channel: everywhere."
    )
    @app_commands.describe(
        channel="There, threads included.", second="And there.", third="And there.",
        command="Only this command. All commands when left out.",
    )  # fmt: skip
    async def channels(
        self, interaction: Interaction, channel: CommandChannel | None = None,
        second: CommandChannel | None = None, third: CommandChannel | None = None,
        command: str = "",
    ) -> None:  # fmt: skip
        chosen = tuple(str(each.id) for each in (channel, second, third) if each is not None)
        await self._change(interaction, Change(self._known(command), channel_ids=chosen), command)

    @setup_group.command(name="limit", description="How often one member may use my commands.")
    @app_commands.describe(
        uses="So many times …",
        seconds="… in so many seconds.",
        command="Only this command. All when left out.",
    )
    async def limit(
        self, interaction: Interaction, uses: app_commands.Range[int, 1, MAX_USES],
        seconds: app_commands.Range[int, 1, MAX_SECONDS], command: str = "",
    ) -> None:  # fmt: skip
        await self._change(interaction, Change(self._known(command), uses=uses, seconds=seconds), command)

    @setup_group.command(name="show", description="What is set up at the moment.")
    async def show(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            policies = await ask.do(read_policies, who_asks(ask))
            lines = [_line(ask, name, policy) for name, policy in policies.items()]
            return Answer(ask.say("setup_title"), text="\n".join(lines), hint=ask.say("setup_hint"))

        await self.desk.answer(interaction, "setup", find, anywhere=True)

    @channels.autocomplete("command")
    @limit.autocomplete("command")
    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        wanted = current.lower().lstrip("/")
        return [app_commands.Choice(name=f"/{name}", value=name) for name in self._names() if wanted in name][
            :25
        ]

    def _names(self) -> list[str]:
        """Commands that can be set up: single ones, groups, and those of groups."""
        commands = self.bot.tree.walk_commands()
        return sorted(row.qualified_name for row in commands if row.qualified_name.split(" ")[0] != "setup")

    def _known(self, command: str) -> str:
        """The command's own name, however it was typed; what nobody knows is refused in `_change`."""
        return " ".join(command.lower().lstrip("/").split())

    async def _change(self, interaction: Interaction, change: Change, typed: str) -> None:
        async def work(ask: Ask) -> Answer:
            if change.command and change.command not in self._names():
                raise InvalidInputError(ask.say("setup_unknown", command=typed[:60]), field="command")
            policy = await ask.do(change_policy, change, who_asks(ask))
            self.desk.forget_policies(ask.context)
            return Answer(
                ask.say("setup_done"), text=_line(ask, change.command, policy), hint=ask.say("setup_hint")
            )

        await self.desk.answer(interaction, "setup", work, writes=True, anywhere=True)


def _line(ask: Ask, command: str, policy: CommandPolicy) -> str:
    name = f"`/{command}`" if command else ask.say("setup_every")
    places = " ".join(f"<#{channel_id}>" for channel_id in sorted(policy.channel_ids))
    return ask.say(
        "setup_line", command=name, places=places or ask.say("setup_everywhere"), uses=policy.uses,
        seconds=policy.seconds,
    )  # fmt: skip


async def setup(bot: Bot) -> None:
    await bot.add_cog(SetupCog(bot))
