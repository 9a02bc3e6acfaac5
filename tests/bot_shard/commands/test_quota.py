"""A community's commands of a minute, by its plan: members wait a little and read nothing of a plan, the team is shown the way."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.db import connection

from tenants.models import Tenant
from tenants.tickets import get_tenant_address

from .conftest import Talk
from .test_boosts import press
from .test_member_commands import Inside, embed
from .test_plan_answers import buttons


async def put_on_a_plan(talk: Talk, commands: int) -> None:
    await sync_to_async(_write_plan)(commands)
    await asyncio.to_thread(_reload, talk)


def _write_plan(commands: int) -> None:
    phase = {
        "starts_at": "2020-01-01T00:00:00+00:00",
        "features": ["boosts"],
        "limits": {"commands": commands},
    }
    Tenant.objects.filter(slug="acme").update(entitlements={"phases": [phase]})


def _reload(talk: Talk) -> None:
    try:
        talk.service.routing.load()  # type: ignore[attr-defined]
    finally:
        connection.close()


async def test_members_wait_and_buttons_go_on(talk: Talk, inside: Inside) -> None:
    await put_on_a_plan(talk, 2)
    asked = await talk.command("owner", "boost start", {"hours": 1})
    assert "title" in embed(await talk.command("member", "earn"))

    waits = await talk.command("member", "help")
    assert waits["ephemeral"]
    assert "Many commands are used here right now. You can use this again in" in embed(waits)["description"]
    assert "plan" not in embed(waits)["description"]
    assert buttons(waits) == []
    assert "runs: ×2" in await press(talk, asked, "Start")
    assert "title" in embed(await talk.command("member", "earn", guild="Globex Guild")), "theirs is apart"


async def test_the_team_is_shown_the_way_to_more_once_in_a_while(talk: Talk, inside: Inside) -> None:
    await put_on_a_plan(talk, 1)
    await talk.command("member", "earn")

    told, again = [await talk.command("owner", "help") for _ in range(2)]
    assert told["ephemeral"]
    assert "This community’s plan includes 1 commands a minute." in embed(told)["description"]
    assert [one["url"] for one in buttons(told)] == [f"{get_tenant_address('acme')}/dashboard/billing/plans/"]
    assert buttons(again) == []
    assert "again in" in embed(again)["description"]
