"""What members ask, and how they are answered."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engagement.analytics.selectors import get_profile
from engagement.members.selectors import find_member
from engagement.progression.services import Actor, adjust_points, ensure_member, set_visibility
from tenants.context import TenantContext
from tenants.flags import Rollout, hold_rollouts
from tests.cast import ACME

from .conftest import Talk

Inside = Callable[..., Awaitable[Any]]


def give(context: TenantContext, role: str, amount: int, *, name: str = "") -> int:
    member = ensure_member(
        provider="discord",
        external_id=str(ACME.discord_id(role)),
        display_name=name or f"Acme {role.title()}",
    )
    adjust_points(
        member_id=member.pk,
        amount=amount,
        reason="A test",
        actor=Actor("system", 0, "Tests"),
        idempotency_key=f"{role}-{amount}",
        context=context,
    )
    return member.pk


def embed(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["failure"] in (None, ""), answer
    [found] = answer["replies"][-1]["embeds"]
    return found


async def test_a_member_sees_level_points_and_rank(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 130)
    answer = await talk.command("member", "profile")
    shown = embed(answer)
    assert shown["title"].replace("\\", "") == "Acme Member · level 1"
    [card] = answer["replies"][-1]["attachments"]
    assert card["filename"] == "card.png"
    for fact in ("Level: 1", "130 to spend · 130 in all", "130 this week", "1 of 1", "last 14 days"):
        assert fact in card["description"]
    assert shown["color"] == int(acme.colour.lstrip("#"), 16)
    assert not answer["ephemeral"]


async def test_without_a_card_the_fields_say_the_same(
    talk: Talk, inside: Inside, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> bytes:
        raise OSError("no font")

    monkeypatch.setattr(sys.modules["bot_shard.drawing"], "draw_card", refuse)
    await inside(give, acme, "member", 130)
    shown = embed(await talk.command("member", "profile"))
    assert [field["name"] for field in shown["fields"]] == ["Level", "Points", "Rank"]
    assert "130 to spend · 130 in all" in shown["fields"][1]["value"]


async def test_where_cards_are_switched_off_the_fields_say_the_same(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 130)
    hold_rollouts({"drawn_cards": Rollout(False)})
    answer = await talk.command("member", "profile")
    assert answer["replies"][-1]["attachments"] == []
    assert [field["name"] for field in embed(answer)["fields"]] == ["Level", "Points", "Rank"]


async def test_who_never_spoke_is_told_how_to_begin(talk: Talk) -> None:
    shown = embed(await talk.command("stranger", "profile"))
    assert shown["title"] == "You have no points yet."
    assert "/earn" in shown["footer"]["text"]


async def test_who_was_known_by_an_id_only_gets_a_name(talk: Talk, inside: Inside) -> None:
    def be_nameless() -> None:
        ensure_member(provider="discord", external_id=str(ACME.discord_id("stranger")), display_name="")

    await inside(be_nameless)
    shown = embed(await talk.command("stranger", "profile"))
    assert shown["title"].replace("\\", "") == "Acme Stranger · level 0"


async def test_the_pictures_text_says_each_thing_once(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 1)
    answer = await talk.command("member", "profile")
    alt = answer["replies"][-1]["attachments"][0]["description"]
    assert "Level: 0, 99 to level 1. " in alt
    assert "▱" not in alt
    board = embed(await talk.command("member", "leaderboard"))
    assert "You: 1 with 1 point" in board["description"]
    assert board["footer"]["text"].endswith("1 member")


async def test_another_who_never_spoke(talk: Talk) -> None:
    shown = embed(await talk.command("member", "profile", {"member": ACME.discord_id("stranger")}))
    assert "has no points yet" in shown["title"]


async def test_a_departed_member_is_spoken_of_kindly(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    from engagement.members.models import Member
    from saas.core import clock

    member_id = await inside(give, acme, "stranger", 50)
    await inside(lambda: Member.objects.filter(pk=member_id).update(departed_at=clock.now()))
    shown = embed(await talk.command("member", "profile", {"member": ACME.discord_id("stranger")}))
    assert "has left this community" in shown["description"]


async def test_a_hidden_member_is_hidden_from_others_only(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "stranger", 50)
    await inside(lambda: set_visibility(member_id=member_id, visibility="hidden", context=acme))
    shown = embed(await talk.command("member", "profile", {"member": ACME.discord_id("stranger")}))
    assert "keeps their profile to themselves" in shown["title"]
    own = await talk.command("stranger", "profile")
    assert own["ephemeral"]
    assert "Hidden" in own["replies"][-1]["attachments"][0]["description"]


async def test_the_leaderboard_has_medals_my_line_and_buttons(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "owner", 300)
    await inside(give, acme, "member", 200)
    answer = await talk.command("member", "leaderboard")
    shown = embed(answer)
    assert "🥇" in shown["description"]
    assert "You: 2 with 200 points" in shown["description"]
    [row] = answer["replies"][-1]["components"]
    assert [button["label"] for button in row["components"]] == [
        "Previous",
        "All time",
        "Month",
        "Week",
        "Next",
    ]

    turned = await talk.local.state.press_button(answer["replies"][-1]["id"], "acme-member", "Week")
    assert turned["failure"] in (None, "")
    message = talk.local.world.find_message(
        int(answer["replies"][-1]["channel_id"]), int(answer["replies"][-1]["id"])
    )
    assert "🥇" in message.embeds[0]["description"]


async def test_an_empty_board_says_what_to_do(talk: Talk) -> None:
    assert "/earn" in embed(await talk.command("member", "leaderboard"))["description"]


async def test_history_and_why_explain_an_entry(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 40)
    history = await talk.command("member", "history")
    assert history["ephemeral"]
    assert "+40" in embed(history)["description"]
    why = embed(await talk.command("member", "why"))
    assert why["title"].startswith("+40 points")
    assert "A test" in why["description"]


async def test_why_refuses_another_members_entry(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 40)
    await inside(give, acme, "owner", 10)
    member = await inside(find_member, provider="discord", external_id=str(ACME.discord_id("owner")))
    from engagement.analytics.selectors import list_history

    [line] = await inside(list_history, member_id=member.pk)
    refused = await talk.command("member", "why", {"entry": line.entry_id})
    assert refused["ephemeral"]
    assert "no such entry of yours" in embed(refused)["description"]
    assert embed(refused)["footer"]["text"].startswith("Ref ")


async def test_earn_lists_the_live_rules(talk: Talk) -> None:
    assert "point" in embed(await talk.command("member", "earn"))["description"]


async def test_help_is_generated_from_the_commands(talk: Talk) -> None:
    for_member = embed(await talk.command("member", "help"))["description"]
    for_moderator = embed(await talk.command("moderator", "help"))["description"]
    for command in ("profile", "leaderboard", "history", "why", "earn", "privacy alias", "help"):
        assert f"`/{command}`" in for_member
    assert "points give" not in for_member
    assert "points give" in for_moderator
    assert "Explain points" in for_member


async def test_privacy_hides_renames_and_shows(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    member_id = await inside(give, acme, "member", 40)
    hidden = await talk.command("member", "privacy hide")
    assert hidden["ephemeral"]
    assert (await inside(get_profile, member_id=member_id)).visibility == "hidden"
    await talk.command("member", "privacy alias", {"name": "Nightingale"})
    assert (await inside(get_profile, member_id=member_id)).name == "Nightingale"
    board = embed(await talk.command("owner", "leaderboard"))["description"]
    assert "Nightingale" in board
    assert "Acme Member" not in board
    await talk.command("member", "privacy show")
    assert (await inside(get_profile, member_id=member_id)).name == "Acme Member"


async def test_a_taken_alias_is_refused_with_what_to_do(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "owner", 1)
    refused = await talk.command("member", "privacy alias", {"name": "Acme Owner"})
    assert "another alias" in embed(refused)["description"]


async def test_nothing_public_tells_who_is_behind_an_alias(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "member", 40)
    await inside(
        lambda: set_visibility(member_id=member_id, visibility="alias", alias="Nightingale", context=acme)
    )
    asked = embed(await talk.command("owner", "profile", {"member": ACME.discord_id("member")}))
    assert "keeps their profile to themselves" in asked["title"]
    assert (await talk.command("member", "leaderboard"))["ephemeral"]
    public = await talk.command("owner", "leaderboard")
    await talk.local.state.press_button(public["replies"][-1]["id"], "acme-member", "Week")
    message = talk.local.world.find_message(
        int(public["replies"][-1]["channel_id"]), int(public["replies"][-1]["id"])
    )
    assert "You:" not in message.embeds[0]["description"]


async def test_a_message_explains_itself(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    message = talk.local.state.post_message("Acme Makers", "general", "acme-member", "hello")
    answer = await talk.local.state.run_menu(
        "Acme Makers", "general", "acme-owner", "Explain points", message=message
    )
    assert answer["ephemeral"]
    assert "earned nothing" in embed(answer)["title"]
    assert "not heard yet" in embed(answer)["description"]
    member_id = await inside(give, acme, "member", 40)
    await inside(lambda: set_visibility(member_id=member_id, visibility="hidden", context=acme))
    refused = await talk.local.state.run_menu(
        "Acme Makers", "general", "acme-owner", "Explain points", message=message
    )
    assert "to themselves" in embed(refused)["title"]


async def test_an_unlinked_server_gets_a_kind_answer(talk: Talk) -> None:
    answer = await talk.command("member", "profile", guild="Nowhere")
    assert answer["ephemeral"]
    assert "not connected to a community" in embed(answer)["description"]


async def test_two_communities_never_mix(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 40)
    assert (
        "Acme" not in embed(await talk.command("member", "leaderboard", guild="Globex Guild"))["description"]
    )


@pytest.mark.parametrize("name", ["*bold* `x`", "<@1> @everyone", "[a](http://b)"])
async def test_names_cannot_smuggle_markup(
    talk: Talk, inside: Inside, acme: TenantContext, name: str
) -> None:
    await inside(give, acme, "member", 40, name=name)
    shown = embed(await talk.command("member", "profile"))["title"]
    for sign in "*`<[":
        assert f"{sign}" not in shown.replace(f"\\{sign}", "")
