"""What runs out: what is left of each reward and the demand of the last eight weeks, as the forecast is given them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engagement.analytics.forecast import forecast_stock
from engagement.analytics.stock import list_stock
from engagement.rewards.models import RewardCode
from tenants.context import TenantContext, enter_tenant
from tests.engagement.analytics.shop import redeemed, reward

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = NOW - 400 * DAY


def test_what_runs_out_first_stands_first(acme: TenantContext) -> None:
    with enter_tenant(acme):
        quick = reward("Quick", stock=12, reserved=2, created_at=OLD)
        slow = reward("Slow", stock=10, created_at=OLD)
        reward("Never asked for", stock=3, created_at=OLD)
        gone = reward("Gone", stock=0, created_at=OLD)
        reward("No end", created_at=OLD)
        reward("Paused", stock=1, state="paused", created_at=OLD)
        reward("Over", stock=1, ends_at=NOW, created_at=OLD)
        for week in range(8):
            redeemed(quick, 1, NOW - (7 * week + 3) * DAY)
            redeemed(quick, 2, NOW - (7 * week + 1) * DAY, "requested")
        redeemed(slow, 1, NOW - 30 * DAY)
        redeemed(gone, 1, NOW - 3 * DAY)
        lines = list_stock(now=NOW)
    assert [(line.name, line.free) for line in lines] == [
        ("Gone", 0),
        ("Quick", 10),
        ("Slow", 10),
        ("Never asked for", 3),
    ]
    assert lines[1].outlook == forecast_stock(free=10, weekly=[2] * 8, weeks=8.0)
    assert lines[1].outlook is not None
    assert lines[1].outlook.low < 5 < lines[1].outlook.high
    assert lines[3].outlook is None


def test_what_came_back_was_no_demand_and_what_is_older_counts_no_more(acme: TenantContext) -> None:
    with enter_tenant(acme):
        mug = reward("Mug", stock=5, created_at=OLD)
        for state in ("rejected", "cancelled", "expired"):
            redeemed(mug, 1, NOW - DAY, state)
        redeemed(mug, 1, NOW - 57 * DAY)
        assert list_stock(now=NOW)[0].outlook is None
        redeemed(mug, 1, NOW - 55 * DAY)
        assert list_stock(now=NOW)[0].outlook == forecast_stock(free=5, weekly=[0] * 7 + [1], weeks=8.0)


def test_a_new_reward_is_judged_by_the_time_that_it_was_there(acme: TenantContext) -> None:
    with enter_tenant(acme):
        mug = reward("Mug", stock=5, created_at=NOW - 14 * DAY)
        drop = reward("Drop", stock=50, created_at=OLD, starts_at=NOW - timedelta(hours=1))
        redeemed(mug, 1, NOW - DAY)
        redeemed(drop, 1, NOW)
        found = {line.name: line for line in list_stock(now=NOW)}
    assert found["Mug"].weeks == pytest.approx(2.0)
    assert found["Drop"].weeks == pytest.approx(1 / 7)
    assert found["Mug"].outlook is not None
    assert found["Mug"].outlook.weekly == pytest.approx(0.5)


def test_a_pool_of_codes_has_as_many_as_are_free(acme: TenantContext) -> None:
    with enter_tenant(acme):
        key = reward("Game key", kind="code", created_at=OLD)
        one = redeemed(key, 1, NOW - DAY)
        RewardCode.objects.create(reward=key, sealed="x", digest=b"1", redemption=one)
        RewardCode.objects.create(reward=key, sealed="x", digest=b"2", withdrawn_at=NOW)
        for number in range(3):
            RewardCode.objects.create(reward=key, sealed="x", digest=bytes([10 + number]))
        assert [(line.name, line.free) for line in list_stock(now=NOW)] == [("Game key", 3)]


def test_pages_go_on_and_the_number_of_queries_does_not_grow(
    acme: TenantContext, django_assert_num_queries: Any
) -> None:
    with enter_tenant(acme):
        for number in range(12):
            redeemed(reward(f"Reward {number:02}", stock=10 + number, created_at=OLD), 1, NOW - 2 * DAY)
        with django_assert_num_queries(2):
            first = list_stock(now=NOW, limit=5)
        second = list_stock(now=NOW, limit=50, offset=5)
    assert [line.name for line in first + second] == [f"Reward {number:02}" for number in range(12)]
