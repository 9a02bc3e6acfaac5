"""What payers can do on Stripe's own pages stands at Stripe's as it is declared."""

from __future__ import annotations

import pytest

from billing import portal_settings, syncing
from billing.syncing import sync_plans
from tests.stripe import StripeServer


@pytest.fixture(autouse=True)
def _the_portal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("products", "meters", "prices", "coupons"):
        monkeypatch.setattr(syncing, f"_sync_{name}", lambda sync: None)


def test_it_is_made_once_and_brought_back_when_it_was_changed(db: None, stripe_server: StripeServer) -> None:
    assert [(one.kind, one.text, one.done) for one in sync_plans(dry_run=True)] == [
        ("portal", "missing", False)
    ]
    assert [(one.kind, one.text, one.done) for one in sync_plans()] == [("portal", "missing", True)]
    assert sync_plans() == []
    stripe = stripe_server.client
    made = portal_settings.find_configuration(stripe)
    assert made is not None
    assert not made.features.subscription_update.enabled
    stripe.v1.billing_portal.configurations.update(
        made.id, {"features": {"subscription_cancel": {"enabled": False}}}
    )
    assert [one.text for one in sync_plans()] == ["subscription_cancel differ"]
    mended = portal_settings.find_configuration(stripe)
    assert mended is not None
    assert (mended.id, mended.features.subscription_cancel.enabled) == (made.id, True)
    assert sync_plans() == []


def test_another_declaration_of_the_same_day_is_another_configuration(
    db: None, stripe_server: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = portal_settings.make_configuration(stripe_server.client)
    assert portal_settings.make_configuration(stripe_server.client) == first
    monkeypatch.setattr(portal_settings, "MARK", {"engagehub": "another"})
    assert portal_settings.make_configuration(stripe_server.client) != first
