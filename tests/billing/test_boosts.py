"""Boosts against the plan: what is included, what is above it and its cost, and that only the owner's cap lets it run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.boosts import get_hours_now, quote_boost, start_boost, take_back_stop
from billing.models import SpendingCap, Subscription
from engagement.audit.actor import SYSTEM
from engagement.boosts.errors import BoostHoursError
from engagement.boosts.services import BoostDraft, stop_boost
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tests.billing.making import subscribed

pytestmark = pytest.mark.usefixtures("db")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon(db: None, settings: Any) -> Any:
    settings.BILLING_ON = True
    with clock.frozen_at(NOON):
        yield


def sell(context: TenantContext, *, currency: str = "usd") -> None:
    """Starter, which includes twelve hours, paid for."""
    subscribed(plan="starter", currency=currency)
    phase = {
        "starts_at": "2026-01-01T00:00:00+00:00",
        "plan": "starter",
        "why": "paid",
        "features": ["boosts"],
        "limits": {"boost_hours": 12},
    }
    Tenant.objects.filter(pk=context.tenant_id).update(entitlements={"phases": [phase]})


def allow(context: TenantContext, amount: int) -> None:
    """The owner's cap, in cents a month."""
    payer_id = Subscription.objects.get(tenant_id=context.tenant_id).payer_id
    SpendingCap.objects.create(
        tenant_id=context.tenant_id, payer_id=payer_id, amount=amount, currency="usd", changed_at=NOON - HOUR
    )


def draft(hours: int, after: timedelta = HOUR) -> BoostDraft:
    return BoostDraft("Double", 200, {}, NOON + after, NOON + after + hours * HOUR)


def start(context: TenantContext, wanted: BoostDraft, key: str = "one") -> Any:
    with enter_tenant(context):
        return start_boost(context=context, draft=wanted, actor=SYSTEM, key=key)


def test_a_quote_says_what_is_above_the_plan_and_its_cost_in_the_currency_paid(acme: TenantContext) -> None:
    sell(acme, currency="eur")
    start(acme, draft(8))

    with enter_tenant(acme):
        quote = quote_boost(context=acme, draft=draft(10, 20 * HOUR))

    [month] = quote.months
    assert (quote.hours, quote.over, quote.cost, quote.currency) == (10, 6, 60, "eur")
    assert (month.included, month.taken, month.left) == (12, 8, 4)
    assert not quote.is_allowed


def test_above_the_plan_nothing_runs_until_the_owner_allows_it(acme: TenantContext) -> None:
    sell(acme)
    with pytest.raises(BoostHoursError):
        start(acme, draft(14))

    allow(acme, 20)

    assert start(acme, draft(14)).pk
    with pytest.raises(BoostHoursError):
        start(acme, draft(1, 48 * HOUR), "two")


def test_each_month_is_counted_by_itself(acme: TenantContext) -> None:
    sell(acme)
    last_day = timedelta(days=10, hours=6)  # 18:00 on the thirtieth

    with enter_tenant(acme):
        quote = quote_boost(context=acme, draft=draft(16, last_day))

    assert [(month.starts_at.month, month.needed) for month in quote.months] == [(11, 6), (12, 10)]
    assert quote.is_allowed


def test_the_same_request_answers_what_it_made_though_time_went_on(acme: TenantContext) -> None:
    sell(acme)
    first = start(acme, draft(2))

    with clock.frozen_at(NOON + 5 * HOUR):
        assert start(acme, draft(2)).pk == first.pk


def test_hours_of_the_month_are_told(acme: TenantContext) -> None:
    sell(acme)
    start(acme, draft(5))

    with clock.frozen_at(NOON + 3.5 * HOUR), enter_tenant(acme):
        hours = get_hours_now(context=acme)

    assert (hours.used, hours.planned, hours.included, hours.left) == (3, 2, 12, 7)


def test_a_stop_is_taken_back_only_within_the_hours(acme: TenantContext) -> None:
    sell(acme)
    first = start(acme, draft(12))
    with enter_tenant(acme):
        stop_boost(context=acme, boost_id=first.pk, actor=SYSTEM)
    start(acme, draft(6, 48 * HOUR), "two")

    with enter_tenant(acme), pytest.raises(BoostHoursError):
        take_back_stop(context=acme, boost_id=first.pk, actor=SYSTEM)

    allow(acme, 60)
    with enter_tenant(acme):
        assert take_back_stop(context=acme, boost_id=first.pk, actor=SYSTEM).stopped_at is None
