"""A payer's bank takes a payment back: the community's share and our fee go back with it, and come again when the dispute is won.

Stripe debits the platform and leaves the transfer of a destination charge where it is. Invariants: what was moved for a dispute is read
from the marks on Stripe's own objects, so each step is done once, whoever repeats it and wherever the last try stopped; all of it is done
before anything is written here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import structlog

from billing.errors import StripeRefusedError
from billing.reading import OVER, id_of
from billing.stripe_api import asking_stripe, telling_stripe
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .models import SupportSubscription
from .reading import LOST, OPEN, Told, dispute_state, marked, returned_share

PAGE: Final = 100
LOOKED_AT: Final = timedelta(days=365)  # a bank may take months to begin one, and months more to decide it
log = structlog.get_logger(__name__)


def fetch_disputes(charges: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All disputes of those charges, as plain data; charges without any cost no call. Raises StripeAwayError."""
    found: list[dict[str, Any]] = []
    for charge in charges:
        if charge.get("disputed"):
            with asking_stripe() as stripe:
                listed = stripe.v1.disputes.list({"charge": charge["id"], "limit": PAGE})
                found += [one.to_dict() for one in listed.auto_paging_iter()]
    return found


def move_money(charges: Iterable[Mapping[str, Any]], disputes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Bring the money of each dispute to where its status wants it. Answers what is done: status by dispute.

    Safe to repeat. What Stripe refuses, such as taking back from an account that has not enough, is missing in the answer and tried again
    by the hourly comparison. Raises StripeAwayError, StripeUnsureError.
    """
    by_id, done = {charge["id"]: charge for charge in charges}, {}
    for dispute in disputes:
        charge = by_id[id_of(dispute["charge"])]
        try:
            if dispute_state(dispute) in (OPEN, LOST):
                _take_back(charge, dispute)
            elif dispute["status"] == "won":
                _return(charge, dispute)
        except StripeRefusedError:
            log.error("dispute_not_settled", dispute=dispute["id"], charge=charge["id"])
            continue
        done[dispute["id"]] = dispute["status"]
    return done


def has_to_end(told: Told, disputes: Iterable[Mapping[str, Any]]) -> bool:
    """Who charged a payment back does not go on paying."""
    return told.status not in OVER and any(dispute_state(one) == LOST for one in disputes)


def list_unsettled_supports() -> list[tuple[str, str]]:
    """(dispute, support) by Stripe's ids, where what Stripe says of a dispute is not what was done here; of those that began within
    LOOKED_AT. One query, however many there are. Raises StripeAwayError."""
    since = int((clock.now() - LOOKED_AT).timestamp())
    with asking_stripe() as stripe:
        listed = stripe.v1.disputes.list(
            {"limit": PAGE, "created": {"gte": since}, "expand": ["data.charge"]}
        )
        told = [one.to_dict() for one in listed.auto_paging_iter()]
    by_customer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for dispute in told:
        by_customer[id_of(dispute["charge"].get("customer"))].append(dispute)
    rows: dict[str, list[SupportSubscription]] = defaultdict(list)
    with enter_schema(PUBLIC):
        theirs = SupportSubscription.objects.filter(customer__stripe_id__in=list(by_customer))
        for row in theirs.select_related("customer").order_by("pk"):
            rows[row.customer.stripe_id or ""].append(row)
    return [
        (dispute["id"], row.stripe_id)
        for customer, found in rows.items()
        for dispute in by_customer[customer]
        if all(row.disputes.get(dispute["id"]) != dispute["status"] for row in found)
        for row in found
    ]


def _take_back(charge: Mapping[str, Any], dispute: Mapping[str, Any]) -> None:
    transfer, fee = charge.get("transfer"), charge.get("application_fee")
    mark = {"dispute": dispute["id"]}
    if transfer and not marked(transfer, "reversals", dispute["id"]):
        amount = _part(transfer["amount"], transfer["amount_reversed"], charge, dispute)
        if amount:
            with telling_stripe() as stripe:
                stripe.v1.transfers.reversals.create(
                    transfer["id"],
                    {"amount": amount, "metadata": mark},
                    {"idempotency_key": f"dispute-share-{dispute['id']}"},
                )
    if fee and not marked(fee, "refunds", dispute["id"]):
        amount = _part(fee["amount"], fee["amount_refunded"], charge, dispute)
        if amount:
            with telling_stripe() as stripe:
                stripe.v1.application_fees.refunds.create(
                    fee["id"],
                    {"amount": amount, "metadata": mark},
                    {"idempotency_key": f"dispute-fee-{dispute['id']}"},
                )


def _return(charge: Mapping[str, Any], dispute: Mapping[str, Any]) -> None:
    """The share less our fee, which stays with us this time: only what had been taken back."""
    amount, group = returned_share(charge, dispute), f"dispute_{dispute['id']}"
    if amount <= 0:
        return
    with asking_stripe() as stripe:
        if stripe.v1.transfers.list({"transfer_group": group, "limit": 1}).data:
            return
    transfer = charge["transfer"]
    with telling_stripe() as stripe:
        stripe.v1.transfers.create(
            {
                "amount": amount,
                "currency": transfer["currency"],
                "destination": id_of(transfer["destination"]),
                "transfer_group": group,
                "metadata": {"dispute": dispute["id"]},
            },
            {"idempotency_key": f"dispute-return-{dispute['id']}"},
        )


def _part(whole: int, gone: int, charge: Mapping[str, Any], dispute: Mapping[str, Any]) -> int:
    """Of what is left, as much as the dispute is of the charge."""
    paid = int(charge["amount_captured"])
    return min(whole - gone, round(whole * min(int(dispute["amount"]), paid) / paid))
