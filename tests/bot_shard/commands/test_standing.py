"""/rank and /levels: where I stand, for my eyes alone."""

from __future__ import annotations

from engagement.audit.actor import SYSTEM
from engagement.levels.models import LevelName
from engagement.progression.services import adjust_points, ensure_member, set_visibility
from integrations.discord.models import LevelRole
from tenants.context import TenantContext

from .conftest import Talk
from .test_member_commands import Inside, embed, give


def crowd(context: TenantContext, scores: list[int]) -> None:
    for number, score in enumerate(scores):
        member = ensure_member(
            provider="discord", external_id=str(7_000 + number), display_name=f"Crowd {number}"
        )
        adjust_points(
            member_id=member.pk, amount=score, reason="A test", actor=SYSTEM, idempotency_key=f"crowd-{number}",
            context=context,
        )  # fmt: skip


async def test_five_above_and_five_below(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(crowd, acme, [100 * number for number in range(1, 15)])
    await inside(give, acme, "member", 750)
    answer = await talk.command("member", "rank")
    assert answer["ephemeral"]
    assert embed(answer)["title"] == "You are 8 of 15 · All time"
    lines = embed(answer)["description"].split("\n")
    assert len(lines) == 11
    assert lines[5].startswith("**")
    assert "Acme Member" in lines[5].replace("\\", "")
    assert "1,200" in lines[0]
    assert "300" in lines[-1]


async def test_the_periods_are_buttons(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 50)
    answer = await talk.command("member", "rank", {"period": "week"})
    assert "You are 1 of 1" in embed(answer)["title"]
    message = answer["replies"][-1]
    pressed = await talk.local.state.press_button(message["id"], "acme-member", "All time")
    assert pressed["failure"] in (None, "")
    found = talk.local.world.find_message(int(message["channel_id"]), int(message["id"]))
    assert found.embeds[0]["title"] == "You are 1 of 1 · All time"


async def test_who_holds_no_rank_is_told_why(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    assert embed(await talk.command("stranger", "rank"))["title"] == "You have no points yet."
    member_id = await inside(give, acme, "member", 40)
    await inside(lambda: set_visibility(member_id=member_id, visibility="hidden", alias="", context=acme))
    assert "You are hidden" in embed(await talk.command("member", "rank"))["title"]


async def test_the_levels_with_names_roles_and_mine(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    def describe() -> None:
        LevelName.objects.all().delete()
        LevelName.objects.create(level=2, name="Regular *x*")
        LevelRole.objects.create(level=2, role_id=4242)

    await inside(describe)
    await inside(give, acme, "member", 130)
    answer = await talk.command("member", "levels")
    assert answer["ephemeral"]
    assert embed(answer)["title"] == "You are at level 1: 125 points to level 2"
    lines = embed(answer)["description"].split("\n")
    assert lines[0] == "**`   1` 100 in all · 100 more** ◂"
    assert lines[1] == "`   2` 255 in all · 155 more · Regular \\*x\\* · <@&4242>"
    assert embed(answer)["footer"]["text"] == "Levels 1 to 10 of 1,000"


async def test_levels_are_paged_and_end(talk: Talk) -> None:
    answer = await talk.command("stranger", "levels")
    assert embed(answer)["title"] == "The levels of Acme Makers"
    message = answer["replies"][-1]
    [row] = message["components"]
    assert [button.get("disabled", False) for button in row["components"]] == [True, False]
    assert row["components"][1]["custom_id"] == "eh1:levels:1:n"
    await talk.local.state.press_button(message["id"], "acme-stranger", "Next")
    found = talk.local.world.find_message(int(message["channel_id"]), int(message["id"]))
    assert found.embeds[0]["footer"]["text"].startswith("Levels 11 to 20")
