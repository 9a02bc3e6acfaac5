"""/member info: what the dashboard says of a member, in short, for moderators."""

from __future__ import annotations

from engagement.audit.actor import SYSTEM
from engagement.members.models import Member
from engagement.progression.people import delete_member
from engagement.progression.services import adjust_points, set_visibility
from saas.core import clock
from tenants.context import TenantContext
from tests.cast import ACME

from .conftest import Talk
from .test_figures import fields_of
from .test_member_commands import Inside, embed, give

MEMBER = {"member": ACME.discord_id("member")}


async def test_a_moderator_sees_what_the_page_says_in_short(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "member", 130)
    answer = await talk.command("moderator", "member info", MEMBER)
    assert answer["ephemeral"]
    assert embed(answer)["title"].replace("\\", "") == "Acme Member"
    shown = fields_of(answer)
    assert shown["Points"] == "Level 1\n130 to spend · 130 in all"
    assert "Never seen writing" in shown["Seen"]
    assert shown["By hand"].startswith("+130 · Given by Tests — A test · <t:")
    [row] = answer["replies"][-1]["components"]
    assert row["components"][0]["url"].endswith(f"/dashboard/members/{member_id}/")


async def test_hidden_and_departed_members_are_shown_to_the_team(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "member", 130)
    await inside(lambda: set_visibility(member_id=member_id, visibility="hidden", context=acme))
    await inside(lambda: Member.objects.filter(pk=member_id).update(departed_at=clock.now()))
    said = embed(await talk.command("moderator", "member info", MEMBER))["description"]
    assert "Hidden from boards" in said
    assert "Left <t:" in said


async def test_a_deleted_member_is_said_to_be(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    member_id = await inside(give, acme, "member", 130)
    await inside(lambda: delete_member(member_id=member_id, actor=SYSTEM, context=acme))
    answer = await talk.command("moderator", "member info", MEMBER)
    assert "Deleted <t:" in embed(answer)["description"]


async def test_a_long_reason_is_cut_and_loses_its_markup(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    def fine() -> None:
        for number in range(7):
            adjust_points(
                member_id=member_id, amount=-1, reason="<@1> **x** " * 25, actor=SYSTEM,
                idempotency_key=f"fine-{number}", context=acme,
            )  # fmt: skip

    member_id = await inside(give, acme, "member", 130)
    await inside(fine)
    lines = fields_of(await talk.command("moderator", "member info", MEMBER))["By hand"].split("\n")
    assert len(lines) == 3
    assert all("**x**" not in line and "<@1>" not in line and "…" in line for line in lines)


async def test_somebody_who_was_never_seen(talk: Talk) -> None:
    answer = await talk.command("moderator", "member info", MEMBER)
    assert "was never seen here" in embed(answer)["title"]


async def test_another_communitys_member_is_nobody_here(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(give, acme, "member", 130)
    answer = await talk.command("moderator", "member info", MEMBER, guild="Globex Guild")
    assert "was never seen here" in embed(answer)["title"]
