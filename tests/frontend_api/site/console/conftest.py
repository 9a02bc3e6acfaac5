"""What the tests of the console share: the owner of Acme and Globex, who pays for both."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.billing.conftest import shop as shop

if TYPE_CHECKING:
    from django.test import Client

    from tests.frontend_api.hosts import Browser


@pytest.fixture
def agency(pages: Browser, settings: Any) -> Client:
    """acme-owner owns Globex as well, pays for Acme by the month in dollars and for Globex by the year in euros."""
    from billing.entitling import write_entitlements
    from billing.models import Subscription
    from saas.core import clock
    from tenants.models import Membership
    from tests.billing.making import owner_of, payer_of, subscribed
    from tests.cast import GLOBEX
    from tests.frontend_api.hosts import BASE, PASSWORD

    settings.BILLING_ON = True
    owner = owner_of()
    Membership.objects.filter(tenant__slug="globex", role="owner").update(role="admin")
    Membership.objects.create(
        tenant_id=Membership.objects.filter(tenant__slug="globex").first().tenant_id,
        user=owner,
        role="owner",  # type: ignore[union-attr]
    )
    end = clock.now() + timedelta(days=20)
    subscribed(period_end=end)
    globex = Membership.objects.filter(tenant__slug="globex").select_related("tenant").first()
    assert globex is not None
    Subscription.objects.create(
        tenant=globex.tenant, payer=payer_of(), stripe_id=f"sub_{GLOBEX.slug}", plan="pro", interval="year",
        currency="eur", status="active", period_end=end, created_at=clock.now(),
    )  # fmt: skip
    for tenant_id in Subscription.objects.values_list("tenant_id", flat=True):
        write_entitlements(tenant_id=tenant_id)
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    return client
