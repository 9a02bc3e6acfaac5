"""The bot's figures are those of the member's page on the web, to the last point."""

from __future__ import annotations

import re

from django.test import Client

from tenants.context import TenantContext
from tenants.tickets import get_tenant_address
from tests.cast import ACME

from .conftest import Talk
from .test_figures import fields_of
from .test_member_commands import Inside, embed, give


def read_page(context: TenantContext, member_id: int) -> str:
    """What the page says, without its markup."""
    host = get_tenant_address(context.slug).partition("://")[2]
    answer = Client(headers={"host": host}).get(f"/members/{member_id}/", follow=True)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


async def test_stats_and_compare_say_what_the_page_says(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    member_id = await inside(give, acme, "member", 12_345)
    await inside(give, acme, "owner", 20_000)
    await inside(give, acme, "stranger", 7)
    page = await inside(read_page, acme, member_id)

    stats = await talk.command("stranger", "stats", {"member": ACME.discord_id("member")})
    shown = fields_of(stats)
    for period in ("all time", "this month", "this week"):
        [figure] = re.findall(rf"Earned · {period} ([\d,]+)", page)
        assert f"{figure} {period}" in shown["Earned"]
    for period in ("All time", "Season", "Month", "Week"):
        [rank] = re.findall(rf"{period} # ?([\d,]+)", page)
        assert f"{period}: {rank} of 3" in shown["Places"]

    compared = await talk.command("stranger", "compare", {"member": ACME.discord_id("member")})
    theirs = embed(compared)["fields"][1]["value"]
    [following] = re.findall(r"more to level (\d+)", page)
    assert theirs.startswith(f"Level {int(following) - 1}\n")
    assert "12,345 all time" in theirs
    assert "Rank 2" in theirs
