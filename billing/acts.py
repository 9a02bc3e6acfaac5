"""The requests to Stripe that a change of plan is made of. Each carries its attempt's key, so that a repeat changes nothing more.

The caller (billing.performing) holds the tenant's lock and has just fetched the subscription that comes in as `data`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from .choosing import Choice, find_price
from .errors import CardDeclinedError
from .mirror import end_at_stripe
from .models import BillingAttempt
from .plans import get_plan
from .reading import UNPAID, id_of
from .shifts import item_changes, phase_items
from .stripe_api import telling_stripe

if TYPE_CHECKING:
    from stripe.params import SubscriptionScheduleUpdateParams, SubscriptionUpdateParams

Data = Mapping[str, Any]


def change(attempt: BillingAttempt, data: Data) -> None:
    """At once and charged in proportion; within a trial without any charge; or planned for the end of the period.

    A payment that fails leaves everything as it was: Stripe then changes nothing (error_if_incomplete), and what was planned is
    planned again.
    """
    wanted = attempt.wanted
    choice = _choice(wanted["plan"], wanted["interval"], wanted["currency"], wanted["quantity"])
    if wanted["when"] == "later":
        plan_later(key=attempt.key, data=data, choice=choice)
        return
    price = find_price(choice)
    how: dict[str, Any] = {"items": item_changes(data["items"]["data"], price, choice.quantity)}
    if wanted["when"] == "trial":
        how |= {"proration_behavior": "none"}
    else:
        how |= {
            "proration_behavior": "always_invoice",
            "proration_date": wanted["proration_date"],
            "payment_behavior": "allow_incomplete" if wanted["by_invoice"] else "error_if_incomplete",
        }
    release_schedule(key=attempt.key, data=data)
    try:
        with telling_stripe() as stripe:
            stripe.v1.subscriptions.update(
                data["id"],
                cast("SubscriptionUpdateParams", how),
                {"idempotency_key": f"change-{attempt.key}"},
            )
    except CardDeclinedError:
        if wanted["planned"]:
            plan, interval, quantity = wanted["planned"]
            planned = _choice(plan, interval, wanted["currency"], quantity)
            plan_later(key=attempt.key, data={**data, "schedule": None}, choice=planned)
        raise


def cancel(attempt: BillingAttempt, data: Data) -> None:
    """At the end of what was paid for. What was not paid ends at once, and its open invoices are written off."""
    release_schedule(key=attempt.key, data=data)
    if data["status"] not in UNPAID:
        with telling_stripe() as stripe:
            stripe.v1.subscriptions.update(
                data["id"], {"cancel_at_period_end": True}, {"idempotency_key": f"cancel-{attempt.key}"}
            )
        return
    end_at_stripe(data["id"], unpaid=True)


def resume(attempt: BillingAttempt, data: Data) -> None:
    """A cancellation that is still to come is taken back."""
    how: SubscriptionUpdateParams = (
        {"cancel_at_period_end": False} if data.get("cancel_at_period_end") else {"cancel_at": ""}
    )
    with telling_stripe() as stripe:
        stripe.v1.subscriptions.update(data["id"], how, {"idempotency_key": f"resume-{attempt.key}"})


def undo(attempt: BillingAttempt, data: Data) -> None:
    """A planned change is taken back."""
    release_schedule(key=attempt.key, data=data)


def plan_later(*, key: str, data: Data, choice: Choice) -> bool:
    """The period runs to its end as it is; then comes what was chosen, and the schedule lets the subscription go.

    False, and nothing is planned, where the subscription is no longer what `data` says: somebody changed it at Stripe's in this moment.
    """
    price = find_price(choice)
    schedule = _obtain_schedule(key, data)
    items, began = phase_items(data["items"]["data"]), schedule["current_phase"]
    running = next(one for one in schedule["phases"] if one["start_date"] == began["start_date"])
    if {one["price"] for one in items} != {id_of(one["price"]) for one in running["items"]}:
        release_schedule(key=f"{key}-moved", data={"schedule": schedule["id"]})
        return False
    # What a phase does not name, Stripe takes away.
    kept = [{"discount": id_of(one)} for one in data.get("discounts") or ()]
    phases = [
        {
            "items": items,
            "discounts": kept or "",
            "start_date": began["start_date"],
            "end_date": began["end_date"],
        },
        {
            "items": [{"price": price, "quantity": choice.quantity}],
            "discounts": kept or "",
            "metadata": {
                "plan": choice.plan.key,
                "interval": choice.interval,
                "quantity": str(choice.quantity),
            },
            "proration_behavior": "none",
            "duration": {"interval": choice.interval, "interval_count": 1},
        },
    ]
    how = cast("SubscriptionScheduleUpdateParams", {"end_behavior": "release", "phases": phases})
    with telling_stripe() as stripe:
        stripe.v1.subscription_schedules.update(
            str(schedule["id"]), how, {"idempotency_key": f"phases-{key}"}
        )
    return True


def _obtain_schedule(key: str, data: Data) -> Data:
    """The subscription's schedule; one is made where it has none, of what the subscription is then."""
    schedule = data.get("schedule")
    if isinstance(schedule, Mapping):
        return schedule
    with telling_stripe() as stripe:
        made: dict[str, Any] = stripe.v1.subscription_schedules.create(
            {"from_subscription": data["id"]}, {"idempotency_key": f"plan-{key}"}
        ).to_dict()
    return made


def release_schedule(*, key: str, data: Data) -> None:
    """Take a planned change back: the subscription stays as it is."""
    schedule_id = id_of(data.get("schedule"))
    if schedule_id:
        with telling_stripe() as stripe:
            stripe.v1.subscription_schedules.release(schedule_id, {}, {"idempotency_key": f"release-{key}"})


def _choice(plan: str, interval: str, currency: str, quantity: int) -> Choice:
    return Choice(get_plan(plan), interval, currency, quantity)


ACTS: Final[Mapping[str, Callable[[BillingAttempt, Data], None]]] = {
    "change": change,
    "cancel": cancel,
    "resume": resume,
    "undo": undo,
}
