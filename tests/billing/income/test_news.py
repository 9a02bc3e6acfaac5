"""Stripe's webhooks lead to the same: a support, its refund, a payout account; each worked off once in effect."""

from __future__ import annotations

from typing import Any

import pytest

from billing.inbox.processing import work_off
from billing.inbox.receiving import store_event
from billing.models import StripeEvent
from tests.billing.income.world import World


def work_off_all(world: World, *types: str, account: str = "") -> dict[str, str]:
    """Every event of those types is stored and worked off, twice. Answers what became of each type."""
    options: Any = {"stripe_account": account} if account else None
    listed = world.stripe.v1.events.list({"limit": 100}, options).data
    for event in reversed(listed):
        if event.type in types:
            data = event.to_dict()
            store_event(data)
            row = StripeEvent.objects.get(stripe_id=data["id"])
            for _ in range(2):
                work_off(event_id=row.pk)
    return dict(StripeEvent.objects.filter(type__in=types).values_list("type", "state"))


@pytest.mark.parametrize(
    "type_", ["checkout.session.completed", "customer.subscription.created", "invoice.paid"]
)
def test_any_news_of_a_beginning_is_enough(world: World, type_: str) -> None:
    tier, member = world.tier(points=50), world.member()
    world.pay(world.begin(member, tier))
    assert work_off_all(world, type_) == {type_: "processed"}
    assert (world.supporter(member).state, world.points(member)) == ("active", 50)
    assert {row.tenant_id for row in StripeEvent.objects.all()} == {world.tenant_id}


def test_a_refund_at_stripe_s_dashboard_takes_the_points_back(world: World) -> None:
    member = world.member()
    world.support(member, world.tier(points=50))
    (charge,) = world.charges(member)
    world.stripe.v1.refunds.create({"charge": charge.id})
    assert work_off_all(world, "charge.refunded") == {"charge.refunded": "processed"}
    (payment,) = world.payments()
    assert (payment.refunded, payment.fee, world.points(member)) == (500, 40, 0)
    assert world.supporter(member).state == "active"


def test_an_account_that_is_ready_is_heard_of(fresh: World) -> None:
    fresh.onboard("no_bank")
    account = fresh.account().stripe_id or ""

    def enable(store: object) -> None:
        from ops.sandbox.stripe.resources.connect import enable_account

        enable_account(store, account)  # type: ignore[arg-type]

    fresh.server.write(enable)
    assert work_off_all(fresh, "account.updated", account=account) == {"account.updated": "processed"}
    assert fresh.account().can_sell


def test_an_account_of_nobody_is_passed_over(fresh: World) -> None:
    made = fresh.stripe.v1.accounts.create({"type": "express"})
    fresh.stripe.v1.accounts.update(made.id, {"email": "x@example.org"})
    assert work_off_all(fresh, "account.updated", account=made.id) == {"account.updated": "ignored"}
