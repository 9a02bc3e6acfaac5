"""Other terms for a retainer that lives: another price, plan, number of places or days until an invoice is due; at once, with Stripe's
own figures shown before, or from the next period on, or from its first day where that is ahead.

Invariants: nothing is done but from what was seen (the version in the form); what a preview showed is what is billed, because its moment
comes along; each change is one request to Stripe, with a key made of what was seen and what is wanted, so that it was done or was not
done, and asking again changes nothing more; no more communities are covered than have a place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from billing.errors import StripeRefusedError
from billing.locks import holding_payer
from billing.models import Retainer, RetainerPlace
from billing.previews import Line, read_lines, read_tax
from billing.stripe_api import asking_stripe, telling_stripe
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.errors import InvalidInputError

from .agreeing import describe_phase
from .covering import lock_retainer, rewrite_covered
from .errors import (
    FewerPlacesError,
    PlannedTermsError,
    RetainerChangedError,
    RetainerEndedError,
    RetainerEndsError,
    RetainerUnpaidError,
    SameTermsError,
)
from .mirroring import get_held, refresh_ahead_held, refresh_held
from .selectors import get_retainer
from .terms import (
    BEFORE,
    FROM,
    NOT_STARTED,
    Deal,
    check_deal,
    deal_of,
    digest_of,
    make_price,
    planned_of,
    version_of,
)

if TYPE_CHECKING:
    from stripe.params import InvoiceCreatePreviewParams, SubscriptionUpdateParams

When = Literal["now", "next", "start"]
WHENS: Final = ("now", "next")
SHOWN_FOR: Final = timedelta(hours=1)  # a preview's moment is billed as it was shown for so long


@dataclass(frozen=True, slots=True)
class TermsPreview:
    """Amounts are minor units of the retainer's currency. `total`: of the invoice that is made at once; negative: it becomes credit.
    `proration_date` and `version` come back with the confirmation."""

    when: When
    deal: Deal
    effective_at: datetime
    total: int
    tax: int
    lines: tuple[Line, ...]
    next_amount: int
    next_at: datetime | None
    proration_date: int
    version: str


def preview_terms(*, key: str, deal: Deal, when: str) -> TermsPreview:
    """What these terms would bill. Nothing is changed; a price is made at Stripe's, which nobody pays before it is confirmed.

    Raises as change_terms, without RetainerChangedError."""
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = _look(row.pk)
        kind = _check(row, deal, when)
        price = make_price(row, deal)
        now = clock.now()
        at = _proration_date(row, now)
        if kind == "start":
            first = _ask(
                {"customer": row.payer.stripe_id or "", "currency": row.currency}, [{"price": price}], None
            )
            return TermsPreview(
                kind,
                deal,
                row.starts_at or now,
                0,
                0,
                (),
                first["amount_due"],
                row.starts_at,
                0,
                version_of(row),
            )
        items = [{"id": _item_of(row)["id"], "price": price, "quantity": 1}]
        bills = kind == "now" and _bills_now(row, deal)
        due = _ask({"subscription": row.stripe_id or ""}, items, at) if bills else None
        coming = _ask({"subscription": row.stripe_id or ""}, items, None) if _renews(row) else None
    return TermsPreview(
        when=kind,
        deal=deal,
        effective_at=now if kind == "now" else row.period_end or now,
        total=due["total"] if due else 0,
        tax=read_tax(due) if due else 0,
        lines=read_lines(due) if due else (),
        next_amount=coming["amount_due"] if coming else 0,
        next_at=row.period_end if coming else None,
        proration_date=at,
        version=version_of(row),
    )


def change_terms(
    *, key: str, deal: Deal, when: str, proration_date: int = 0, version: str, actor: Actor = SYSTEM
) -> Retainer:
    """Change the terms as `preview_terms` showed it. Terms that were planned before are replaced. The same form sent again is the same
    change.

    Holds the payer's lock while Stripe is told, so that nobody is taken in meanwhile. What is another plan at once is recorded in each
    community's audit log. Raises RetainerNotFoundError, InvalidInputError, PlanNotFoundError, SameTermsError, RetainerEndedError,
    RetainerEndsError, RetainerUnpaidError, PlannedTermsError, FewerPlacesError, RetainerChangedError: then nothing was changed.
    StripeAwayError, BillingBusyError: the same, and it may be tried again. StripeUnsureError: asking again finds out.
    """
    check_deal(deal)
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = _look(row.pk)
        if version_of(row) != version[:16]:
            if _is_done(row, deal, when):
                return row
            raise RetainerChangedError
        kind = _check(row, deal, when)
        price = make_price(row, deal)
        at = _check_date(row, proration_date) if kind == "now" else 0
        told = digest_of(version_of(row), deal.to_data(), kind, at)
        if kind == "start":
            return _change_schedule(row, deal, price, told)
        how: dict[str, Any] = {
            "items": [{"id": _item_of(row)["id"], "price": price, "quantity": 1}],
            "days_until_due": deal.days_until_due,
            "proration_behavior": "none",
            "metadata": _note_planned(row) if kind == "next" else {FROM: "", BEFORE: ""},
        }
        if kind == "now" and _bills_now(row, deal):
            how |= {
                "proration_behavior": "always_invoice",
                "proration_date": at,
                "payment_behavior": "allow_incomplete",
            }
        _tell(row, how, told)
        return refresh_held(row, actor)


def undo_terms(*, key: str, version: str, actor: Actor = SYSTEM) -> Retainer:
    """Take back what was planned for the next period. Lock, key and errors as change_terms; idempotent."""
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = _look(row.pk)
        if not row.planned:
            return row
        if version_of(row) != version[:16]:
            raise RetainerChangedError
        covered, held = _count_covered(row), _held_before(row)
        if held.places < covered:
            raise FewerPlacesError(held.places, covered)
        how = {
            "items": [{"id": _item_of(row)["id"], "price": held.price, "quantity": 1}],
            "days_until_due": held.days_until_due,
            "proration_behavior": "none",
            "metadata": {FROM: "", BEFORE: ""},
        }
        _tell(row, how, digest_of(version_of(row), "undo"))
        return refresh_held(row, actor)


def _look(row_id: int) -> Retainer:
    """As Stripe has it now: a change begins from what holds. Raises RetainerEndedError."""
    row = get_held(row_id)
    if row.stripe_id and row.ended_at is None:
        row = refresh_held(row, SYSTEM)
    elif row.ended_at is None:
        row = refresh_ahead_held(row, SYSTEM)
    if row.ended_at is not None or not (row.stripe_id or row.schedule_id):
        raise RetainerEndedError
    return row


def _check(row: Retainer, deal: Deal, when: str) -> When:
    """What kind of change it is. Raises as change_terms."""
    check_deal(deal)
    if when not in WHENS:
        raise InvalidInputError("The terms change at once or with the next period.", field="when")
    covered = _count_covered(row)
    if deal.places < covered:
        raise FewerPlacesError(deal.places, covered)
    planned = planned_of(row)
    same = deal_of(row).is_same(deal)
    if same and planned is None:
        raise SameTermsError
    if row.status == NOT_STARTED:
        return "start"
    if when == "now":
        if planned is not None:
            raise PlannedTermsError
        if row.unpaid_since is not None:
            raise RetainerUnpaidError
        return "now"
    if not _renews(row):
        raise RetainerEndsError
    if same or (planned is not None and planned.is_same(deal)):
        raise SameTermsError
    return "next"


def _is_done(row: Retainer, deal: Deal, when: str) -> bool:
    planned = planned_of(row)
    if when == "next" and row.status != NOT_STARTED:
        return planned is not None and planned.is_same(deal)
    return planned is None and deal_of(row).is_same(deal)


def _renews(row: Retainer) -> bool:
    return row.cancel_at is None or row.period_end is None or row.cancel_at > row.period_end


def _bills_now(row: Retainer, deal: Deal) -> bool:
    """Whether anything is to be paid or credited: another plan, places or days for the same price are not."""
    return deal.amount != row.amount


def _count_covered(row: Retainer) -> int:
    return RetainerPlace.objects.filter(retainer=row, left_at=None).count()


def _item_of(row: Retainer) -> dict[str, Any]:
    with asking_stripe() as stripe:
        data = stripe.v1.subscriptions.retrieve(row.stripe_id or "").to_dict()
    item: dict[str, Any] = data["items"]["data"][0]
    return item


def _held_before(row: Retainer) -> Deal:
    """The terms in force while others are planned, with their price."""
    with asking_stripe() as stripe:
        data = stripe.v1.subscriptions.retrieve(row.stripe_id or "").to_dict()
    return Deal(**json.loads(data["metadata"][BEFORE]))


def _note_planned(row: Retainer) -> dict[str, str]:
    """What stands beside planned terms: those that hold until then, which a second plan leaves as they are."""
    held = _held_before(row) if row.planned else None
    if held is None:
        price = _item_of(row)["price"]["id"]
        held = Deal(row.plan, row.amount, row.places, row.days_until_due, price)
    assert row.period_end is not None
    return {FROM: str(int(row.period_end.timestamp())), BEFORE: json.dumps(held.to_data())}


def _tell(row: Retainer, how: Mapping[str, Any], told: str) -> None:
    with telling_stripe() as stripe:
        stripe.v1.subscriptions.update(
            row.stripe_id or "",
            cast("SubscriptionUpdateParams", how),
            {"idempotency_key": f"terms-{row.key}-{told}"},
        )


def _change_schedule(row: Retainer, deal: Deal, price: str, told: str) -> Retainer:
    """Before its first day: nothing was billed, so that its first period is simply another."""
    try:
        with telling_stripe() as stripe:
            stripe.v1.subscription_schedules.update(
                row.schedule_id,
                cast("Any", {"phases": [_first_phase(row, deal, price)]}),
                {"idempotency_key": f"terms-{row.key}-{told}"},
            )
    except StripeRefusedError as error:
        # It began in this very moment: what was shown is no longer what would happen.
        raise RetainerChangedError from error
    row = lock_retainer(row.key)
    row.plan, row.amount, row.places = deal.plan, deal.amount, deal.places
    row.days_until_due, row.revision = deal.days_until_due, row.revision + 1
    row.save(update_fields=["plan", "amount", "places", "days_until_due", "revision"])
    rewrite_covered(row)
    return row


def _first_phase(row: Retainer, deal: Deal, price: str) -> dict[str, Any]:
    assert row.starts_at is not None
    phase = describe_phase(row, price, deal.days_until_due)
    return {**phase, "start_date": int(row.starts_at.timestamp())}


def _proration_date(row: Retainer, now: datetime) -> int:
    """Within the period that was billed, or Stripe refuses it."""
    began, ends = row.period_start or now, row.period_end or now
    return int(min(max(now, began), ends).timestamp())


def _check_date(row: Retainer, proration_date: int) -> int:
    """A moment that a preview can have shown; else the latest that it can. Nobody prorates back to the period's start."""
    now = clock.now()
    oldest = max(int((now - SHOWN_FOR).timestamp()), int((row.period_start or now).timestamp()))
    latest = _proration_date(row, now)
    return proration_date if oldest <= proration_date <= latest else latest


def _ask(whose: Mapping[str, str], items: list[dict[str, Any]], prorated_at: int | None) -> dict[str, Any]:
    """With `prorated_at` the invoice that the change makes at once, else the first one after it."""
    how: dict[str, Any] = {"items": items}
    if "subscription" in whose:
        how |= {"proration_behavior": "none"}
    if prorated_at is not None:
        how |= {"proration_behavior": "always_invoice", "proration_date": prorated_at}
    wanted = cast("InvoiceCreatePreviewParams", {**whose, "subscription_details": how})
    with asking_stripe() as stripe:
        data: dict[str, Any] = stripe.v1.invoices.create_preview(wanted).to_dict()
    return data
