"""The review channel's buttons: decided once, by who may, with a reason or a score, undone; a stale one says what is true."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.progression.services import ensure_member
from engagement.submissions.models import Submission
from engagement.submissions.selectors import get_detail
from integrations.discord.reviews.messages import describe_submission
from ops.sandbox.discord.control.find import find_message
from ops.sandbox.discord.state.messages import post_message
from tenants.context import TenantContext
from tests.bot_shard.running import until
from tests.cast import ACME
from tests.handing_in import RUBRIC, hand, make_kind

from .conftest import Talk
from .test_member_commands import Inside, embed


@pytest.fixture
async def waiting(talk: Talk, inside: Inside, acme: TenantContext) -> Submission:
    return await prepare(inside, acme)


async def prepare(inside: Inside, acme: TenantContext, **values: Any) -> Submission:
    def make() -> Submission:
        member = ensure_member(
            provider="discord", external_id=str(ACME.discord_id("member")), display_name="Mia"
        )
        return hand(acme, make_kind(acme, key="talk", **values), member.pk, "Rust talk")

    return await inside(make)


async def posted(talk: Talk, inside: Inside, acme: TenantContext, one: Submission) -> int:
    """The message as the job posts it."""
    body = await inside(lambda: describe_submission(acme, get_detail(submission_id=one.pk)))
    guild = next(guild for guild in talk.local.world.guilds.values() if guild.id == ACME.guild_id)
    channel = next(one for one in guild.channels.values() if one.name == "general")
    message = post_message(
        talk.local.world,
        channel,
        talk.local.world.bot_id,
        "",
        embeds=body["embeds"],
        components=_numbered(body),
    )
    return int(message.id)


def _numbered(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"id": 1} for row in body["components"]]


def again(one: Submission) -> Submission:
    return Submission.objects.select_related("type").get(pk=one.pk)


async def test_one_click_approves_once_and_can_be_undone(
    talk: Talk, inside: Inside, acme: TenantContext, waiting: Submission
) -> None:
    message = await posted(talk, inside, acme, waiting)

    answer = await talk.local.state.press_button(message, "acme-moderator", "Approve")
    assert answer["ephemeral"]
    assert embed(answer)["title"] == "Approved: Rust talk · 25 points"
    assert "Mia is told in 10 seconds" in embed(answer)["description"]
    late = await talk.local.state.press_button(message, "acme-owner", "Approve")
    assert "is approved already" in embed(late)["description"]
    assert (await inside(again, waiting)).points == 25

    reply = answer["replies"][-1]["id"]
    await talk.local.state.press_button(reply, "acme-moderator", "Undo")
    await until(lambda: "Taken back" in find_message(talk.local.world, reply).embeds[0]["title"])
    done = await inside(again, waiting)
    assert (done.state, done.points) == ("pending", 0)


async def test_why_is_asked_in_a_form_written_or_ready_made(
    talk: Talk, inside: Inside, acme: TenantContext, waiting: Submission
) -> None:
    from engagement.submissions.reasons import seed_reasons

    await inside(seed_reasons)
    message = await posted(talk, inside, acme, waiting)

    form = await talk.local.state.press_button(message, "acme-moderator", "Needs info")
    assert form["modal"]["title"] == "Ask about: Rust talk"
    nothing = await talk.local.state.submit_modal(form["id"], {})
    assert "Write what you need to know" in embed(nothing)["description"]
    await talk.local.state.submit_modal(form["id"], {"reason": "When was it?"})
    assert (await inside(again, waiting)).reason == "When was it?"

    form = await talk.local.state.press_button(message, "acme-moderator", "Reject")
    ready = form["modal"]["components"][0]["component"]["options"][0]
    await talk.local.state.submit_modal(form["id"], {"ready": ready["value"]})
    done = await inside(again, waiting)
    assert (done.state, done.reason) == ("rejected", ready["label"])
    stale = await talk.local.state.press_button(message, "acme-moderator", "Reject")
    assert "is rejected by" in embed(stale)["description"]


async def test_a_small_rubric_is_scored_in_a_form(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    one = await prepare(inside, acme, rubric=list(RUBRIC), award={"kind": "rubric", "points": 90})
    message = await posted(talk, inside, acme, one)

    form = await talk.local.state.press_button(message, "acme-moderator", "Score and approve")
    answer = await talk.local.state.submit_modal(form["id"], {"use": "4", "care": "1"})

    assert embed(answer)["title"] == "Approved: Rust talk · 54 points"
    assert (await inside(again, one)).scores == {"use": 4, "care": 1}


async def test_who_may_not_is_told_so_and_a_named_role_may(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    from ops.sandbox.discord.state.guilds import create_role

    guild = talk.local.world.guilds[ACME.guild_id]
    role = create_role(talk.local.world, guild, name="Reviewer")
    one = await prepare(inside, acme, reviewers={"roles": [str(role.id)]})
    message = await posted(talk, inside, acme, one)

    refused = await talk.local.state.press_button(message, "acme-stranger", "Approve")
    assert "You may not review" in embed(refused)["description"]
    own = await talk.local.state.press_button(message, "acme-member", "Reject")
    assert "You may not review" in embed(own)["description"]
    assert (await inside(again, one)).state == "pending"

    guild.members[ACME.discord_id("stranger")].roles.append(role.id)
    await talk.local.state.press_button(message, "acme-stranger", "Approve")
    assert (await inside(again, one)).state == "approved"


async def test_nobody_approves_their_own(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    def make() -> Submission:
        member = ensure_member(
            provider="discord", external_id=str(ACME.discord_id("moderator")), display_name="Moe"
        )
        return hand(acme, make_kind(acme, key="talk"), member.pk, "My own")

    one = await inside(make)
    message = await posted(talk, inside, acme, one)
    refused = await talk.local.state.press_button(message, "acme-moderator", "Approve")
    assert "your own submission" in embed(refused)["description"]
    assert (await inside(again, one)).state == "pending"
