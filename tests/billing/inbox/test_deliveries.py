"""What the local Stripe signs and sends comes in at the address, in any order and repeated, and leads to what Stripe says."""

from __future__ import annotations

import random

import pytest
from django.test import Client

from billing.inbox.processing import work_off
from billing.mirror import refresh_subscription
from billing.models import StripeEvent, Subscription
from tenants.routing import get_routing
from tests.billing.inbox.scene import Paying, begin_paying
from tests.stripe import StripeServer

PATH = "/stripe/webhook/"


@pytest.fixture
def life(db: None, _endpoint: None, redis_cache: object, stripe_server: StripeServer) -> Paying:
    """Subscribed, refunded a little, cancelled for the period's end, resumed and ended; we heard of nothing."""
    get_routing().load()
    paying = begin_paying(stripe_server)
    stripe = stripe_server.client.v1
    charge = stripe.charges.list({"customer": paying.customer_id}).data[0].id
    stripe.refunds.create({"charge": charge, "amount": 100})
    paying.cancel_there()
    stripe.subscriptions.update(paying.subscription_id, {"cancel_at_period_end": False})
    paying.end_there()
    return paying


def deliver(server: StripeServer, order: list[str]) -> list[int]:
    found = []
    for event_id in order:
        body, signature = server.signed(event_id)
        headers = {"host": "localhost", "Stripe-Signature": signature}
        answer = Client().post(PATH, body, content_type="application/json; charset=utf-8", headers=headers)
        found.append(answer.status_code)
    return found


def facts() -> list[tuple[object, ...]]:
    return list(
        Subscription.objects.values_list(
            "stripe_id", "plan", "status", "ended_at", "cancel_at", "unpaid_since"
        )
    )


@pytest.mark.parametrize("seed", range(4))
def test_each_twice_in_any_order_ends_in_the_same_state(life: Paying, seed: int) -> None:
    ids = [one["id"] for one in life.server.events] * 2
    random.Random(seed).shuffle(ids)
    assert set(deliver(life.server, ids)) == {200}
    assert StripeEvent.objects.count() == len(set(ids))
    waiting = list(StripeEvent.objects.values_list("pk", flat=True))
    random.Random(seed).shuffle(waiting)
    for pk in waiting:
        work_off(event_id=pk)
    assert not StripeEvent.objects.exclude(state__in=["processed", "ignored"]).exists()
    heard = facts()
    refresh_subscription(stripe_id=life.subscription_id)
    assert heard == facts()
    assert [row[2] for row in heard] in (["canceled"], [])


def test_forged_stale_and_changed_ones_store_nothing(life: Paying) -> None:
    event = life.server.events[-1]
    for how in ({"secret": "whsec_forged"}, {"age": 301}, {"livemode": True}):
        body, signature = life.server.signed(event, **how)
        headers = {"host": "localhost", "Stripe-Signature": signature}
        answer = Client().post(PATH, body, content_type="application/json", headers=headers)
        assert answer.status_code == 400, how
    assert not StripeEvent.objects.exists()
