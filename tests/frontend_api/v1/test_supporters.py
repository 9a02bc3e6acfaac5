"""Tiers, supporters and payments over REST, and one's own support. What Stripe does is tests/billing/income's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engagement.supporters.models import SupporterTier
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.supporting import connect, fresh, paid, support, tier
from tests.frontend_api.v1.asking import Api, code_of
from tests.plans import put_on_plan

Keys = Callable[..., Api]
People = Callable[[str], Api]
ALL = ("supporters:read", "supporters:write")
BODY = {"name": "Friends", "amount": 450, "currency": "eur", "interval": "month", "perks": ["A badge"]}


@pytest.fixture
def program(pages: Any, key_of: Keys) -> Api:
    return key_of(*ALL)


def test_a_program_keeps_the_tiers(program: Api, acme: TenantContext) -> None:
    made = program.post("supporter-tiers", BODY | {"points": 100})
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert made["Location"].endswith(f"/supporter-tiers/{key}")
    assert (made.json()["state"], made.json()["perks"], made.json()["supporters"]) == (
        "draft",
        ["A badge"],
        0,
    )
    etag = program.get(f"supporter-tiers/{key}")["ETag"]
    changed = program.patch(f"supporter-tiers/{key}", {"points": 5}, if_match=etag)
    assert (changed.json()["points"], changed.json()["amount"]) == (5, 450)
    stale = program.patch(f"supporter-tiers/{key}", {"points": 6}, if_match=etag)
    assert (stale.status_code, stale.json()["current"]["points"]) == (412, 5)
    assert program.patch(f"supporter-tiers/{key}", {"points": 6}).status_code == 428
    assert program.post(f"supporter-tiers/{key}/switch", {"state": "on_sale"}).json()["state"] == "on_sale"
    second = program.post("supporter-tiers", BODY | {"name": "Patrons"}).json()["key"]
    assert program.post(f"supporter-tiers/{second}/move", {"position": 1}).json()["position"] == 1
    assert [one["name"] for one in program.get("supporter-tiers").json()["items"]] == ["Patrons", "Friends"]
    assert program.delete(f"supporter-tiers/{second}").status_code == 204
    refused = program.delete(f"supporter-tiers/{key}")
    assert (refused.status_code, code_of(refused)) == (409, "supporter_tier_in_use")
    with enter_tenant(acme):
        assert SupporterTier.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": 99}, "amount"),
        ({"amount": 1_000_001}, "amount"),
        ({"currency": "chf"}, "currency"),
        ({"interval": "week"}, "interval"),
        ({"perks": ["x"] * 7}, "perks"),
        ({"role_id": "12"}, "role_id"),
        ({"name": "\u202e"}, "name"),
        ({"price": 5}, "price"),
    ],
)
def test_what_makes_no_sense_is_named(program: Api, wrong: dict[str, Any], field: str) -> None:
    answer = program.post("supporter-tiers", BODY | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_everybody_reads_what_is_on_sale_while_one_can_begin(
    program: Api, acme: TenantContext, settings: Any
) -> None:
    tier(acme, "Draft", on_sale=False)
    friends = tier(acme)

    def offers() -> list[str]:
        return [one["key"] for one in Api().get("support-offers").json()["items"]]

    assert offers() == []
    connect(acme)
    assert offers() == [friends.key]
    assert "role_id" not in Api().get("support-offers").json()["items"][0]
    assert Api().get("supporter-tiers").status_code == 401
    settings.BILLING_ON = True
    put_on_plan(acme)
    from tenants.routing import get_routing

    get_routing().load()
    assert offers() == []
    refused = program.post(f"supporter-tiers/{friends.key}/switch", {"state": "on_sale"})
    assert refused.status_code == 200  # it is already
    assert program.post(f"supporter-tiers/{friends.key}/switch", {"state": "retired"}).status_code == 200
    closed = program.post(f"supporter-tiers/{friends.key}/switch", {"state": "on_sale"})
    assert (closed.status_code, closed.json()["feature"], closed.json()["plan"]) == (
        403,
        "supporters",
        "growth",
    )


def test_supporters_and_payments_come_page_by_page(program: Api, acme: TenantContext) -> None:
    friends, patrons = tier(acme), tier(acme, "Patrons", amount=2_000)
    grace = support(acme, friends)
    paid(acme, grace, days_ago=2, amount=500, fee=40)
    second = paid(acme, grace, days_ago=1, amount=500, fee=40)
    ada = support(acme, patrons, "Ada", 77_002)

    page = program.get("supporters?limit=1").json()
    assert [one["member_name"] for one in page["items"]] == ["Ada"]
    following = program.get(f"supporters?limit=1&cursor={page['next_cursor']}").json()
    assert [one["key"] for one in following["items"]] == [grace.key]
    assert following["next_cursor"] is None
    assert [one["key"] for one in program.get(f"supporters?tier={patrons.key}").json()["items"]] == [ada.key]
    assert program.get("supporters?state=ended").json()["items"] == []
    assert program.get("supporters?cursor=bm9uZQ").status_code == 422

    payments = program.get("supporter-payments?limit=1").json()
    assert (payments["items"][0]["key"], payments["items"][0]["fee"]) == (second.key, 40)
    rest = program.get(f"supporter-payments?limit=1&cursor={payments['next_cursor']}").json()
    assert len(rest["items"]) == 1
    assert program.get("supporter-payments?refunded=true").json()["items"] == []
    assert len(program.get(f"supporter-payments?supporter={grace.key}").json()["items"]) == 2
    item = payments["items"][0]
    assert (item["dispute"], item["disputed"], item["disputed_at"]) == ("", 0, None)
    text = program.get("supporters").content.decode() + program.get("supporter-payments").content.decode()
    assert "@" not in text


def test_one_supporter_comes_with_its_sums(program: Api, acme: TenantContext, globex: TenantContext) -> None:
    grace = support(acme, tier(acme))
    paid(acme, grace, days_ago=40, amount=500, fee=0, refunded=500)
    paid(acme, grace, amount=500, fee=40)
    found = program.get(f"supporters/{grace.key}").json()
    assert (found["key"], found["member_name"], found["state"]) == (grace.key, "Grace", "active")
    assert (found["payments"], found["paid"], found["refunded"], found["fee"], found["net"]) == (
        2,
        1_000,
        500,
        40,
        460,
    )
    assert (found["charged_back"], found["benefits_until"]) == (False, None)
    theirs = support(globex, tier(globex))
    for key in (theirs.key, "nobodys"):
        missing = program.get(f"supporters/{key}")
        assert (missing.status_code, code_of(missing)) == (404, "supporter_not_found")


def test_members_read_their_own_and_nothing_else(program: Api, acme: TenantContext, person: People) -> None:
    give(acme, CAST.discord_id("member"), "Mia", 0)
    mia = person("acme-member")
    missing = mia.get("me/support")
    assert (missing.status_code, code_of(missing)) == (404, "support_not_found")
    row = support(acme, tier(acme), "Mia", CAST.discord_id("member"))
    paid(acme, row, amount=500)
    found = mia.get("me/support").json()
    assert (found["state"], found["amount"], found["payments"], found["paid"]) == ("active", 500, 1, 500)
    for path in ("supporters", f"supporters/{row.key}", "supporter-payments", "supporter-tiers"):
        assert mia.get(path).status_code == 403
    assert program.get("me/support").status_code == 403
    assert program.post("me/support", {"tier": row.key}).status_code == 403


def test_another_communitys_are_not_there(program: Api, globex: TenantContext) -> None:
    theirs = tier(globex)
    payment = paid(globex, support(globex, theirs))
    assert program.get(f"supporter-tiers/{theirs.key}").status_code == 404
    assert program.delete(f"supporter-tiers/{theirs.key}").status_code == 404
    assert program.post(f"supporter-payments/{payment.key}/refund", {}).status_code == 404
    assert program.on(GLOBEX).get("supporters").status_code in (401, 403)
    assert fresh(globex, theirs).state == "on_sale"
