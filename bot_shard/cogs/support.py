"""/support shows what one can support the community with, and one's own support with its dates. Paying is for the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from discord import app_commands

from billing.income.models import PayoutAccount
from bot_shard.answers import Answer, Button, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, member_of
from bot_shard.money import write_money
from bot_shard.who import Who, who_asks
from engagement.supporters.models import Supporter, SupporterTier, SupportState
from engagement.supporters.selectors import SupportView, get_support, list_tiers
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.gates import is_open, require_open
from tenants.tickets import get_member_link

GATE: Final = "supporters"
MAX_WORDS: Final = 160  # of a tier's description


@dataclass(frozen=True)
class Support:
    """`own` is the one that runs, or None. `link` opens the page as whoever asks."""

    tiers: list[SupporterTier]
    own: SupportView | None
    link: str


def read_support(who: Who) -> Support:
    """What is on sale while it can be bought, and one's own. Raises GateClosedError for who has nothing of their own."""
    who.check("support_community")
    member = member_of(who.discord_id)
    own = None if member is None else get_support(member_id=member.pk)
    if own is not None and own.supporter.state == SupportState.ENDED:
        own = None
    entitlements = who.context.entitlements
    if own is None:
        require_open(GATE, entitlements, clock.now())
    sells = is_open(GATE, entitlements, clock.now()) and _can_sell(who)
    tiers = [one.tier for one in list_tiers(on_sale_only=True)] if sells else []
    link = get_member_link(
        who.context, provider=PROVIDER, external_id=str(who.discord_id), next_path="/support/"
    )
    return Support(tiers, own, link)


def _can_sell(who: Who) -> bool:
    """Asked of the row itself: what else there is about it calls Stripe, which the bot never does."""
    with enter_schema(PUBLIC):
        standing = PayoutAccount.objects.filter(
            tenant_id=who.context.tenant_id, state=PayoutAccount.State.STANDING
        ).first()
        return standing is not None and standing.can_sell


class SupportCog(DeskCog):
    @app_commands.command(
        name="support", description="What you can support this community with, and your own support."
    )
    @app_commands.guild_only()
    async def support(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return show_support(ask, await ask.do(read_support, who_asks(ask)))

        await self.desk.answer(interaction, "support", find)


def show_support(ask: Ask, found: Support) -> Answer:
    buttons = [Button(ask.say("support_open"), url=found.link)]
    if found.own is None and not found.tiers:
        return Answer(ask.say("support_nothing"), buttons=buttons)
    lines = [_line(ask, tier) for tier in found.tiers]
    if found.own is None:
        title, text = ask.say("support_title", community=plain(ask.context.name)), lines
    else:
        title = ask.say("support_yours", tier=plain(found.own.tier.name))
        text = [_standing(ask, found.own), "", *lines] if len(lines) > 1 else [_standing(ask, found.own)]
    return Answer(title, text="\n".join(text), hint=ask.say("support_hint"), buttons=buttons)


def _line(ask: Ask, tier: SupporterTier) -> str:
    words = plain(" ".join(tier.description.split()))[:MAX_WORDS]
    price = ask.say(
        f"support_each_{tier.interval}", amount=write_money(ask.language, tier.amount, tier.currency)
    )
    return f"**{plain(tier.name)}** · {price}" + (f"\n{words}" if words else "")


def _standing(ask: Ask, own: SupportView) -> str:
    """The price that was agreed, and what comes next on which day; Discord writes days in the reader's own zone."""
    row: Supporter = own.supporter
    if row.state == SupportState.LATE:
        until = own.grace_ends_at
        return (
            ask.say("support_late", until=_day(until)) if until is not None else ask.say("support_late_now")
        )
    if row.cancel_at is not None:
        return ask.say("support_ends", until=_day(row.cancel_at))
    price = ask.say(
        f"support_each_{row.interval}", amount=write_money(ask.language, row.amount, row.currency)
    )
    if row.period_end is None:
        return price
    if row.next_tier is not None:
        then = ask.say(
            f"support_each_{row.interval}", amount=write_money(ask.language, row.next_amount, row.currency)
        )
        tier = plain(row.next_tier.name)
        return ask.say("support_then", price=price, when=_day(row.period_end), tier=tier, then=then)
    return ask.say("support_next", price=price, when=_day(row.period_end))


def _day(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:D>"


async def setup(bot: Bot) -> None:
    await bot.add_cog(SupportCog(bot))
