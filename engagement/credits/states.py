"""A request's way from one state to the next: the one place that writes it. The caller holds the request's row.

pending ⇄ needs_info → approved | rejected | cancelled; a decision that is taken back: approved → rejected, rejected → pending.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from engagement.ledger.models import Cause, Counter
from engagement.ledger.moving import give_to_balance
from saas.core import clock
from saas.events import publish

from .errors import CreditRequestNotFoundError, RequestDecidedError
from .events import CreditRequestDecided
from .limits import OPEN_STATES
from .models import CreditRequest, RequestState

_PAST: Final = {
    RequestState.APPROVED: "granted",
    RequestState.REJECTED: "rejected",
    RequestState.CANCELLED: "cancelled",
}


def lock_request(request_id: int, *, of_member: int | None = None) -> CreditRequest:
    """The request with its type, its row locked; where a member is named, one of theirs. Raises CreditRequestNotFoundError."""
    found = CreditRequest.objects.select_for_update(of=("self",)).select_related("type")
    request = found.filter(pk=request_id).first() if 0 < request_id < 2**63 else None
    if request is None or of_member not in (None, request.member_id):
        raise CreditRequestNotFoundError
    return request


def is_large(request: CreditRequest) -> bool:
    """It waits, and is for more than its type's `mail_above`: whoever may decide is told."""
    line = request.type.mail_above
    return line is not None and request.amount > line and request.state == RequestState.PENDING


def require_open(request: CreditRequest) -> None:
    """Raises RequestDecidedError, which says who decided what."""
    if request.state not in OPEN_STATES:
        past = _PAST[RequestState(request.state)]
        by = f" by {request.decided_by}" if request.decided_by else ""
        raise RequestDecidedError(
            f"This request was {past}{by} already, so there is nothing left to decide. Reload to see how it stands."
        )


def grant_request(
    request: CreditRequest,
    granted: int,
    *,
    by: str,
    note: str,
    automatic: bool = False,
    approver: int | None = None,
) -> None:
    """Book it and say so. Raises RequestDecidedError."""
    require_open(request)
    give_to_balance(
        member_id=request.member_id,
        currency=request.type_id,
        amount=granted,
        counter=Counter.CREDITS,
        cause=Cause.CREDIT_REQUEST,
        cause_id=request.pk,
    )
    finish_request(
        request,
        RequestState.APPROVED,
        by=by,
        note=note,
        granted=granted,
        automatic=automatic,
        approver=approver,
    )


def finish_request(
    request: CreditRequest,
    state: RequestState,
    *,
    by: str,
    note: str,
    granted: int = 0,
    automatic: bool = False,
    approver: int | None = None,
) -> None:
    """Decide it and say so. Raises RequestDecidedError."""
    require_open(request)
    was, now = request.state, clock.now()
    request.state, request.granted, request.note = state, granted, note
    request.decided_at, request.decided_by = now, by[:120]
    extra: dict[str, Any] = {"granted": granted} if granted else {}
    if approver is not None:
        extra["approver"] = approver
    remember(request, now, by=by, note=note, **extra)
    request.save(update_fields=["state", "granted", "note", "decided_at", "decided_by", "history"])
    publish(
        CreditRequestDecided(
            request.pk, request.member_id, request.type_id, state.value, str(was), granted, automatic
        )
    )


def remember(request: CreditRequest, moment: datetime, *, by: str, note: str = "", **more: Any) -> None:
    """One line more of the request's history."""
    line = {"state": str(request.state), "at": moment.isoformat(), "by": by[:120], "note": note, **more}
    request.history = [*request.history, line]
