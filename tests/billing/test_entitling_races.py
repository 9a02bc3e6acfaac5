"""Several writers of one community's entitlements at the same moment: none of them is lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from billing import entitling
from billing.entitling import get_gift, give_plan, write_entitlements
from billing.models import Payer, Subscription
from billing.phases import build_phases
from saas.core import clock
from saas.core.schemas import enter_schema
from saas.events.models import TenantEvent
from tenants.context import TenantContext
from tenants.entitlements import Entitlements
from tenants.models import Tenant, User
from tests.limits.racing import ROUNDS, at_once, meet, row_locks_off


def race(acme: TenantContext, patch: pytest.MonkeyPatch) -> tuple[bool, int, int]:
    """Staff give Pro while the mirror writes a paid Growth. Answers whether both are there, the version, and how often it was told."""
    now = clock.now()
    before = Tenant.objects.get(pk=acme.tenant_id).entitlements_version
    told = len(news(acme))
    payer, _ = Payer.objects.get_or_create(user=User.objects.get(username="acme-owner"))
    Subscription.objects.create(
        tenant_id=acme.tenant_id, payer=payer, stripe_id=f"sub_{before}", plan="growth", currency="usd", status="active",
        created_at=now - timedelta(days=1), period_end=now + timedelta(days=20),
    )  # fmt: skip
    between = meet(threading.Barrier(2))

    def paused(*args: Any) -> list[dict[str, Any]]:
        between()
        return build_phases(*args)

    with patch.context() as inner:
        inner.setattr(entitling, "build_phases", paused)
        refused = at_once(
            lambda: give_plan(tenant_id=acme.tenant_id, plan="pro"),
            lambda: write_entitlements(tenant_id=acme.tenant_id),
        )
    assert refused == []
    row = Tenant.objects.get(pk=acme.tenant_id)
    found = Entitlements.parse(row.entitlements, row.entitlements_version)
    phase = found.phase_at(now + timedelta(minutes=1))
    both = get_gift(row) is not None and phase is not None and phase.plan == "pro"
    return both, row.entitlements_version - before, len(news(acme)) - told


def news(acme: TenantContext) -> list[str]:
    """From the table and not as readers page through it: they wait until nobody older is writing."""
    with enter_schema(acme.schema):
        return list(TenantEvent.objects.filter(type="EntitlementsChanged").values_list("type", flat=True))


def clear(acme: TenantContext) -> None:
    Subscription.objects.all().delete()
    Tenant.objects.filter(pk=acme.tenant_id).update(entitlements={})


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_writer_overwrites_another(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    for _ in range(rounds):
        both, versions, told = race(acme, monkeypatch)
        assert both
        # Whoever came second found what the first one wrote; that may have been right already.
        assert versions == told
        assert versions in {1, 2}
        clear(acme)


def test_the_race_can_be_seen(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = 0
    for _ in range(10):
        with row_locks_off(monkeypatch):
            both, versions, told = race(acme, monkeypatch)
        lost += not both or versions < told
        clear(acme)
    assert lost
