"""A downgrade that waits for the period's end, by a schedule."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from .shop import Shop, at

END = at("2027-05-01T00:00:00")


def downgrade(shop: Shop) -> tuple[Any, Any, str]:
    clock = shop.clock("2027-04-01T00:00:00")
    subscription = shop.subscribe(shop.customer(clock=clock))
    schedule = shop.stripe.v1.subscription_schedules.create({"from_subscription": subscription.id})
    phase = schedule.phases[0]
    schedule = shop.stripe.v1.subscription_schedules.update(
        schedule.id,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": shop.pro, "quantity": 1}],
                    "start_date": phase.start_date,
                    "end_date": phase.end_date,
                },
                {"items": [{"price": shop.starter, "quantity": 1}], "proration_behavior": "none"},
            ],
        },
    )
    return subscription, schedule, clock


def test_it_takes_place_with_the_next_period(shop: Shop) -> None:
    subscription, schedule, clock = downgrade(shop)
    assert (schedule.status, shop.get(subscription).schedule) == ("active", schedule.id)
    assert shop.stripe.v1.invoices.create_preview({"subscription": subscription.id}).amount_due == 1000
    shop.advance(clock, END + 3600)
    after = shop.get(subscription)
    assert (after["items"].data[0].price.id, shop.invoice(after).amount_paid) == (shop.starter, 1000)
    assert after["items"].data[0].id == subscription["items"].data[0].id
    assert shop.stripe.v1.invoice_items.list({"pending": True}).data == []
    shop.advance(clock, at("2027-06-01T02:00:00"))
    assert shop.stripe.v1.subscription_schedules.retrieve(schedule.id).status == "released"
    assert (shop.get(subscription).schedule, shop.invoice(subscription).amount_paid) == (None, 1000)


def test_released_it_changes_nothing(shop: Shop) -> None:
    subscription, schedule, clock = downgrade(shop)
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    released = shop.stripe.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.released_subscription) == ("released", subscription.id)
    shop.advance(clock, END + 3600)
    assert shop.invoice(subscription).amount_paid == 5000
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.subscription_schedules.release(schedule.id)


def test_cancelled_it_takes_the_subscription_along(shop: Shop) -> None:
    subscription, schedule, _ = downgrade(shop)
    assert shop.stripe.v1.subscription_schedules.cancel(schedule.id).status == "canceled"
    assert shop.get(subscription).status == "canceled"


def test_a_subscription_cancelled_takes_its_schedule_along(shop: Shop) -> None:
    subscription, schedule, _ = downgrade(shop)
    shop.stripe.v1.subscriptions.cancel(subscription.id)
    assert shop.stripe.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"


def test_it_can_begin_a_subscription_later_and_end_it(shop: Shop) -> None:
    clock = shop.clock("2027-04-01T00:00:00")
    schedule = shop.stripe.v1.subscription_schedules.create(
        {
            "customer": shop.customer(clock=clock),
            "start_date": END,
            "end_behavior": "cancel",
            "phases": [
                {
                    "items": [{"price": shop.pro, "quantity": 1}],
                    "duration": {"interval": "month", "interval_count": 2},
                }
            ],
        }
    )
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    shop.advance(clock, END)
    schedule = shop.stripe.v1.subscription_schedules.retrieve(schedule.id)
    assert schedule.status == "active"
    shop.advance(clock, at("2027-07-01T00:00:00"))
    subscription = shop.stripe.v1.subscriptions.retrieve(schedule.subscription)
    assert (subscription.status, subscription.ended_at) == ("canceled", at("2027-07-01T00:00:00"))
    assert shop.stripe.v1.subscription_schedules.retrieve(schedule.id).status == "completed"


def test_one_that_begins_later_is_paid_by_invoice(shop: Shop) -> None:
    clock = shop.clock("2027-04-01T00:00:00")
    schedule = shop.stripe.v1.subscription_schedules.create(
        {
            "customer": shop.customer(clock=clock),
            "start_date": END,
            "default_settings": {
                "collection_method": "send_invoice",
                "invoice_settings": {"days_until_due": 20},
            },
            "phases": [
                {
                    "items": [{"price": shop.pro}],
                    "metadata": {"kind": "retainer"},
                    "duration": {"interval": "month"},
                },
                {
                    "items": [{"price": shop.pro}],
                    "invoice_settings": {"days_until_due": 5},
                    "duration": {"interval": "month"},
                },
            ],
        }
    )
    assert schedule.default_settings.collection_method == "send_invoice"
    shop.advance(clock, END)
    name = shop.stripe.v1.subscription_schedules.retrieve(schedule.id).subscription
    begun = shop.stripe.v1.subscriptions.retrieve(str(name))
    assert (begun.collection_method, begun.days_until_due, begun.status) == ("send_invoice", 20, "active")
    assert begun.metadata["kind"] == "retainer"
    shop.advance(clock, at("2027-06-01T00:00:00"))
    assert shop.stripe.v1.subscriptions.retrieve(begun.id).days_until_due == 5


def test_released_before_it_began_it_never_begins(shop: Shop) -> None:
    clock = shop.clock("2027-04-01T00:00:00")
    schedule = shop.stripe.v1.subscription_schedules.create(
        {
            "customer": shop.customer(clock=clock),
            "start_date": END,
            "phases": [{"items": [{"price": shop.pro}]}],
        }
    )
    released = shop.stripe.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.released_subscription) == ("released", None)
    shop.advance(clock, END + 3600)
    assert shop.stripe.v1.subscriptions.list({"status": "all"}).data == []


def test_a_phase_within_a_period_is_prorated(shop: Shop) -> None:
    subscription, schedule, clock = downgrade(shop)
    half = at("2027-04-16T00:00:00")
    shop.stripe.v1.subscription_schedules.update(
        schedule.id,
        {
            "phases": [
                {
                    "items": [{"price": shop.pro}],
                    "start_date": schedule.phases[0].start_date,
                    "end_date": half,
                },
                {"items": [{"price": shop.starter}], "end_date": at("2027-06-01T00:00:00")},
            ]
        },
    )
    shop.advance(clock, half)
    assert shop.get(subscription)["items"].data[0].price.id == shop.starter
    assert sorted(one.amount for one in shop.stripe.v1.invoice_items.list({"pending": True})) == [-2500, 500]


def test_wrong_schedules_are_refused(shop: Shop) -> None:
    subscription, _, _ = downgrade(shop)
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        shop.stripe.v1.subscription_schedules.create({"from_subscription": subscription.id})
    with pytest.raises(stripe.InvalidRequestError, match="cannot set `end_behavior`"):
        shop.stripe.v1.subscription_schedules.create(
            {"from_subscription": subscription.id, "end_behavior": "cancel"}
        )


def test_a_phase_has_the_discounts_that_it_names_and_no_others(shop: Shop) -> None:
    """As Stripe says of `discounts`: one that is left out inherits the customer's, not the subscription's."""
    coupon = shop.stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"}).id
    clock = shop.clock("2027-04-01T00:00:00")
    subscription = shop.subscribe(shop.customer(clock=clock), discounts=[{"coupon": coupon}])
    schedule = shop.stripe.v1.subscription_schedules.create({"from_subscription": subscription.id})
    first = schedule.phases[0]
    assert [one.discount for one in first.discounts] == subscription.discounts
    now = {"items": [{"price": shop.pro}], "start_date": first.start_date, "end_date": first.end_date}
    kept: Any = [{"discount": subscription.discounts[0]}]
    later: Any = {"items": [{"price": shop.starter}], "proration_behavior": "none"}

    def plan(here: Any, then: Any) -> int:
        phases: Any = [now | here, later | then]
        shop.stripe.v1.subscription_schedules.update(schedule.id, {"phases": phases})
        return int(shop.stripe.v1.invoices.create_preview({"subscription": subscription.id}).total)

    assert plan({"discounts": kept}, {"discounts": kept}) == 500
    assert plan({"discounts": kept}, {}) == 1000
    assert shop.get(subscription).discounts == subscription.discounts
    assert plan({}, {}) == 1000
    assert shop.get(subscription).discounts == []
    assert (
        shop.server.last_event("customer.discount.deleted")["data"]["object"]["id"]
        == subscription.discounts[0]
    )
    shop.advance(clock, END + 7200)
    assert shop.invoice(subscription).total == 1000


@pytest.mark.parametrize("behavior", ["renew", "none"])
def test_an_end_that_is_not_modelled_is_refused_by_name(shop: Shop, behavior: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not model the parameter 'end_behavior'"):
        shop.stripe.v1.subscription_schedules.create(
            {
                "customer": shop.customer(),
                "end_behavior": behavior,  # type: ignore[typeddict-item]
                "phases": [{"items": [{"price": shop.pro}]}],
            }
        )
