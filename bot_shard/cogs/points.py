"""/points give|take and the member menu: moderators change points by hand, with a reason, once an interaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import discord
from discord import app_commands

from bot_shard.actors import actor_of
from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, Responder, name_of
from bot_shard.gateway import role_ids_of
from bot_shard.permissions import check_command
from engagement.audit.actor import Actor
from engagement.progression.services import (
    AdjustmentResult,
    adjust_points,
    ensure_member,
    undo_adjustment,
)
from saas.core.errors import InvalidInputError, NotAllowedError
from tenants.context import TenantContext

MOST = 1_000_000
SHOWN_TO = discord.Permissions(moderate_members=True)


@dataclass(frozen=True)
class Target:
    """Whose points change, as the interaction names them."""

    user_id: int
    name: str
    avatar_url: str = ""


def check_moderator(
    *, context: TenantContext, discord_id: int, permissions: int, role_ids: tuple[int, ...], refusal: str,
    action: str = "adjust_points",
) -> None:  # fmt: skip
    """Raises NotPermittedError."""
    check_command(
        action,
        context=context,
        discord_id=discord_id,
        permissions=permissions,
        role_ids=role_ids,
        refusal=refusal,
    )


def adjust(
    target: Target, *, amount: int, reason: str, actor: Actor, key: str, permissions: int, role_ids: tuple[int, ...], refusal: str,
    context: TenantContext,
) -> AdjustmentResult:  # fmt: skip
    check_moderator(
        context=context, discord_id=actor.id, permissions=permissions, role_ids=role_ids, refusal=refusal
    )
    member = ensure_member(
        provider=PROVIDER,
        external_id=str(target.user_id),
        display_name=target.name,
        avatar_url=target.avatar_url,
    )
    return adjust_points(
        member_id=member.pk, amount=amount, reason=reason, actor=actor, idempotency_key=key, context=context
    )


def undo(
    *,
    adjustment_id: int,
    actor: Actor,
    key: str,
    permissions: int,
    role_ids: tuple[int, ...],
    refusal: str,
    context: TenantContext,
) -> AdjustmentResult:
    check_moderator(
        context=context, discord_id=actor.id, permissions=permissions, role_ids=role_ids, refusal=refusal,
        action="undo_adjustment",
    )  # fmt: skip
    return undo_adjustment(adjustment_id=adjustment_id, actor=actor, idempotency_key=key, context=context)


class AwardForm(discord.ui.Modal):
    """What the member menu opens. It is answered by its id, so a restart in between does no harm."""

    def __init__(self, ask: Ask, user: discord.User | discord.Member) -> None:
        super().__init__(
            title=ask.say("award_form", name=user.display_name)[:45],
            custom_id=custom_id("award", user.id, user.display_name)[:100],
        )
        self.add_item(
            discord.ui.TextInput(
                label=ask.say("award_amount"), custom_id="amount", min_length=1, max_length=9
            )
        )
        self.add_item(
            discord.ui.TextInput(
                label=ask.say("award_reason"),
                custom_id="reason",
                style=discord.TextStyle.paragraph,
                min_length=1,
                max_length=300,
            )
        )


class PointsCog(DeskCog):
    points = app_commands.Group(
        name="points",
        description="Give or take points by hand, for moderators.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        default_permissions=SHOWN_TO,
    )

    @points.command(name="give", description="Give points to a member.")
    @app_commands.describe(member="To whom?", amount="How many?", reason="Why? The member will see it.")
    async def give(
        self, interaction: Interaction, member: discord.User, amount: app_commands.Range[int, 1, MOST],
        reason: app_commands.Range[str, 1, 300],
    ) -> None:  # fmt: skip
        await self._adjust(interaction, "points give", member, amount, reason)

    @points.command(name="take", description="Take points from a member.")
    @app_commands.describe(member="From whom?", amount="How many?", reason="Why? The member will see it.")
    async def take(
        self, interaction: Interaction, member: discord.User, amount: app_commands.Range[int, 1, MOST],
        reason: app_commands.Range[str, 1, 300],
    ) -> None:  # fmt: skip
        await self._adjust(interaction, "points take", member, -amount, reason)

    def menus(self) -> list[app_commands.ContextMenu]:
        menu = app_commands.ContextMenu(
            name="Give points",
            callback=self.award,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )
        menu.default_permissions = SHOWN_TO
        return [menu]

    def forms(self) -> Mapping[str, Responder]:
        return {"award": self.awarded}

    def buttons(self) -> Mapping[str, Responder]:
        return {"undo": self.undo}

    async def award(self, interaction: Interaction, user: discord.User) -> None:
        async def make(ask: Ask) -> discord.ui.Modal:
            self._check_target(ask, user)
            await ask.do(
                check_moderator, context=ask.context, discord_id=interaction.user.id,
                permissions=interaction.permissions.value, role_ids=role_ids_of(interaction.user), refusal=ask.say("not_moderator"),
            )  # fmt: skip
            return AwardForm(ask, user)

        await self.desk.open_form(interaction, "points give", make)

    async def awarded(
        self, interaction: Interaction, values: dict[str, str], user_id: str, *name: str
    ) -> None:
        target = Target(int(user_id), ":".join(name))

        async def work(ask: Ask) -> Answer:
            if target.user_id == interaction.user.id:
                raise NotAllowedError(ask.say("not_yourself"))
            amount = _whole_number(ask, values.get("amount", ""))
            return await self._book(ask, target, plain(target.name), amount, values.get("reason", ""))

        await self.desk.answer(interaction, "points give", work, writes=True)

    async def undo(self, interaction: Interaction, adjustment_id: str, *_: str) -> None:
        chosen = int(adjustment_id)

        async def work(ask: Ask) -> Answer:
            result = await ask.do(
                undo, adjustment_id=chosen, actor=actor_of(interaction), key=ask.key,
                permissions=interaction.permissions.value, role_ids=role_ids_of(interaction.user), refusal=ask.say("not_moderator"), context=ask.context,
            )  # fmt: skip
            return _result(ask, result, ask.say("undone", amount=ask.count(abs(result.amount))), "")

        await self.desk.answer(interaction, "points give", work, writes=True, updates=True)

    async def _adjust(
        self, interaction: Interaction, command: str, user: discord.User, amount: int, reason: str
    ) -> None:
        async def work(ask: Ask) -> Answer:
            self._check_target(ask, user)
            target = Target(user.id, user.display_name, user.display_avatar.url)
            return await self._book(ask, target, name_of(user), amount, reason)

        await self.desk.answer(interaction, command, work, writes=True)

    @staticmethod
    def _check_target(ask: Ask, user: discord.User | discord.Member) -> None:
        if user.bot:
            raise InvalidInputError(ask.say("is_bot", name=name_of(user)))
        if user.id == ask.interaction.user.id:
            raise NotAllowedError(ask.say("not_yourself"))

    async def _book(self, ask: Ask, target: Target, shown: str, amount: int, reason: str) -> Answer:
        result = await ask.do(
            adjust, target, amount=amount, reason=reason, actor=actor_of(ask.interaction), key=ask.key,
            permissions=ask.interaction.permissions.value, role_ids=role_ids_of(ask.interaction.user), refusal=ask.say("not_moderator"), context=ask.context,
        )  # fmt: skip
        said = ask.say("given" if amount > 0 else "taken", name=shown, amount=ask.count(abs(amount)))
        return _result(ask, result, said, reason)


def _result(ask: Ask, result: AdjustmentResult, said: str, reason: str) -> Answer:
    fields = [
        (
            ask.say("now"),
            ask.say(
                "adjusted_now",
                current=ask.number(result.current),
                lifetime=ask.number(result.lifetime),
                level=result.level,
            ),
        )
    ]
    if reason:
        fields.insert(0, (ask.say("reason"), plain(reason)))
    if result.debt:
        fields.append((ask.say("debt"), ask.say("profile_debt", debt=ask.count(result.debt))))
    return Answer(
        title=said,
        fields=fields,
        hint=ask.say("adjusted_hint", entry=result.entry_id),
        buttons=[Button(ask.say("undo"), custom_id("undo", result.adjustment_id))] if reason else [],
    )


def _whole_number(ask: Ask, text: str) -> int:
    cleaned = text.strip().replace("−", "-").replace(",", "").replace(" ", "").removeprefix("+")
    try:
        amount = int(cleaned)
    except ValueError:
        raise InvalidInputError(ask.say("award_amount_wrong", text=plain(text)), field="amount") from None
    if not 1 <= abs(amount) <= MOST:
        raise InvalidInputError(ask.say("award_amount_range", most=ask.number(MOST)), field="amount")
    return amount


async def setup(bot: Bot) -> None:
    await bot.add_cog(PointsCog(bot))
