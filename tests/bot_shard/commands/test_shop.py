"""/shop, /redeem and /redemptions: what there is, redeemed once by a press, taken back; the team decides by buttons and a form."""

from __future__ import annotations

from typing import Any

import pytest

from bot_shard.cogs.shop import suggest_rewards
from engagement.ledger.models import POINTS
from engagement.ledger.moving import get_spendable
from engagement.notifications.services import set_team_channel
from engagement.rewards.deciding import approve_redemption
from engagement.rewards.models import Redemption, Reward
from engagement.rewards.redeeming import redeem_reward
from integrations.discord.asking import follow_redemption
from integrations.discord.client import DiscordClient
from integrations.discord.limits import Patience
from ops.sandbox.discord.control.find import find_message
from tenants.context import TenantContext
from tests.bot_shard.running import until
from tests.cast import ACME
from tests.frontend_api.rewards import TEAM

from .conftest import Talk
from .test_desk import channel_id
from .test_member_commands import Inside, embed, give


def offer(name: str, price: int, **facts: Any) -> int:
    values = {"kind": "custom", "state": "active", "key": name.lower()[:40]} | facts
    return int(Reward.objects.create(name=name, price=price, **values).pk)


def all_redemptions() -> list[Redemption]:
    return list(Redemption.objects.order_by("pk"))


def points_of(member_id: int) -> int:
    return get_spendable(member_id=member_id, currency=POINTS)


def shown(talk: Talk, message_id: Any) -> dict[str, Any]:
    """The message as it is now."""
    found: dict[str, Any] = find_message(talk.local.world, message_id).embeds[0]
    return found


async def after(talk: Talk, message_id: Any, act: Any) -> dict[str, Any]:
    """The message once the act has changed it."""
    before = shown(talk, message_id)
    await act
    await until(lambda: shown(talk, message_id) != before)
    return shown(talk, message_id)


def rows(talk: Talk, message_id: Any) -> list[dict[str, Any]]:
    found = find_message(talk.local.world, message_id).components
    return [part for row in found for part in row["components"]]


