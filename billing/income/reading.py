"""What a support's objects at Stripe say, in our words. Pure: fetched objects in, values out.

Everything follows from the objects as they are now, so that the order in which news arrives cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billing.reading import OVER, id_of, moment, unpaid_since
from engagement.supporters.mirroring import PaymentFacts, SupportFacts
from saas.core import clock

MARK: Final = "support"  # metadata[kind] of the subscription at Stripe's
_LATE: Final = frozenset({"past_due", "unpaid", "paused"})
# Invoices that pay for a whole period; others pay for the rest of one with a dearer tier.
_PERIODS: Final = frozenset({"subscription_create", "subscription_cycle"})


INQUIRY: Final = "inquiry"
OPEN: Final = "open"
LOST: Final = "lost"
_DISPUTES: Final = {
    "warning_needs_response": INQUIRY,
    "warning_under_review": INQUIRY,
    "needs_response": OPEN,
    "under_review": OPEN,
    "lost": LOST,
}
_WEIGHT: Final = ("", INQUIRY, OPEN, LOST)


@dataclass(frozen=True, slots=True)
class Told:
    """A support as Stripe tells it. `tier` and `amount` are those of the period that runs; `next_tier` (empty: the same) and `next_amount`
    those of the next one. `price_id` is the price of the period that runs."""

    stripe_id: str
    customer_id: str
    checkout: str
    status: str
    state: str
    tier: str
    amount: int
    currency: str
    interval: str
    item_id: str
    account_id: str
    fee: Decimal
    begun_at: datetime
    period_end: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    price_id: str = ""
    next_tier: str = ""
    next_amount: int = 0


def is_support(data: Mapping[str, Any]) -> bool:
    """Whether a subscription of Stripe's is a member's."""
    return bool((data.get("metadata") or {}).get("kind") == MARK)


def read_support(data: Mapping[str, Any]) -> Told:
    """From the subscription's plain data."""
    item = data["items"]["data"][0]
    price, metadata = item["price"], data.get("metadata") or {}
    over = data["status"] in OVER
    period_end = moment(item.get("current_period_end"))
    cancel_at = moment(data.get("cancel_at"))
    if cancel_at is None and data.get("cancel_at_period_end"):
        cancel_at = period_end
    begun_at = moment(data["created"])
    assert begun_at is not None
    ended_at = moment(data.get("ended_at") or data.get("canceled_at")) or begun_at
    tier, amount = _tier_of(price), int(price.get("unit_amount") or 0)
    kept = _read_kept(data)
    return Told(
        stripe_id=data["id"],
        customer_id=id_of(data["customer"]),
        checkout=str(metadata.get("checkout") or "")[:26],
        status=data["status"],
        state="ended" if over else "late" if data["status"] in _LATE else "active",
        tier=tier if kept is None else kept["tier"],
        amount=amount if kept is None else int(kept["amount"]),
        currency=price["currency"],
        interval=str((price.get("recurring") or {}).get("interval") or ""),
        item_id=item["id"],
        account_id=id_of((data.get("transfer_data") or {}).get("destination")),
        fee=Decimal(str(data.get("application_fee_percent") or 0)).quantize(Decimal("0.01")),
        begun_at=begun_at,
        period_end=period_end,
        cancel_at=None if over else cancel_at,
        ended_at=ended_at if over else None,
        price_id=price["id"] if kept is None else kept["price"],
        next_tier="" if kept is None or over else tier,
        next_amount=0 if kept is None or over else amount,
    )


def mark_kept(told: Told, period_end: int) -> dict[str, str]:
    """For the subscription's metadata: what holds until the period that runs is over, though its price is the next one already."""
    return {
        "kept_tier": told.tier,
        "kept_amount": str(told.amount),
        "kept_price": told.price_id,
        "kept_until": str(period_end),
    }


NOTHING_KEPT: Final = dict.fromkeys(("kept_tier", "kept_amount", "kept_price", "kept_until"), "")


def _read_kept(data: Mapping[str, Any]) -> dict[str, str] | None:
    """None where the price says what holds: nothing was marked, or the period of which it was marked is over."""
    metadata = data.get("metadata") or {}
    end = data["items"]["data"][0].get("current_period_end")
    if end is None or str(metadata.get("kept_until") or "") != str(end):
        return None
    found = {name: str(metadata.get(f"kept_{name}") or "") for name in ("tier", "amount", "price")}
    return found if all(found.values()) and found["amount"].isdecimal() else None


def _tier_of(price: Mapping[str, Any]) -> str:
    return str((price.get("metadata") or {}).get("tier") or "")[:26]


