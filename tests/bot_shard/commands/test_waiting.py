"""Who waits for room in the plan is answered neutrally: nothing counts yet, and nothing is lost."""

from __future__ import annotations

import pytest

from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext
from tests.cast import ACME
from tests.plans import put_on_plan

from .conftest import Talk
from .test_member_commands import Inside, embed, give


def wait(context: TenantContext) -> None:
    member_id = give(context, "member", 50)
    Member.objects.filter(pk=member_id).update(waiting_since=clock.now())


@pytest.mark.parametrize("command", ["profile", "stats", "rank", "why"])
async def test_nothing_of_theirs_is_shown_yet(
    talk: Talk, inside: Inside, acme: TenantContext, command: str
) -> None:
    await inside(wait, acme)
    told = await talk.command("member", command)
    shown = embed(told)
    text = f"{shown.get('title', '')} {shown.get('description', '')} {shown.get('footer', '')}"
    if command != "why":  # an entry that stands explains itself
        assert "not counted yet" in text
        assert "50" not in text
    assert "plan" not in text


async def test_others_hear_that_they_have_none(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(wait, acme)
    told = await talk.command("owner", "profile", {"member": str(ACME.discord_id("member"))})
    assert "has no points yet" in str(embed(told))


@pytest.mark.parametrize("command", ["history", "why"])
async def test_who_did_nothing_lately_is_not_told_that_they_have_nothing(
    talk: Talk, inside: Inside, acme: TenantContext, command: str
) -> None:
    """All of it is older than the plan shows."""

    def long_ago(context: TenantContext) -> None:
        give(context, "member", 50)
        put_on_plan(context, history_days=0)
        talk.service.routing.load()  # type: ignore[attr-defined]

    await inside(long_ago, acme)
    text = str(embed(await talk.command("member", command)))
    assert "Nothing lately. What you did earlier is kept and counts" in text
    assert "plan" not in text
