"""/boost: what it takes is shown first, one press starts it once, a stop can be taken back; /earn and /why tell of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engagement.audit.actor import SYSTEM
from engagement.boosts.models import Boost
from engagement.boosts.services import BoostDraft, plan_boost
from ops.sandbox.discord.control.find import find_message
from tenants.context import TenantContext
from tests.bot_shard.running import until

from .conftest import Talk
from .test_desk import channel_id
from .test_member_commands import Inside, embed


def boosts() -> list[Boost]:
    return list(Boost.objects.order_by("pk"))


def plan(context: TenantContext, name: str, **scope: Any) -> None:
    draft = BoostDraft(name, 200, scope, lasts=timedelta(hours=2))
    plan_boost(context=context, draft=draft, actor=SYSTEM, key=name, allowances=())


async def press(talk: Talk, answer: dict[str, Any], label: str) -> str:
    """The title that the message has afterwards."""
    message_id = answer["replies"][-1]["id"]

    def title() -> str:
        return str(find_message(talk.local.world, message_id).embeds[0]["title"])

    before = title()
    await talk.local.state.press_button(message_id, "acme-owner", label)
    await until(lambda: title() != before)
    return title()


async def test_a_boost_is_shown_first_and_started_by_a_button_once(talk: Talk, inside: Inside) -> None:
    here = channel_id(talk, "bot-commands")
    asked = await talk.command(
        "owner", "boost start", {"hours": 3, "multiplier": 1.5, "channel": here, "name": "Quiz: *night*"}
    )
    assert asked["ephemeral"]
    assert embed(asked)["title"] == "×1.5 for 3 hours?"
    assert f"<#{here}>" in embed(asked)["description"]
    assert [field["value"] for field in embed(asked)["fields"]] == ["3 hours", "unlimited"]
    assert await inside(boosts) == []

    assert "runs: ×1.5" in await press(talk, asked, "Start")
    [boost] = await inside(boosts)
    assert (boost.name, boost.percent, boost.scope) == ("Quiz: *night*", 150, {"channels": [str(here)]})


async def test_the_only_one_is_stopped_at_once_and_taken_back(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(plan, acme, "Happy hour")
    stopped = await talk.command("owner", "boost stop")
    assert "What it gave stays" in embed(stopped)["title"]
    assert (await inside(boosts))[0].stopped_at is not None

    assert "goes on as planned" in await press(talk, stopped, "Undo")
    assert (await inside(boosts))[0].stopped_at is None


async def test_of_several_one_is_chosen(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    for name in ("First", "Second"):
        await inside(plan, acme, name)
    asked = await talk.command("owner", "boost stop")
    assert embed(asked)["title"] == "Which one shall stop?"

    await press(talk, asked, "Second")

    assert [boost.name for boost in await inside(boosts) if boost.stopped_at is None] == ["First"]


async def test_with_none_it_says_so(talk: Talk) -> None:
    assert embed(await talk.command("owner", "boost stop"))["title"] == "No boost runs or is planned."
    listed = await talk.command("owner", "boost list")
    assert "No boost runs" in embed(listed)["description"]
    assert "0 used · 0 planned · unlimited left" in embed(listed)["fields"][0]["value"]


async def test_everybody_reads_it_under_earn(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    here = channel_id(talk, "bot-commands")
    await inside(plan, acme, "Art *week*", types=["message"], channels=[str(here)])

    told = await talk.command("member", "earn")

    first = embed(told)["description"].splitlines()[0]
    assert first.startswith(f"**×2** on messages in <#{here}> until <t:")
    assert r"**Art \*week\***" in first
