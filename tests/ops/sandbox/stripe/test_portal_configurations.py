"""What the portal offers."""

from __future__ import annotations

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


def test_the_first_is_the_default_and_parts_are_merged(stripe_server: StripeServer):
    configurations = stripe_server.client.v1.billing_portal.configurations
    features = {
        "subscription_cancel": {
            "enabled": True,
            "cancellation_reason": {"enabled": True, "options": ["unused"]},
        }
    }

    first = configurations.create({"features": features, "business_profile": {"headline": "EngageHub"}})
    second = configurations.create({"features": {"invoice_history": {"enabled": True}}})
    changed = configurations.update(first.id, {"features": {"invoice_history": {"enabled": True}}})

    assert (first.is_default, second.is_default) == (True, False)
    assert changed.features.subscription_cancel.cancellation_reason.options == ["unused"]
    assert changed.features.subscription_cancel.mode == "at_period_end"
    assert changed.features.invoice_history.enabled
    assert [one.id for one in configurations.list({"is_default": True}).data] == [first.id]


def test_what_cannot_be_is_refused(stripe_server: StripeServer):
    configurations = stripe_server.client.v1.billing_portal.configurations
    first = configurations.create({"features": {"invoice_history": {"enabled": True}}})
    update = {"features": {"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}}}

    assert refusal(lambda: configurations.update(first.id, {"active": False})).param == "active"
    assert refusal(lambda: configurations.create(update)).code == "parameter_missing"
