"""/setup: where the bot's commands answer, how often one member may ask, where level-ups are told and the team is asked, and
whether the bot can work here. For who manages the server. It answers everywhere itself, so that a channel that is gone locks nobody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot_shard.answers import Answer
from bot_shard.bot import Bot
from bot_shard.checkup import read_findings, show_findings
from bot_shard.cog import Ask, DeskCog, Interaction
from bot_shard.who import Who, who_asks
from engagement.commands.selectors import CommandPolicy, get_command_policies
from engagement.commands.services import MAX_SECONDS, MAX_USES, change_command_policy
from engagement.notifications.models import LevelUp
from engagement.notifications.services import set_level_announcements, set_team_channel
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


class ToldIn(WrittenIn):
    """Where announcements can be posted: the same choice as on the dashboard's page."""

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news]


AnnouncementChannel = app_commands.Transform[app_commands.AppCommandChannel, ToldIn]
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


@dataclass(frozen=True)
class Told:
    """Where level-ups are told now."""

    level_up: str
    channel_id: int | None


def change_announcements(who: Who, *, where: str, channel_id: int | None) -> Told:
    """Safe to repeat. Raises NotPermittedError and what the service raises."""
    who.check("change_announcements")
    row = set_level_announcements(level_up=where, channel_id=channel_id, actor=who.actor)
    return Told(row.level_up, row.channel_id)


def change_team_channel(who: Who, *, channel_id: int | None) -> int | None:
    """Safe to repeat. Raises NotPermittedError and what the service raises."""
    who.check("change_announcements")
    return set_team_channel(channel_id=channel_id, actor=who.actor).team_channel_id


class SetupCog(DeskCog):
    setup_group = app_commands.Group(
        name="setup",
        description="How I work here, for who manages the server.",
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

    @setup_group.command(
        name="check", description="What stands in my way in this server, and how to mend it."
    )
    async def check(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return show_findings(ask, await ask.do(read_findings, who_asks(ask)))

        await self.desk.answer(interaction, "setup", find, anywhere=True)

    @setup_group.command(name="announcements", description="Where level-ups are told.")
    @app_commands.describe(
        where="In a channel, to the member alone, or not at all?",
        channel="Which channel? Where the deed was done when left out.",
    )
    @app_commands.choices(
        where=[
            app_commands.Choice(name="In a channel", value=LevelUp.CHANNEL.value),
            app_commands.Choice(name="To the member alone", value=LevelUp.DM.value),
            app_commands.Choice(name="Not at all", value=LevelUp.OFF.value),
        ]
    )
    async def announcements(
        self, interaction: Interaction, where: str, channel: AnnouncementChannel | None = None
    ) -> None:
        channel_id = None if channel is None else channel.id

        async def work(ask: Ask) -> Answer:
            if channel_id is not None and where != LevelUp.CHANNEL:
                raise InvalidInputError(ask.say("tell_no_channel"), field="channel")
            told = await ask.do(change_announcements, who_asks(ask), where=where, channel_id=channel_id)
            lines = [_told(ask, told), *([] if ask.context.live else [ask.say("tell_shadow")])]
            hint = ask.say("tell_hint") if told.level_up == LevelUp.CHANNEL else ""
            return Answer(ask.say("setup_done"), text="\n".join(lines), hint=hint)

        await self.desk.answer(interaction, "setup", work, writes=True, anywhere=True)

    @setup_group.command(
        name="team",
        description="Where the team is asked to decide. Without a channel: on the dashboard alone.",
    )
    @app_commands.describe(channel="A channel that only the team can read.")
    async def team(self, interaction: Interaction, channel: AnnouncementChannel | None = None) -> None:
        channel_id = None if channel is None else channel.id

        async def work(ask: Ask) -> Answer:
            told = await ask.do(change_team_channel, who_asks(ask), channel_id=channel_id)
            text = ask.say("team_nowhere") if told is None else ask.say("team_here", channel=f"<#{told}>")
            lines = [text, *([] if ask.context.live else [ask.say("tell_shadow")])]
            return Answer(ask.say("setup_done"), text="\n".join(lines), hint=ask.say("tell_hint"))

        await self.desk.answer(interaction, "setup", work, writes=True, anywhere=True)

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


def _told(ask: Ask, told: Told) -> str:
    if told.channel_id is not None:
        return ask.say("tell_channel", channel=f"<#{told.channel_id}>")
    return ask.say("tell_where" if told.level_up == LevelUp.CHANNEL else f"tell_{told.level_up}")


def _line(ask: Ask, command: str, policy: CommandPolicy) -> str:
    name = f"`/{command}`" if command else ask.say("setup_every")
    places = " ".join(f"<#{channel_id}>" for channel_id in sorted(policy.channel_ids))
    return ask.say(
        "setup_line", command=name, places=places or ask.say("setup_everywhere"), uses=policy.uses,
        seconds=policy.seconds,
    )  # fmt: skip


async def setup(bot: Bot) -> None:
    await bot.add_cog(SetupCog(bot))
