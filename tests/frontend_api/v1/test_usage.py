"""What was used of that which is sold by use, over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from billing.models import SpendingCap, UsageMonth
from saas.core import clock
from tests.billing.making import subscribed, tenant_of
from tests.frontend_api.v1.asking import Api


@pytest.fixture
def accountant(key_of: Callable[..., Api]) -> Api:
    return key_of("usage:read")


def test_without_a_plan_there_is_nothing_to_read(accountant: Api) -> None:
    told = accountant.get("usage").json()
    assert (told["lines"], told["cost"], told["cap"], told["cap_in_force"]) == ([], 0, 0, False)


def test_it_says_what_was_used_and_what_it_costs(accountant: Api) -> None:
    row = subscribed(period_end=datetime(2099, 1, 1, tzinfo=UTC))
    tenant = tenant_of()
    phase = {
        "starts_at": "2026-01-01T00:00:00+00:00",
        "plan": "growth",
        "why": "paid",
        "limits": {},
        "features": [],
    }
    tenant.entitlements, tenant.entitlements_version = {"phases": [phase]}, 2
    tenant.save()
    SpendingCap.objects.create(tenant=tenant, payer=row.payer, amount=500, currency="usd")
    month = clock.now().date().replace(day=1)
    UsageMonth.objects.create(
        tenant=tenant, meter="boost_hours", month=month, included=60, used=63, charged=3
    )
    told = accountant.get("usage").json()
    assert (told["currency"], told["cap"], told["cap_in_force"], told["cost"]) == ("usd", 500, True, 30)
    (line,) = told["lines"]
    assert (line["meter"], line["included"], line["charged"], line["cost"]) == ("boost_hours", 60, 3, 30)


def test_it_is_for_admins_and_keys_with_the_scope(key_of: Callable[..., Api]) -> None:
    assert key_of("levels:read").get("usage").status_code == 403
    assert Api().get("usage").status_code == 401
    assert Api().as_person("acme-moderator").get("usage").status_code == 403
    assert Api().as_person("acme-owner").get("usage").status_code == 200
