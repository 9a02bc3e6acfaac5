"""A member's own history of credits: every change of a balance, with why. Read from the ledger, which leaves nothing out, as far back as
the plan shows history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engagement.ledger.models import POINTS, Cause, LedgerEntry
from engagement.ledger.window import shown_since

from .models import CreditMove, CreditRequest, CreditType

PAGE: Final = 30
_MOVES: Final = {
    "grant": "Given by the team",
    "revoke": "Taken by the team",
    "spend": "Spent",
    "undo": "Taken back",
}
_CAUSES: Final = {
    Cause.CREDIT_REQUEST: "Request granted",
    Cause.CREDIT_REQUEST_UNDO: "A grant was taken back",
    Cause.REDEMPTION_CREDITS: "From a reward",
    Cause.REDEMPTION_CREDITS_UNDO: "A reward was returned",
    Cause.MERGE: "Taken over from another member",
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry in words. `amount` whole credits, signed; `request_id` of the request that caused it, else None."""

    entry_id: int
    type: CreditType
    amount: int
    title: str
    detail: str
    occurred_at: datetime
    request_id: int | None


def list_statement(
    *, member_id: int, type_id: int | None = None, before_id: int | None = None, limit: int = PAGE
) -> list[StatementLine]:
    """The newest first. Four queries at any length."""
    found, since = LedgerEntry.objects.filter(member_id=member_id).exclude(currency=POINTS), shown_since()
    if since is not None:
        found = found.filter(created_at__gte=since, occurred_at__gte=since)
    if type_id is not None:
        found = found.filter(currency=type_id)
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    entries = list(found.order_by("-pk")[:limit])
    types = CreditType.objects.in_bulk()
    moves = CreditMove.objects.in_bulk(
        [row.cause_id for row in entries if row.cause_kind == Cause.CREDIT_MOVE]
    )
    notes = {
        row.pk: row.note or row.reason
        for row in CreditRequest.objects.filter(
            pk__in=[row.cause_id for row in entries if row.cause_kind == Cause.CREDIT_REQUEST]
        )
    }
    return [_line(row, types[row.currency], moves, notes) for row in entries]


def has_older_statement(*, member_id: int) -> bool:
    """Whether the member has changes of credits that the plan does not show. At most one query; none where everything is shown."""
    since = shown_since()
    if since is None:
        return False
    found = LedgerEntry.objects.filter(member_id=member_id, occurred_at__lt=since)
    return found.exclude(currency=POINTS).exists()


def _line(
    row: LedgerEntry, credit_type: CreditType, moves: dict[int, CreditMove], notes: dict[int, str]
) -> StatementLine:
    move = moves.get(row.cause_id) if row.cause_kind == Cause.CREDIT_MOVE else None
    asked = row.cause_kind in (Cause.CREDIT_REQUEST, Cause.CREDIT_REQUEST_UNDO)
    if move is not None:
        title, detail = _MOVES.get(move.kind, move.kind), move.reason
    else:
        title = _CAUSES.get(Cause(row.cause_kind), Cause(row.cause_kind).label)
        detail = notes.get(row.cause_id, "") if row.cause_kind == Cause.CREDIT_REQUEST else ""
    return StatementLine(
        row.pk, credit_type, row.amount, title, detail, row.occurred_at, row.cause_id if asked else None
    )
