"""/shop shows what there is for points, /redeem takes one of it: what it costs and leaves is shown first, one press redeems once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from bot_shard.answers import MAX_CHOICES, MAX_LABEL, Answer, Button, Choice, Menu, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, Responder, member_of, relative
from bot_shard.looking import is_waiting, say_nothing_yet
from bot_shard.relaying import relay
from bot_shard.who import Who, who_asks
from engagement.ledger.models import POINTS
from engagement.ledger.moving import get_spendable
from engagement.rewards.errors import RewardNotFoundError
from engagement.rewards.impressions import count_opened, count_seen
from engagement.rewards.models import Redemption, RedemptionState
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.selectors import ShopItem, get_shop_item, list_shop
from engagement.rewards.states import needs_team
from saas.core.errors import NotFoundError
from tenants.context import TenantContext
from tenants.tickets import get_member_link

LINES: Final = 8  # of a page
MAX_TYPED: Final = 40  # it travels in a button's id
MAX_WORDS: Final = 600  # of a reward's description
FEW: Final = 10  # so many left are said
CHOSEN: Final = "#"  # before the number of what was chosen while typing
Place = tuple[int, int]


@dataclass(frozen=True)
class Shelf:
    """A page of the shop. `spendable` is None for who is no member yet; `link` opens the shop as them."""

    items: list[ShopItem]
    spendable: int | None
    following: Place | None
    link: str


@dataclass(frozen=True)
class Offer:
    """One reward as whoever asks can have it. `waits`: the team looks at it first."""

    item: ShopItem
    spendable: int | None
    waits: bool
    link: str


@dataclass(frozen=True)
class Redeemed:
    """What came of it. `repriced`: it costs something else than was shown, and nothing was done."""

    offer: Offer | None = None
    redemption: Redemption | None = None
    left: int = 0
    link: str = ""
    repriced: bool = False
    nobody: bool = False
    waits_for_room: bool = False


def read_shelf(who: Who, *, text: str, after: Place | None) -> Shelf:
    who.check("view_shop")
    member = member_of(who.discord_id)
    found = list_shop(
        member_id=None if member is None else member.pk,
        context=who.context,
        search=text,
        after=after,
        limit=LINES + 1,
    )
    items = found[:LINES]
    count_seen(context=who.context, reward_ids=[item.id for item in items])
    return Shelf(
        items,
        None if member is None else get_spendable(member_id=member.pk, currency=POINTS),
        items[-1].place if len(found) > LINES else None,
        link_of(who, "/shop/"),
    )


def read_offer(who: Who, *, reward_id: int) -> Offer:
    """Raises RewardNotFoundError."""
    who.check("view_shop")
    member = member_of(who.discord_id)
    item = get_shop_item(
        reward_id=reward_id, member_id=None if member is None else member.pk, context=who.context
    )
    count_opened(context=who.context, reward_id=item.id)
    spendable = None if member is None else get_spendable(member_id=member.pk, currency=POINTS)
    return Offer(item, spendable, needs_team(item.reward), link_of(who, f"/shop/{item.id}/"))


def find_offer(who: Who, *, typed: str) -> Offer | None:
    """What was chosen while typing, or the reward of just that name; None where there is none."""
    number = typed.removeprefix(CHOSEN)
    if typed.startswith(CHOSEN) and number.isascii() and number.isdecimal() and len(number) < 10:
        try:
            return read_offer(who, reward_id=int(number))
        except RewardNotFoundError:
            return None
    found = list_shop(member_id=None, context=who.context, search=typed, limit=MAX_CHOICES)
    named = [one for one in found if one.reward.name.casefold() == typed.strip().casefold()]
    chosen = named or (found if len(found) == 1 else [])
    return read_offer(who, reward_id=chosen[0].id) if chosen else None


def suggest_rewards(
    context: TenantContext, user_id: int, *, typed: str, points_name: str
) -> list[tuple[str, str]]:
    """(what is shown, what is sent): what the member can have first."""
    member = member_of(user_id)
    found = list_shop(
        member_id=None if member is None else member.pk,
        context=context,
        search=typed.removeprefix(CHOSEN),
        limit=MAX_CHOICES,
    )
    found.sort(key=lambda one: (not one.can_redeem, one.missing))
    return [
        (f"{one.reward.name[:70]} · {one.reward.price:,} {points_name}", f"{CHOSEN}{one.id}") for one in found
    ]


def redeem(who: Who, *, reward_id: int, price: int, key: str) -> Redeemed:
    """Raises what the service raises."""
    who.check("redeem_rewards")
    member = member_of(who.discord_id)
    if member is None:
        return Redeemed(nobody=True)
    if is_waiting(who.discord_id):
        return Redeemed(nobody=True, waits_for_room=True)
    made = Redemption.objects.filter(key=key, member_id=member.pk).first()  # pressed before the price changed
    if made is None and (offer := read_offer(who, reward_id=reward_id)).item.reward.price != price:
        return Redeemed(offer=offer, repriced=True)
    made = redeem_reward(
        context=who.context, member_id=member.pk, reward_id=reward_id, key=key, via="bot", actor=who.actor
    )
    return Redeemed(
        redemption=made,
        left=get_spendable(member_id=member.pk, currency=POINTS),
        link=link_of(who, f"/redemptions/{made.pk}/"),
    )


def link_of(who: Who, path: str) -> str:
    """The page, opened as whoever asks."""
    return get_member_link(who.context, provider=PROVIDER, external_id=str(who.discord_id), next_path=path)


class ShopCog(DeskCog):
    @app_commands.command(name="shop", description="What there is for your points.")
    @app_commands.describe(search="Only what has these words.")
    @app_commands.guild_only()
    async def shop(
        self, interaction: Interaction, search: app_commands.Range[str, 1, MAX_TYPED] | None = None
    ) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._shelf(ask, (search or "").replace(":", " "), None)

        await self.desk.answer(interaction, "shop", find)

    @app_commands.command(
        name="redeem", description="Take something from the shop. You see what it costs first."
    )
    @app_commands.describe(reward="What? Choose from the list that appears while you type.")
    @app_commands.guild_only()
    async def redeem(self, interaction: Interaction, reward: app_commands.Range[str, 1, 100]) -> None:
        async def find(ask: Ask) -> Answer:
            offer = await ask.do(find_offer, who_asks(ask), typed=reward)
            if offer is None:
                raise NotFoundError(ask.say("shop_unknown", name=plain(reward)))
            return show_offer(ask, offer)

        await self.desk.answer(interaction, "redeem", find)

    @redeem.autocomplete("reward")
    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        def find(context: TenantContext, user_id: int) -> list[tuple[str, str]]:
            return suggest_rewards(context, user_id, typed=current, points_name=context.points_name)

        found = await self.desk.suggest(interaction, find)
        return [app_commands.Choice(name=shown[:MAX_LABEL], value=sent) for shown, sent in found][
            :MAX_CHOICES
        ]

    def buttons(self) -> Mapping[str, Responder]:
        return {"shop": self.turn, "redeem": self.confirmed}

    def choices(self) -> Mapping[str, Responder]:
        return {"shop-pick": self.pick}

    async def turn(self, interaction: Interaction, place: str, *text: str) -> None:
        position, _, last = place.partition(".")
        after = (int(position), int(last)) if last else None

        async def find(ask: Ask) -> Answer:
            return await self._shelf(ask, ":".join(text), after)

        await self.desk.answer(interaction, "shop", find, updates=True)

    async def pick(self, interaction: Interaction, value: str, *_: str) -> None:
        reward_id = int(value)

        async def find(ask: Ask) -> Answer:
            return show_offer(ask, await ask.do(read_offer, who_asks(ask), reward_id=reward_id))

        await self.desk.answer(interaction, "shop", find, updates=True)

    async def confirmed(self, interaction: Interaction, reward_id: str, price: str, asked: str) -> None:
        chosen, seen, first = int(reward_id), int(price), int(asked)

        async def work(ask: Ask) -> Answer:
            done = await ask.do(
                redeem, who_asks(ask), reward_id=chosen, price=seen, key=f"discord:{first}:{ask.user_id}"
            )
            return show_redeemed(ask, done)

        await self.desk.answer(interaction, "redeem", work, writes=True, updates=True)

    async def _shelf(self, ask: Ask, text: str, after: Place | None) -> Answer:
        shelf = await ask.do(read_shelf, who_asks(ask), text=text, after=after)
        return show_shelf(ask, shelf, text, after)


def show_shelf(ask: Ask, shelf: Shelf, text: str, after: Place | None) -> Answer:
    buttons = [Button(ask.say("shop_open"), url=shelf.link)]
    if shelf.following is not None:
        place = f"{shelf.following[0]}.{shelf.following[1]}"
        buttons.insert(0, Button(ask.say("shop_more"), custom_id("shop", place, text)[:100]))
    if after is not None:
        buttons.insert(0, Button(ask.say("shop_first"), custom_id("shop", "0", text)[:100]))
    if not shelf.items:
        return Answer(ask.say("shop_nothing" if text else "shop_empty"), buttons=buttons)
    have = "" if shelf.spendable is None else ask.say("shop_have", amount=ask.count(shelf.spendable))
    lines = [_line(ask, item) for item in shelf.items]
    return Answer(
        ask.say("shop_title", community=plain(ask.context.name)),
        text="\n".join([have, "", *lines] if have else lines),
        hint=ask.say("shop_hint"),
        menu=Menu(
            custom_id("shop-pick"),
            ask.say("shop_pick"),
            [Choice(item.reward.name, str(item.id), _note(ask, item)) for item in shelf.items],
        ),
        buttons=buttons,
    )


def show_offer(ask: Ask, offer: Offer, *, said: str = "") -> Answer:
    """One reward with the button that redeems it; without one where something is in the way, which is then said."""
    item, reward = offer.item, offer.item.reward
    cost = ask.count(reward.price)
    fields = [(ask.say("shop_costs"), cost)]
    if offer.spendable is not None:
        fields.append((ask.say("shop_yours"), ask.count(offer.spendable)))
    if item.free is not None:
        fields.append((ask.say("shop_stock"), ask.number(item.free)))
    words = plain(" ".join(reward.description.split()))[:MAX_WORDS]
    if item.sponsor is not None:
        words += f"\n{ask.say('shop_sponsor', name=plain(item.sponsor.name))}"
    buttons = [
        Button(ask.say("shop_back"), custom_id("shop", "0")),
        Button(ask.say("shop_page"), url=offer.link),
    ]
    if item.refusal is not None:
        until = item.refusal.until
        said = relay(ask.language, item.refusal.text) + (f" {relative(until)}" if until is not None else "")
    elif offer.spendable is None:
        said = ask.say("nobody_yet")
    elif reward.is_drop:
        said = said or ask.say("shop_drop")
    else:
        asked = ask.interaction.id
        label = ask.say("shop_redeem", amount=cost) if reward.price else ask.say("shop_redeem_free")
        redeem_id = custom_id("redeem", item.id, reward.price, asked)
        buttons.insert(0, Button(label[:80], redeem_id, discord.ButtonStyle.primary))
        said = said or ask.say("shop_waits" if offer.waits else "shop_at_once")
    return Answer(plain(reward.name), text=f"{said}\n\n{words}".strip(), fields=fields, buttons=buttons)


def show_redeemed(ask: Ask, done: Redeemed) -> Answer:
    if done.nobody:
        return say_nothing_yet(ask, waits=done.waits_for_room)
    if done.redemption is None:
        assert done.offer is not None
        return show_offer(ask, done.offer, said=ask.say("shop_repriced"))
    waits = done.redemption.state == RedemptionState.REQUESTED
    return Answer(
        ask.say("redeemed", name=plain(done.redemption.reward_name)),
        text=ask.say("redeemed_waits" if waits else "redeemed_now"),
        fields=[(ask.say("shop_keep"), ask.count(done.left))],
        hint=ask.say("redeemed_hint"),
        buttons=[Button(ask.say("redeemed_open"), url=done.link)],
    )


def _line(ask: Ask, item: ShopItem) -> str:
    note = _state(ask, item)
    return f"**{plain(item.reward.name)}** · {ask.count(item.reward.price)}" + (f" · {note}" if note else "")


def _note(ask: Ask, item: ShopItem) -> str:
    note = _state(ask, item)
    return ask.count(item.reward.price) + (f" · {note}" if note else "")


def _state(ask: Ask, item: ShopItem) -> str:
    """In a few words: how many more it takes, that there are none, or how few are left."""
    if item.missing:
        return ask.say("shop_missing", amount=ask.count(item.missing))
    if item.refusal is not None:
        known = (
            item.refusal.code if item.refusal.code in ("sold_out", "not_yet", "limit_used_up") else "closed"
        )
        return ask.say(f"shop_{known}")
    if item.free is not None and item.free <= FEW:
        return ask.say("shop_few", count=ask.number(item.free))
    return ""


async def setup(bot: Bot) -> None:
    await bot.add_cog(ShopCog(bot))
