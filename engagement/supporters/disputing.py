"""What a payer's bank asks about a payment or takes back of it, written down with the payment. Called by `write_payment` alone."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from engagement.audit.actor import SYSTEM
from engagement.audit.services import record_audit
from saas.events import publish

from .events import SupporterDisputed
from .models import DisputeState, Supporter, SupporterPayment

TAKEN = (DisputeState.OPEN, DisputeState.LOST)


def write_dispute(
    row: SupporterPayment, supporter: Supporter, *, state: str, amount: int, at: datetime | None
) -> None:
    """Write how the dispute of a payment stands; the caller holds the row. Idempotent. Recorded. Publishes SupporterDisputed."""
    was = row.dispute
    amount = min(amount, row.amount - row.refunded) if state in TAKEN else 0
    if (was, row.disputed, row.disputed_at) == (state, amount, at):
        return
    row.dispute, row.disputed, row.disputed_at = DisputeState(state), amount, at
    row.save(update_fields=["dispute", "disputed", "disputed_at"])
    if was == state:
        return
    publish(SupporterDisputed(supporter.pk, supporter.member_id, row.pk, state))
    record_audit(
        actor=SYSTEM,
        action="supporter.disputed",
        target_kind="member",
        target_id=supporter.member_id,
        target_name=supporter.member.display_name,
        before={"dispute": was},
        after={"dispute": state, "amount": row.amount, "currency": row.currency},
    )


def is_charged_back(now: datetime) -> Exists:
    """Of a Supporter: whether a payment for the period of that moment is disputed, so that nothing is had for it."""
    rows = SupporterPayment.objects.filter(supporter=OuterRef("pk"), dispute__in=TAKEN)
    return Exists(rows.filter(period_start__lte=now, period_end__gt=now))