def support_facts(told: Told, member_id: int, invoices: Iterable[Mapping[str, Any]]) -> SupportFacts:
    """For the community: `invoices` say since when a late one is late."""
    late = (unpaid_since(invoices) or told.period_end) if told.state == "late" else None
    return SupportFacts(
        reference=told.stripe_id,
        member_id=member_id,
        tier_key=told.tier,
        state=told.state,
        amount=told.amount,
        currency=told.currency,
        interval=told.interval,
        begun_at=told.begun_at,
        period_end=told.period_end,
        cancel_at=told.cancel_at,
        late_since=late,
        ended_at=told.ended_at,
        next_tier_key=told.next_tier,
        next_amount=told.next_amount,
    )


def payment_facts(
    told: Told,
    invoices: Iterable[Mapping[str, Any]],
    charges: Iterable[Mapping[str, Any]],
    disputes: Sequence[Mapping[str, Any]] = (),
) -> list[PaymentFacts]:
    """What was paid, the oldest first. An invoice that cost nothing is none."""
    by_intent = {id_of(charge.get("payment_intent")): charge for charge in charges if charge.get("paid")}
    found = []
    for invoice in invoices:
        if invoice.get("status") != "paid" or not invoice.get("amount_paid"):
            continue
        charge = next((by_intent[intent] for intent in intents_of(invoice) if intent in by_intent), None)
        if charge is not None:
            about = [one for one in disputes if id_of(one["charge"]) == charge["id"]]
            found.append(_payment(told, invoice, charge, about))
    return sorted(found, key=lambda one: (one.paid_at, one.reference))


def intents_of(invoice: Mapping[str, Any]) -> list[str]:
    """The payment intents of an invoice that was fetched with its payments."""
    payments = (invoice.get("payments") or {}).get("data") or ()
    found = [id_of((one.get("payment") or {}).get("payment_intent")) for one in payments]
    return [intent for intent in found if intent]


def dispute_state(dispute: Mapping[str, Any]) -> str:
    """In the community's words. Won, prevented, or an inquiry that is over: nothing."""
    return _DISPUTES.get(dispute["status"], "")


def marked(thing: Mapping[str, Any], name: str, dispute_id: str) -> int:
    """How much of a transfer (`reversals`) or a fee (`refunds`) was taken back for that dispute."""
    listed = (thing.get(name) or {}).get("data") or ()
    return sum(
        int(one["amount"]) for one in listed if (one.get("metadata") or {}).get("dispute") == dispute_id
    )


def returned_share(charge: Mapping[str, Any], dispute: Mapping[str, Any]) -> int:
    """What the community gets again of a dispute that was won."""
    transfer, fee = charge.get("transfer"), charge.get("application_fee")
    if not transfer:
        return 0
    share = marked(transfer, "reversals", dispute["id"])
    return share - (marked(fee, "refunds", dispute["id"]) if fee else 0)


def _payment(
    told: Told,
    invoice: Mapping[str, Any],
    charge: Mapping[str, Any],
    disputes: Sequence[Mapping[str, Any]],
) -> PaymentFacts:
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    fee = charge.get("application_fee") or {}
    kept = fee["amount"] - fee["amount_refunded"] if isinstance(fee, Mapping) and fee else 0
    # Of a dispute that was won the share came again without our fee, which is ours as before.
    kept += sum(marked(fee, "refunds", one["id"]) for one in disputes if fee and one["status"] == "won")
    worst = max(disputes, key=lambda one: (_WEIGHT.index(dispute_state(one)), one["id"]), default=None)
    dispute = dispute_state(worst) if worst else ""
    paid_at = moment((invoice.get("status_transitions") or {}).get("paid_at")) or moment(invoice["created"])
    assert paid_at is not None
    periods = [line["period"] for line in invoice["lines"]["data"] if line.get("period")]
    refunded = int(charge.get("amount_refunded") or 0)
    return PaymentFacts(
        reference=invoice["id"],
        support_reference=told.stripe_id,
        tier_key=str((details.get("metadata") or {}).get("tier") or told.tier)[:26],
        amount=int(charge["amount_captured"]),
        fee=int(kept),
        currency=invoice["currency"],
        paid_at=paid_at,
        period_start=moment(max((period["start"] for period in periods), default=None)),
        period_end=moment(max((period["end"] for period in periods), default=None)),
        refunded=refunded,
        refunded_at=clock.now() if refunded else None,
        dispute=dispute,
        disputed=int(worst["amount"]) if worst and dispute in (OPEN, LOST) else 0,
        disputed_at=moment(worst["created"]) if worst and dispute else None,
        is_period=invoice.get("billing_reason") in _PERIODS,
    )
