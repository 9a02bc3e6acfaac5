"""`manage.py sync_plans` against the local Stripe: everything once, then nothing, then only what differs."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from types import MappingProxyType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from billing import offers, plans, syncing
from billing.choosing import Choice, find_price
from billing.errors import SyncRunningError
from billing.offers import Code, Coupon
from billing.plans import INTERVALS, METERS, PLANS, get_plan
from billing.reading import plan_of_price
from billing.syncing import Difference, list_wanted_prices, sync_plans
from tests.stripe import StripeServer

Found = list[Difference]


def named(found: Found, kind: str) -> list[str]:
    return [one.name for one in found if one.kind == kind]


def test_an_empty_account_gets_everything_and_then_nothing_differs(
    db: None, stripe_server: StripeServer
) -> None:
    first = sync_plans()
    assert named(first, "product") == [
        "engagehub_starter", "engagehub_growth", "engagehub_pro", "engagehub_course", "engagehub_scale",
        "engagehub_enterprise", "engagehub_boost_hours", "engagehub_active_members",
    ]  # fmt: skip
    assert named(first, "meter") == list(METERS)
    assert set(named(first, "price")) == {
        thing.lookup_key(interval)
        for thing in [*(one for one in PLANS.values() if not one.is_free), *METERS.values()]
        for interval in INTERVALS
    }
    assert named(first, "portal") == ["settings"]
    assert all(one.done for one in first)
    assert sync_plans() == []


def test_what_is_sold_is_found_and_read_back(db: None, stripe_server: StripeServer) -> None:
    sync_plans()
    for plan in PLANS.values():
        for interval in INTERVALS:
            if plan.is_free:
                continue
            found = find_price(Choice(plan, interval, "eur"))
            price = stripe_server.client.v1.prices.retrieve(found, {"expand": ["currency_options"]}).to_dict()
            assert plan_of_price(price) == (plan.key, interval)
            assert price["currency_options"]["gbp"]["unit_amount"] == plan.price(interval, "gbp")
            assert price["recurring"]["interval"] == interval
    keys = [meter.lookup_key("month") for meter in METERS.values()]
    for one in stripe_server.client.v1.prices.list({"lookup_keys": keys}).data:
        data = one.to_dict()
        assert data["recurring"]["usage_type"] == "metered"
        assert plan_of_price(data) is None


def test_a_dry_run_says_it_all_and_writes_nothing(db: None, stripe_server: StripeServer) -> None:
    found = sync_plans(dry_run=True)
    assert {one.kind for one in found} == {"product", "meter", "price", "coupon", "code", "portal"}
    assert not any(one.done for one in found)
    assert len(stripe_server.client.v1.products.list().data) == 0
    assert stripe_server.events == []


def test_a_changed_price_is_a_new_one_that_takes_the_key(
    db: None, stripe_server: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_plans()
    before = find_price(Choice(get_plan("growth"), "month", "usd"))
    dearer = replace(get_plan("growth"), prices=plans._prices(30, 30, 24))
    monkeypatch.setattr(syncing, "PLANS", MappingProxyType({**PLANS, "growth": dearer}))
    found = sync_plans()
    assert named(found, "price") == ["growth_month", "growth_year"]
    assert "2500 usd" in found[0].text
    assert "3000 usd" in found[0].text
    now = find_price(Choice(get_plan("growth"), "month", "usd"))
    assert now != before
    old = stripe_server.client.v1.prices.retrieve(before)
    assert (old.active, old.unit_amount, old.lookup_key) == (False, 2500, None)
    assert plan_of_price(old.to_dict()) == ("growth", "month")  # for those who pay it
    assert sync_plans() == []


def test_what_was_changed_by_hand_is_brought_back(db: None, stripe_server: StripeServer) -> None:
    sync_plans()
    stripe = stripe_server.client
    price = find_price(Choice(get_plan("pro"), "year", "usd"))
    stripe.v1.products.update("engagehub_pro", {"name": "Something else"})
    stripe.v1.prices.update(price, {"metadata": {"plan": "free"}})
    [meter] = [one for one in stripe.v1.billing.meters.list().data if one.event_name == "boost_hours"]
    stripe.v1.billing.meters.deactivate(meter.id)
    [code] = stripe.v1.promotion_codes.list({"code": "WELCOME20"}).data
    stripe.v1.promotion_codes.update(code.id, {"active": False})
    stripe.v1.coupons.update("welcome_20", {"name": "Other"})
    assert [(one.kind, one.name) for one in sync_plans()] == [
        ("product", "engagehub_pro"),
        ("meter", "boost_hours"),
        ("price", "pro_year"),
        ("coupon", "welcome_20"),
        ("code", "WELCOME20"),
    ]
    assert stripe.v1.products.retrieve("engagehub_pro").name == "EngageHub Pro"
    assert sync_plans() == []


@pytest.mark.parametrize(
    "odd",
    [
        {"recurring": {"interval": "month", "interval_count": 3}},
        {"transform_quantity": {"divide_by": 10, "round": "up"}},
    ],
)
def test_a_price_that_was_made_by_hand_under_our_key_is_replaced(
    db: None, stripe_server: StripeServer, odd: dict[str, Any]
) -> None:
    """The same amounts, but for three months, or for ten cohorts at once."""
    sync_plans()
    right = find_price(Choice(get_plan("course"), "month", "usd"))
    made = stripe_server.client.v1.prices.retrieve(right, {"expand": ["currency_options"]}).to_dict()
    options = {
        one: {"unit_amount": made["currency_options"][one]["unit_amount"], "tax_behavior": "exclusive"}
        for one in ("eur", "gbp")
    }
    by_hand: Any = {
        "product": made["product"],
        "currency": "usd",
        "unit_amount": made["unit_amount"],
        "currency_options": options,
        "recurring": {"interval": "month"},
        "tax_behavior": "exclusive",
        "metadata": made["metadata"],
        "lookup_key": "course_month",
        "transfer_lookup_key": True,
        **odd,
    }
    wrong = stripe_server.client.v1.prices.create(by_hand).id
    assert find_price(Choice(get_plan("course"), "month", "usd")) == wrong
    (found,) = sync_plans()
    assert (found.name, found.done) == ("course_month", True)
    assert "another way of counting" in found.text
    assert find_price(Choice(get_plan("course"), "month", "usd")) not in {wrong, right}
    assert not stripe_server.client.v1.prices.retrieve(wrong).active
    assert sync_plans() == []


def test_a_coupon_that_cannot_change_says_so_and_a_retired_code_is_switched_off(
    db: None, stripe_server: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_plans()
    first = offers.COUPONS[0]
    changed: tuple[Coupon, ...] = (
        replace(first, percent=25, codes=(Code("WELCOME20", active=False),)),
        *offers.COUPONS[1:],
    )
    monkeypatch.setattr(syncing, "COUPONS", changed)
    coupon, code = sync_plans()
    assert (coupon.kind, coupon.done) == ("coupon", False)
    assert "give the coupon another key" in coupon.text
    assert (code.name, code.done) == ("WELCOME20", True)
    with pytest.raises(CommandError, match="cannot be changed"):
        call_command("sync_plans", stdout=StringIO())


def test_a_code_moves_to_the_coupon_that_it_is_declared_for(
    db: None, stripe_server: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_plans()
    first, *others = offers.COUPONS
    monkeypatch.setattr(syncing, "COUPONS", (replace(first, key="welcome_again"), *others))
    assert [one.text for one in sync_plans(dry_run=True)] == ["missing", "is another coupon’s", "missing"]
    assert len(sync_plans()) == 3
    listed = stripe_server.client.v1.promotion_codes.list({"code": "WELCOME20", "active": True}).data
    assert [one.to_dict()["promotion"]["coupon"] for one in listed] == ["welcome_again"]
    assert sync_plans() == []


def test_half_a_cohort_is_half_a_cohort_however_many_are_bought_and_for_how_long(
    db: None, stripe_server: StripeServer
) -> None:
    sync_plans()
    stripe = stripe_server.client.v1
    code = stripe.promotion_codes.list({"code": "CLASSROOM"}).data[0]
    taken = {}
    for interval, quantity, currency in (("month", 1, "usd"), ("month", 500, "usd"), ("year", 500, "gbp")):
        price = find_price(Choice(get_plan("course"), interval, currency, quantity))  # type: ignore[arg-type]
        invoice = stripe.invoices.create_preview(
            {
                "currency": currency,
                "subscription_details": {"items": [{"price": price, "quantity": quantity}]},
                "discounts": [{"promotion_code": code.id}],
            }
        )
        taken[interval, quantity] = sum(one.amount for one in invoice.total_discount_amounts or ())
    assert taken == {("month", 1): 1_000, ("month", 500): 1_000, ("year", 500): 800}


def test_the_command_says_each_difference_and_programs_can_read_it(
    db: None, stripe_server: StripeServer
) -> None:
    out = StringIO()
    call_command("sync_plans", "--dry-run", stdout=out)
    assert "price growth_month: missing: 2500 usd / 2500 eur / 2000 gbp a month (not done)" in out.getvalue()
    out = StringIO()
    call_command("sync_plans", "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    assert told["dry_run"] is False
    assert len(told["differences"]) > len(list_wanted_prices())
    out = StringIO()
    call_command("sync_plans", stdout=out)
    assert out.getvalue() == "Stripe is as declared.\n"


def test_without_a_key_or_without_stripe_it_says_why(db: None, settings: Any) -> None:
    with pytest.raises(CommandError, match="not sold on this installation"):
        call_command("sync_plans")
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = "sk_test_x", "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="payment provider did not answer"):
        call_command("sync_plans")


def test_two_at_a_time_do_not_make_the_same_price_twice(
    committed_db: None, stripe_server: StripeServer
) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("select pg_advisory_xact_lock(%s)", [syncing._LOCK])
            with pytest.raises(SyncRunningError):
                sync_plans()
            cursor.execute("rollback")
    finally:
        other.close()
    assert stripe_server.events == []