async def test_the_shop_says_what_one_has_and_what_is_missing(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    empty = await talk.command("member", "shop")
    assert embed(empty)["title"].startswith("There is nothing in the shop yet")
    await inside(give, acme, "member", 210)
    await inside(offer, "Hat", 200)
    await inside(offer, "Mug @everyone **bold**", 250, stock=3)
    await inside(offer, "Gone", 5, stock=0)

    answer = await talk.command("member", "shop")

    assert answer["ephemeral"]
    text = embed(answer)["description"]
    assert "You have **210 points** to spend." in text
    assert "**Hat** · 200 points" in text
    assert r"Mug \@everyone \*\*bold\*\*** · 250 points · 40 points more" in text
    assert "sold out" in text
    assert "nothing" in embed(await talk.command("member", "shop", {"search": "chair"}))["title"].lower()


async def test_a_long_shop_is_paged_and_one_is_chosen(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 210)
    for number in range(12):
        await inside(offer, f"Thing {number:02}", 10, position=number)
    asked = await talk.command("member", "shop")
    message = asked["replies"][-1]["id"]
    assert embed(asked)["description"].count("Thing") == 8

    second = await after(talk, message, talk.local.state.press_button(message, "acme-member", "More"))
    assert "Thing 08" in second["description"]
    assert "Thing 00" not in second["description"]

    reward = next(part for part in rows(talk, message) if part["type"] == 3)["options"][0]
    assert reward["label"] == "Thing 08"
    chosen = await after(
        talk, message, talk.local.state.choose(message, "acme-member", "See one of them", [reward["value"]])
    )
    assert chosen["title"] == "Thing 08"
    assert "Redeem for 10 points" in [part.get("label") for part in rows(talk, message)]


async def test_one_is_redeemed_by_a_press_once(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    mia = await inside(give, acme, "member", 210)
    hat = await inside(offer, "Hat", 200, approval="moderator")
    asked = await talk.command("member", "redeem", {"reward": f"#{hat}"})
    assert asked["ephemeral"]
    assert "The team looks at it first" in embed(asked)["description"]
    assert await inside(all_redemptions) == []
    message = asked["replies"][-1]["id"]
    button = next(part["custom_id"] for part in rows(talk, message) if "Redeem" in part.get("label", ""))

    done = await after(talk, message, talk.local.state.press_button(message, "acme-member", button))

    assert done["title"] == "You redeemed Hat"
    [row] = await inside(all_redemptions)
    assert (row.reward_id, row.via, row.state) == (hat, "bot", "requested")
    assert row.key == f"discord:{asked['id']}:{ACME.discord_id('member')}"
    assert await inside(points_of, mia) == 10


async def test_an_old_button_with_another_price_redeems_nothing(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 210)
    hat = await inside(offer, "Hat", 20)
    asked = await talk.command("member", "redeem", {"reward": "hat"})
    message = asked["replies"][-1]["id"]
    await inside(lambda: Reward.objects.filter(pk=hat).update(price=200))

    again = await after(
        talk, message, talk.local.state.press_button(message, "acme-member", "Redeem for 20 points")
    )

    assert "The price changed meanwhile" in again["description"]
    assert await inside(all_redemptions) == []


async def test_what_cannot_be_had_says_why_and_has_no_button(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 10)
    await inside(offer, "Hat", 200)
    asked = await talk.command("member", "redeem", {"reward": "Hat"})
    assert "190 more to go" in embed(asked)["description"]
    assert not any("Redeem" in part.get("label", "") for part in rows(talk, asked["replies"][-1]["id"]))
    unknown = await talk.command("member", "redeem", {"reward": "A yacht"})
    assert "I know no reward “A yacht”" in embed(unknown)["description"]
    nobody = await talk.command("stranger", "redeem", {"reward": "Hat"})
    assert "You have no points yet" in embed(nobody)["description"]


async def test_names_are_suggested_within_discords_limits(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 210)
    for number in range(30):
        await inside(offer, f"Hat {number:02} " + "x" * 70, 10 if number == 29 else 900, key=f"h{number}")
    asked = await talk.local.state.autocomplete(
        "Acme Makers", "general", "acme-member", "redeem", "reward", {"reward": "hat"}
    )
    assert len(asked["choices"]) == 25
    assert all(len(choice["name"]) <= 100 for choice in asked["choices"])
    found = await inside(suggest_rewards, acme, ACME.discord_id("member"), typed="", points_name="points")
    assert len(found) == 25


async def test_ones_own_are_listed_and_taken_back(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    assert "redeemed nothing yet" in embed(await _mine_of_somebody_new(talk, inside, acme))["title"]
    hat = await inside(offer, "Hat", 50, approval="moderator")
    await inside(_redeem, acme, "member", hat, "one")
    listed = await talk.command("member", "redemptions")
    assert "**Hat** · the team looks at it" in embed(listed)["description"]
    message = listed["replies"][-1]["id"]
    one = next(part for part in rows(talk, message) if part["type"] == 3)["options"][0]["value"]
    await after(talk, message, talk.local.state.choose(message, "acme-member", "See one of them", [one]))

    gone = await after(talk, message, talk.local.state.press_button(message, "acme-member", "Take it back"))

    assert gone["title"] == "Hat is taken back"
    assert "50 points are yours again" in gone["description"]
    assert (await inside(all_redemptions))[0].state == "cancelled"


async def _mine_of_somebody_new(talk: Talk, inside: Inside, acme: TenantContext) -> dict[str, Any]:
    await inside(give, acme, "member", 210)
    return await talk.command("member", "redemptions")


def _redeem(context: TenantContext, who: str, reward_id: int, key: str) -> int:
    from bot_shard.cog import member_of

    member = member_of(ACME.discord_id(who))
    assert member is not None
    row = redeem_reward(
        context=context, member_id=member.pk, reward_id=reward_id, key=key, via="bot", actor=TEAM
    )
    return int(row.pk)


# --- the team


@pytest.fixture
async def asked(talk: Talk, inside: Inside, acme: TenantContext) -> tuple[int, int]:
    """A redemption that waits, and the message about it that a worker posted: the bot process never saw it made."""
    await inside(give, acme, "member", 210)
    hat = await inside(offer, "Hat", 50, approval="moderator")
    one = await inside(_redeem, acme, "member", hat, "one")
    await inside(set_team_channel, channel_id=int(channel_id(talk, "bot-commands")), actor=TEAM)
    await inside(follow_redemption, acme, _client(talk), event_id=1, redemption_id=one)
    row = (await inside(all_redemptions))[0]
    assert row.message_id is not None
    return one, row.message_id


def _approve(context: TenantContext, redemption_id: int) -> None:
    approve_redemption(context=context, redemption_id=redemption_id, actor=TEAM)


def _client(talk: Talk) -> DiscordClient:
    return DiscordClient(
        base_url=talk.local.api_url, token=talk.local.config.bot_token, patience=Patience("test")
    )


async def test_the_team_approves_by_a_button_and_the_message_follows(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    assert "would like **Hat** for **50 points**" in shown(talk, message)["description"]

    pressed = await talk.local.state.press_button(message, "acme-moderator", "Approve")

    assert pressed["ephemeral"]
    assert embed(pressed)["title"] == "Hat is approved."
    assert (await inside(all_redemptions))[0].state == "approved"
    await inside(follow_redemption, acme, _client(talk), event_id=2, redemption_id=one)
    assert "approved by" in shown(talk, message)["description"]
    assert rows(talk, message) == []


async def test_a_rejection_asks_why_and_tells_it(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    _, message = asked
    opened = await talk.local.state.press_button(message, "acme-moderator", "Reject")
    sent = await talk.local.state.submit_modal(opened["id"], {"reason": "Out of *hats*"})
    assert embed(sent)["title"] == "Hat is rejected."
    row = (await inside(all_redemptions))[0]
    assert (row.state, row.reason) == ("rejected", "Out of *hats*")


async def test_who_may_not_is_refused_and_so_is_ones_own(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    _, message = asked
    for button in ("Approve", "Reject"):
        refused = await talk.local.state.press_button(message, "acme-member", button)
        assert "moderators and above" in embed(refused)["description"]
    await inside(give, acme, "moderator", 100)
    hat = (await inside(all_redemptions))[0].reward_id
    own = await inside(_redeem, acme, "moderator", hat, "own")
    await inside(follow_redemption, acme, _client(talk), event_id=9, redemption_id=own)
    mine = (await inside(all_redemptions))[1].message_id
    refused = await talk.local.state.press_button(mine, "acme-moderator", "Approve")
    assert "your own redemption" in embed(refused)["description"]
    assert {row.state for row in await inside(all_redemptions)} == {"requested"}


async def test_a_stale_button_says_what_was_decided(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    opened = await talk.local.state.press_button(message, "acme-moderator", "Reject")
    await inside(_approve, acme, one)

    late = await talk.local.state.submit_modal(opened["id"], {"reason": "Too late"})
    again = await talk.local.state.press_button(message, "acme-moderator", "Approve")

    assert "approved" in embed(late)["description"]
    assert "was approved by the team already" in embed(again)["title"]
    assert (await inside(all_redemptions))[0].state == "approved"


async def test_a_message_is_posted_once_and_its_loss_loses_nothing(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    await inside(follow_redemption, acme, _client(talk), event_id=1, redemption_id=one)
    here = int(channel_id(talk, "bot-commands"))
    assert len(talk.local.world.messages[here]) == 1
    del talk.local.world.messages[here][message]

    await inside(_approve, acme, one)
    await inside(follow_redemption, acme, _client(talk), event_id=2, redemption_id=one)

    row = (await inside(all_redemptions))[0]
    assert (row.state, row.message_id) == ("approved", None)
