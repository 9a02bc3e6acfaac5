"""What a subscription of Stripe's says, in our words. Pure: an object that was fetched in, a value out.

Everything that we keep follows from the object as it is now and from nothing that came before it, so that the order in which
news arrives cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from .plans import INTERVALS, PLANS

LIVE: Final = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
OVER: Final = frozenset({"canceled", "incomplete_expired"})
UNPAID: Final = frozenset({"past_due", "unpaid"})


@dataclass(frozen=True, slots=True)
class Told:
    """A subscription as Stripe tells it. Times are aware, in UTC."""

    stripe_id: str
    customer_id: str
    status: str
    plan: str
    interval: str
    currency: str
    quantity: int
    by_invoice: bool
    has_method: bool
    item_id: str
    created_at: datetime
    period_start: datetime | None = None
    period_end: datetime | None = None
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    next_plan: str = ""
    next_interval: str = ""
    next_quantity: int = 0
    schedule_id: str = ""
    tenant_id: int | None = None
    payer_key: str = ""
    replaces: str = ""

    @property
    def is_unpaid(self) -> bool:
        return self.status in UNPAID

    @property
    def is_over(self) -> bool:
        return self.status in OVER


def read_subscription(data: Mapping[str, Any]) -> Told:
    """From the object's plain data, fetched with schedule and customer expanded. Raises LookupError where no item is a plan of ours."""
    item, plan, interval = _find_plan(data["items"]["data"])
    metadata = data.get("metadata") or {}
    schedule = data.get("schedule")
    quantity = item.get("quantity") or 1
    planned = None if data["status"] in OVER else _read_schedule(schedule)
    if planned == (plan, interval, quantity):
        planned = None
    period_end = moment(item.get("current_period_end"))
    cancel_at = moment(data.get("cancel_at"))
    if cancel_at is None and data.get("cancel_at_period_end"):
        cancel_at = period_end
    over = data["status"] in OVER
    created_at = moment(data["created"])
    assert created_at is not None
    return Told(
        stripe_id=data["id"],
        customer_id=id_of(data["customer"]),
        status=data["status"],
        plan=plan,
        interval=interval,
        currency=data["currency"],
        quantity=quantity,
        by_invoice=data.get("collection_method") == "send_invoice",
        has_method=_has_method(data),
        item_id=item["id"],
        created_at=created_at,
        period_start=moment(item.get("current_period_start")),
        period_end=period_end,
        trial_end=moment(data.get("trial_end")),
        cancel_at=None if over else cancel_at,
        ended_at=(moment(data.get("ended_at") or data.get("canceled_at")) or created_at) if over else None,
        next_plan=planned[0] if planned else "",
        next_interval=planned[1] if planned else "",
        next_quantity=planned[2] if planned else 0,
        schedule_id="" if over or schedule is None else id_of(schedule),
        tenant_id=_number(metadata.get("tenant_id")),
        payer_key=str(metadata.get("payer") or "")[:26],
        replaces=str(metadata.get("replaces") or "")[:64],
    )


def unpaid_since(invoices: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the oldest of these open invoices should have been paid; None for none."""
    moments = [
        invoice.get("due_date")
        or (invoice.get("status_transitions") or {}).get("finalized_at")
        or invoice["created"]
        for invoice in invoices
        if invoice.get("status") == "open"
    ]
    return moment(min(moments)) if moments else None


def was_ever_paid(invoices: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of these invoices asked for something and was paid, in money or from credit. A trial's invoice asks for nothing."""
    return any(invoice.get("status") == "paid" and invoice["total"] > 0 for invoice in invoices)


def moment(seconds: int | None) -> datetime | None:
    """Stripe's seconds since 1970 as an aware datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def id_of(reference: Any) -> str:
    """The id of an object that may be expanded or not; empty for none."""
    if reference is None:
        return ""
    return str(reference if isinstance(reference, str) else reference["id"])


def plan_of_price(price: Mapping[str, Any]) -> tuple[str, str] | None:
    """(plan, interval) of a price of ours; None for others. A price that a newer one took the lookup key from keeps its metadata."""
    metadata = price.get("metadata") or {}
    recurring = price.get("recurring") or {}
    interval = str(recurring.get("interval") or "")
    if recurring.get("usage_type") == "metered":
        return None
    if metadata.get("plan") in PLANS and interval:
        return str(metadata["plan"]), interval
    return _by_lookup_key().get(str(price.get("lookup_key") or ""))


def _by_lookup_key() -> dict[str, tuple[str, str]]:
    return {
        plan.lookup_key(interval): (key, interval) for key, plan in PLANS.items() for interval in INTERVALS
    }


def _find_plan(items: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], str, str]:
    for item in items:
        found = plan_of_price(item["price"])
        if found is not None:
            return item, *found
    raise LookupError("None of the subscription's items is a plan of ours.")


def _read_schedule(schedule: Any) -> tuple[str, str, int] | None:
    """(plan, interval, quantity) of the last phase of a schedule that is still to come.

    Prices in phases come as ids, so what was planned stands in the phase's own metadata, which we wrote.
    """
    if not isinstance(schedule, Mapping) or schedule.get("status") not in {"active", "not_started"}:
        return None
    began = (schedule.get("current_phase") or {}).get("start_date") or 0
    phases = [phase for phase in schedule.get("phases") or [] if phase["start_date"] > began]
    if not phases:
        return None
    metadata = phases[-1].get("metadata") or {}
    plan, interval = metadata.get("plan"), metadata.get("interval")
    if plan not in PLANS or interval not in INTERVALS:
        return None
    return str(plan), str(interval), _number(metadata.get("quantity")) or 1


def _has_method(data: Mapping[str, Any]) -> bool:
    """Whether the next payment can be taken, or asked for by an invoice, without anybody doing anything."""
    if data.get("collection_method") == "send_invoice" or data.get("default_payment_method"):
        return True
    customer = data.get("customer")
    if not isinstance(customer, Mapping):
        return False
    usual = (customer.get("invoice_settings") or {}).get("default_payment_method")
    return bool(usual or customer.get("default_source"))


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 19 else None
