"""The bot's figures are those of the member's page on the web, to the last point."""

from __future__ import annotations

import re

from django.test import Client

from bot_shard.cogs.figures import read_figures, read_pair
from bot_shard.looking import Person
from tenants.context import TenantContext, enter_tenant
from tenants.tickets import get_tenant_address
from tests.cast import ACME

from .test_member_commands import give


def read_page(context: TenantContext, member_id: int) -> str:
    """What the page says, without its markup."""
    host = get_tenant_address(context.slug).partition("://")[2]
    answer = Client(headers={"host": host}).get(f"/members/{member_id}/", follow=True)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def person(role: str) -> Person:
    return Person(ACME.discord_id(role), f"Acme {role.title()}", "")


def test_stats_and_compare_read_what_the_page_says(
    db: None, redis_cache: object, acme: TenantContext
) -> None:
    with enter_tenant(acme):
        member_id = give(acme, "member", 12_345)
        give(acme, "owner", 20_000)
        give(acme, "stranger", 7)
        found = read_figures(person("member"), own=False, context=acme).figures
        pair = read_pair(person("stranger"), person("member"))
    page = read_page(acme, member_id)

    assert found is not None
    profile = found.profile
    for period, points in (
        ("all time", profile.lifetime), ("this month", profile.month_points), ("this week", profile.week_points),
    ):  # fmt: skip
        assert re.findall(rf"Earned · {period} ([\d,]+)", page) == [f"{points:,}"]
    names = {"all": "All time", "season": "Season", "month": "Month", "week": "Week"}
    assert [kind for kind, _ in found.places] == list(names)
    for kind, place in found.places:
        assert re.findall(rf"{names[kind]} # ?([\d,]+)", page) == [f"{place.rank:,}"]
    assert re.findall(r"more to level (\d+)", page) == [str(profile.level + 1)]
    assert pair.theirs == profile
