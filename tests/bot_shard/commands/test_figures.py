"""/stats and /compare: the figures of the member's page, with everybody's privacy."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.analytics.selectors import get_profile
from engagement.members.models import Member
from engagement.progression.services import set_visibility
from saas.core import clock
from tenants.context import TenantContext
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import Inside, embed, give

STRANGER = {"member": ACME.discord_id("stranger")}


def fields_of(answer: dict[str, Any]) -> dict[str, str]:
    return {field["name"]: field["value"] for field in embed(answer).get("fields", [])}


async def test_my_figures_are_those_of_my_page(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    member_id = await inside(give, acme, "member", 1_230)
    await inside(give, acme, "owner", 2_000)
    profile = await inside(get_profile, member_id=member_id)
    answer = await talk.command("member", "stats")
    assert embed(answer)["title"].replace("\\", "") == "Acme Member · 1,230 points in all"
    shown = fields_of(answer)
    for figure, period in (
        (profile.week_points, "this week"), (profile.month_points, "this month"), (profile.lifetime, "all time"),
    ):  # fmt: skip
        assert f"{figure:,} {period}" in shown["Earned"]
    for period in ("All time", "Season", "Month", "Week"):
        assert f"{period}: 2 of 2" in shown["Places"]
    assert shown["Where from"] == "+1,230 · The team, by hand"
    [card] = answer["replies"][-1]["attachments"]
    assert "the last 7 days" in card["description"]
    assert not answer["ephemeral"]


async def test_only_offered_periods_have_a_place(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    from engagement.standings.models import StandingsState

    await inside(give, acme, "member", 40)
    await inside(lambda: StandingsState.objects.filter(pk=1).update(hidden_periods=["season", "week"]))
    assert fields_of(await talk.command("member", "stats"))["Places"] == "All time: 1 of 1\nMonth: 1 of 1"


async def test_who_never_spoke_has_no_figures(talk: Talk) -> None:
    assert embed(await talk.command("member", "stats"))["title"] == "You have no points yet."
    shown = await talk.command("member", "stats", STRANGER)
    assert "has no points yet" in embed(shown)["title"]
    assert shown["ephemeral"]


async def test_figures_of_who_left_are_kept(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    member_id = await inside(give, acme, "stranger", 50)
    await inside(lambda: Member.objects.filter(pk=member_id).update(departed_at=clock.now()))
    shown = await talk.command("member", "stats", STRANGER)
    assert "has left this community" in embed(shown)["description"]
    assert "50 all time" in fields_of(shown)["Earned"]


@pytest.mark.parametrize(("visibility", "alias"), [("hidden", ""), ("alias", "Nightingale")])
async def test_hidden_and_aliased_members_figures_are_for_them_alone(
    talk: Talk, inside: Inside, acme: TenantContext, visibility: str, alias: str
) -> None:
    member_id = await inside(give, acme, "stranger", 50)
    await inside(give, acme, "member", 10)
    await inside(
        lambda: set_visibility(member_id=member_id, visibility=visibility, alias=alias, context=acme)
    )
    for command in ("stats", "compare"):
        refused = await talk.command("member", command, STRANGER)
        assert "keeps their profile to themselves" in embed(refused)["title"]
        assert "Nightingale" not in str(refused["replies"])
        assert refused["ephemeral"]
    own = await talk.command("stranger", "stats")
    assert own["ephemeral"]
    assert "50 all time" in fields_of(own)["Earned"]


async def test_two_members_stand_side_by_side(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 130)
    await inside(give, acme, "stranger", 50)
    answer = await talk.command("member", "compare", STRANGER)
    assert embed(answer)["title"].replace("\\", "") == "You are 80 points ahead of Acme Stranger"
    [mine, theirs, difference] = [field["value"] for field in embed(answer)["fields"]]
    assert mine == "Level 1\n130 all time\n130 this month\n130 this week\nRank 1"
    assert theirs == "Level 0\n50 all time\n50 this month\n50 this week\nRank 2"
    assert difference.split("\n") == [
        "Level: you are 1 level ahead",
        "All time: you are 80 ahead",
        "This month: you are 80 ahead",
        "This week: you are 80 ahead",
    ]
    assert not answer["ephemeral"]
    other = await talk.command("stranger", "compare", {"member": ACME.discord_id("member")})
    assert "80 points behind" in embed(other)["title"]


async def test_an_alias_compares_itself_for_its_own_eyes(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "member", 50)
    await inside(give, acme, "stranger", 50)
    await inside(
        lambda: set_visibility(member_id=member_id, visibility="alias", alias="Nightingale", context=acme)
    )
    answer = await talk.command("member", "compare", STRANGER)
    assert answer["ephemeral"]
    assert "the same number of points" in embed(answer)["title"]


async def test_nobody_is_compared_with_themselves_a_bot_or_nothing(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "stranger", 50)
    refused = await talk.command("member", "compare", {"member": ACME.discord_id("member")})
    assert "That is you" in embed(refused)["description"]
    assert embed(refused)["footer"]["text"].startswith("Ref ")
    assert embed(await talk.command("member", "compare", STRANGER))["title"] == "You have no points yet."


async def test_figures_of_one_community_are_not_anothers(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 40)
    answer = await talk.command("member", "stats", guild="Globex Guild")
    assert embed(answer)["title"] == "You have no points yet."
