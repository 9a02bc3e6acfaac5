"""Somebody cancels while what was set aside for a bank is planned again: one of the two holds, never a mixture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from billing import asides, mirror, performing
from billing.asides import put_back, set_aside
from billing.changing import cancel_subscription
from billing.errors import PlanChangedError
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt, Subscription
from billing.shifts import version_of
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant
from tests.billing.shop import ACTOR, Shop
from tests.billing.test_changing import change
from tests.limits.racing import ROUNDS, at_once, meet

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]


@contextmanager
def unlocked(_: int) -> Iterator[None]:
    with enter_schema(PUBLIC), transaction.atomic():
        yield


def race(shop: Shop, patch: pytest.MonkeyPatch) -> tuple[list[type], bool, str]:
    """What was refused, whether it is cancelled, and what is planned, as Stripe has it."""
    for model in (Subscription, BillingAttempt):
        model._default_manager.all().delete()
    Tenant.objects.filter(pk=shop.tenant.pk).update(entitlements={})
    shop.buy()
    change(shop, "starter")
    set_aside(row=shop.row(), actor=ACTOR)
    version, tenant = version_of(shop.row()), shop.tenant.pk
    fetching, together, mine = mirror.fetch_subscription, meet(threading.Barrier(2)), threading.local()

    def fetch(stripe_id: str) -> dict[str, Any] | None:
        """Neither goes on from its first look before the other has looked."""
        found = fetching(stripe_id)
        if not hasattr(mine, "looked"):
            mine.looked = True
            together()
        return found

    with patch.context() as inner:
        inner.setattr(mirror, "fetch_subscription", fetch)
        refused = at_once(
            lambda: put_back(tenant_id=tenant),
            lambda: cancel_subscription(tenant_id=tenant, version=version, actor=ACTOR),
        )
    row = refresh_subscription(stripe_id=shop.row().stripe_id)
    assert row is not None
    return [type(one) for one in refused], row.cancel_at is not None, row.next_plan


HOLDS = (([], True, ""), ([PlanChangedError], False, "starter"))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_either_it_ends_or_the_other_plan_comes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    shop.skip_trial()
    for _ in range(rounds):
        assert race(shop, monkeypatch) in HOLDS


def test_without_the_lock_it_comes_to_a_mixture(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.skip_trial()
    for module in (asides, performing):
        monkeypatch.setattr(module, "holding_tenant", unlocked)
    assert race(shop, monkeypatch) not in HOLDS
