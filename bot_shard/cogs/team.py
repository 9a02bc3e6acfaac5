"""/member info: what the dashboard says of a member, in short, for the moderators' eyes."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import app_commands

from bot_shard.answers import Answer, Button, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, name_of, relative
from bot_shard.who import Who, who_asks
from engagement.analytics.selectors import HistoryLine, list_entries
from engagement.analytics.team_view import MemberSheet, get_member_sheet
from engagement.members.models import Visibility
from engagement.members.selectors import find_member
from tenants.tickets import get_tenant_address

BY_HAND = ("adjustment", "undo")
SHOWN = 3
REASON = 60


@dataclass(frozen=True)
class MemberInfo:
    """`by_hand` are the newest entries that a person made."""

    sheet: MemberSheet
    by_hand: tuple[HistoryLine, ...]


def read_info(who: Who, user_id: int, language: str) -> MemberInfo | None:
    """None for who was never seen here; deleted members too. Raises NotPermittedError."""
    who.check("manage_members")
    member = find_member(provider=PROVIDER, external_id=str(user_id), with_deleted=True)
    if member is None:
        return None
    lines = list_entries(member_id=member.pk, kinds=BY_HAND, limit=SHOWN, language=language)
    return MemberInfo(get_member_sheet(member_id=member.pk), tuple(lines))


class TeamCog(DeskCog):
    member = app_commands.Group(
        name="member",
        description="What the team knows of a member, for moderators.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        default_permissions=discord.Permissions(moderate_members=True),
    )

    @member.command(name="info", description="A member as the dashboard shows them, in short.")
    @app_commands.describe(member="Whom?")
    async def info(self, interaction: Interaction, member: discord.User) -> None:
        async def find(ask: Ask) -> Answer:
            found = await ask.do(read_info, who_asks(ask), member.id, ask.language)
            if member.bot:
                return Answer(ask.say("is_bot", name=name_of(member)))
            if found is None:
                return Answer(
                    ask.say("info_unknown", name=name_of(member)), hint=ask.say("info_unknown_hint")
                )
            return show_info(ask, found)

        await self.desk.answer(interaction, "member info", find)


def show_info(ask: Ask, info: MemberInfo) -> Answer:
    sheet = info.sheet
    page = f"{get_tenant_address(ask.context.slug)}/dashboard/members/{sheet.member.pk}/"
    return Answer(
        title=plain(sheet.member.display_name),
        text="\n".join(_states(ask, sheet)),
        fields=[
            (ask.say("info_seen"), _seen(ask, sheet)),
            (ask.points.capitalize(), _points(ask, sheet)),
            (
                ask.say("info_by_hand"),
                "\n".join(_entry(ask, line) for line in info.by_hand) or ask.say("info_no_entries"),
            ),
        ],
        hint=ask.say("info_hint"),
        buttons=[Button(ask.say("info_page"), url=page)],
    )


def _states(ask: Ask, sheet: MemberSheet) -> list[str]:
    """What makes this member different from others; nothing for most."""
    member = sheet.member
    lines = []
    if member.deleted_at is not None:
        lines.append(ask.say("info_deleted", when=relative(member.deleted_at)))
    elif member.departed_at is not None:
        lines.append(ask.say("info_departed", when=relative(member.departed_at)))
    if member.visibility == Visibility.HIDDEN:
        lines.append(ask.say("info_hidden"))
    elif member.visibility == Visibility.ALIAS:
        lines.append(ask.say("info_alias", alias=plain(member.alias)))
    if sheet.type_name:
        lines.append(ask.say("info_type", type=plain(sheet.type_name)))
    return lines


def _seen(ask: Ask, sheet: MemberSheet) -> str:
    member = sheet.member
    joined = (
        ask.say("info_joined", when=relative(member.joined_at))
        if member.joined_at is not None
        else ask.say("info_first_seen", when=relative(member.created_at))
    )
    if sheet.last_active_at is None:
        return f"{joined}\n{ask.say('info_never_active')}"
    return f"{joined}\n{ask.say('info_active', when=relative(sheet.last_active_at))}"


def _points(ask: Ask, sheet: MemberSheet) -> str:
    sums = ask.say("profile_points", current=ask.number(sheet.current), lifetime=ask.number(sheet.lifetime))
    lines = [ask.say("card_level", level=sheet.level), sums]
    if sheet.debt:
        lines.append(ask.say("info_debt", debt=ask.number(sheet.debt)))
    return "\n".join(lines)


def _entry(ask: Ask, line: HistoryLine) -> str:
    reason = line.detail if len(line.detail) <= REASON else f"{line.detail[: REASON - 1]}…"
    return f"{ask.signed(line.amount)} · {plain(line.title)} — {plain(reason)} · {relative(line.created_at)}"


async def setup(bot: Bot) -> None:
    await bot.add_cog(TeamCog(bot))
