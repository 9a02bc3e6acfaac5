"""What the community's plan lacks: members get a neutral line, staff the way to the plans."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

from tenants.models import Membership, Tenant
from tenants.permissions import MANAGE_GUILD
from tenants.tickets import get_tenant_address
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import Inside, embed

BARE = {"phases": [{"starts_at": "2020-01-01T00:00:00+00:00", "features": [], "limits": {}}]}


@sync_to_async
def put_on_a_bare_plan() -> None:
    Tenant.objects.filter(slug="acme").update(entitlements=BARE)


@sync_to_async
def keep_the_bill_from(name: str) -> None:
    row = Membership.objects.get(user__username=f"acme-{name}")
    row.role, row.taken = "admin", ["view_billing"]
    row.save()


def let_manage_the_server(talk: Talk) -> None:
    guild = talk.local.world.guilds[ACME.guild_id]
    role = next(one for one in guild.roles.values() if one.name == "Moderator")
    role.permissions |= MANAGE_GUILD


def buttons(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for row in answer["replies"][-1]["components"] for one in row["components"]]


async def test_staff_are_shown_the_way_and_others_a_neutral_line(
    talk: Talk, inside: Inside, settings: Any
) -> None:
    settings.BILLING_ON = True
    await put_on_a_bare_plan()
    told = await talk.command("owner", "setup announcements", {"where": "dm"})
    assert told["ephemeral"]
    assert "“Announcements” is not part of this community’s plan." in embed(told)["description"]
    [button] = buttons(told)
    assert button["url"] == f"{get_tenant_address('acme')}/dashboard/billing/plans/"
    await keep_the_bill_from("moderator")
    let_manage_the_server(talk)
    neutral = await talk.command("moderator", "setup announcements", {"where": "dm"})
    assert neutral["ephemeral"]
    assert embed(neutral)["description"] == "This is not available in this community."
    assert buttons(neutral) == []
