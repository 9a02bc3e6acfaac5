"""The team decides: grants whole or in part, rejects, asks, takes a decision back; one or many.

Nobody decides on their own request. `authority` says by what right: by permission, or as a delegated approver with a quota.
Lock order: the request's row, the approver's, the balance's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import Cause, Counter
from engagement.ledger.moving import force_from_balance
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events import publish
from tenants.context import TenantContext

from .approvers import BY_PERMISSION, Authority, charge_quota, require_authority, return_quota
from .checks import MAX_NOTE, check_amount, check_text
from .errors import InvalidCreditsError, OwnRequestError, RequestDecidedError
from .events import CreditRequestDecided
from .models import CreditRequest, RequestState
from .moving import take_or_refuse, warn_if_low
from .people import get_holder, get_owner, is_oneself
from .states import finish_request, grant_request, lock_request, remember, require_open

MAX_AT_ONCE: Final = 200
ACTS: Final = ("approve", "reject", "ask")


@dataclass(frozen=True, slots=True)
class Result:
    """Of one request among many. `code` is empty where it was done; else the error's, with its message."""

    request_id: int
    code: str
    message: str

    @property
    def done(self) -> bool:
        return not self.code


@transaction.atomic
def approve_request(
    *,
    context: TenantContext,
    request_id: int,
    actor: Actor,
    amount: int | None = None,
    note: str = "",
    authority: Authority = BY_PERMISSION,
) -> CreditRequest:
    """Grant a request, whole or (`amount`) in part: the credits are there with the commit. A failed notice undoes nothing.

    Locks the request's row, the approver's, the balance's. The same person's repeat changes nothing. Recorded; publishes
    CreditRequestDecided. Raises CreditRequestNotFoundError, RequestDecidedError, OwnRequestError, NotPermittedError,
    ApproverQuotaError, MemberDeletedError, InvalidCreditsError.
    """
    words = check_text(note, longest=MAX_NOTE, field="note")
    request = _lock_for(request_id, actor, authority)
    granted = request.amount if amount is None else check_amount(amount)
    if granted > request.amount:
        raise InvalidCreditsError(
            f"{request.amount:,} were requested; grant that or less. To give more, grant credits to the member.", field="amount"
        )  # fmt: skip
    if _is_repeat(request, RequestState.APPROVED, actor) and request.granted == granted:
        return request
    require_open(request)
    holder = get_holder(request.member_id)
    approver = charge_quota(authority, request.type, granted, context=context, now=clock.now())
    grant_request(request, granted, by=actor.name, note=words, approver=approver)
    _record(actor, "credit_request.approved", request, holder.display_name, words)
    return request


@transaction.atomic
def reject_request(
    *,
    context: TenantContext,
    request_id: int,
    actor: Actor,
    reason: str,
    authority: Authority = BY_PERMISSION,
) -> CreditRequest:
    """Refuse a request; the member reads the reason. Locks its row. The same person's repeat changes nothing. Recorded; publishes
    CreditRequestDecided. Raises as approve_request."""
    words = check_text(reason, longest=MAX_NOTE, field="reason", needed="Say why: the member reads it.")
    request = _lock_for(request_id, actor, authority)
    if _is_repeat(request, RequestState.REJECTED, actor):
        return request
    finish_request(request, RequestState.REJECTED, by=actor.name, note=words)
    _record(actor, "credit_request.rejected", request, get_owner(request.member_id).display_name, words)
    return request


@transaction.atomic
def ask_about_request(
    *,
    context: TenantContext,
    request_id: int,
    actor: Actor,
    question: str,
    authority: Authority = BY_PERMISSION,
) -> CreditRequest:
    """Ask the member for more; the request waits for their answer. Locks its row. The same question again changes nothing.
    Recorded; publishes CreditRequestDecided (state needs_info). Raises as approve_request."""
    words = check_text(question, longest=MAX_NOTE, field="question", needed="Write what you want to know.")
    request = _lock_for(request_id, actor, authority)
    if request.state == RequestState.NEEDS_INFO and request.note == words:
        return request
    require_open(request)
    was = request.state
    request.state, request.note = RequestState.NEEDS_INFO, words
    remember(request, clock.now(), by=actor.name, note=words)
    request.save(update_fields=["state", "note", "history"])
    publish(CreditRequestDecided(request.pk, request.member_id, request.type_id, request.state, str(was), 0))
    _record(actor, "credit_request.asked", request, get_owner(request.member_id).display_name, words)
    return request


@transaction.atomic
def undo_decision(
    *,
    context: TenantContext,
    request_id: int,
    actor: Actor,
    force: bool = False,
    authority: Authority = BY_PERMISSION,
) -> CreditRequest:
    """Take a decision back. A rejection: the request waits again. A grant: exactly what was granted goes, and the request counts as
    rejected; what was spent needs `force`, and becomes debt.

    Locks as approve_request. Undone twice, the second one is refused. Recorded; publishes CreditRequestDecided (`undone`) and
    CreditsLow. Raises RequestDecidedError, NotEnoughCreditsError, and as approve_request.
    """
    request = _lock_for(request_id, actor, authority)
    was, before = request.state, {"state": request.state, "granted": request.granted}
    if was == RequestState.APPROVED:
        _take_grant_back(context, request, actor, force=force)
    elif was == RequestState.REJECTED and not any(line.get("undone") for line in request.history):
        request.state, request.note = RequestState.PENDING, ""
        request.decided_at, request.decided_by = None, ""
        remember(request, clock.now(), by=actor.name, note="The rejection was taken back.")
    else:
        raise RequestDecidedError("There is no decision on this request that could be taken back.")
    request.save(update_fields=["state", "granted", "note", "decided_at", "decided_by", "history"])
    publish(
        CreditRequestDecided(
            request.pk, request.member_id, request.type_id, str(request.state), str(was), 0, undone=True
        )
    )
    _record(actor, "credit_request.undone", request, get_owner(request.member_id).display_name, "", before)
    return request


def decide_many(
    *,
    context: TenantContext,
    request_ids: Sequence[int],
    act: str,
    actor: Actor,
    note: str = "",
    authority: Authority = BY_PERMISSION,
) -> list[Result]:
    """One act ("approve", "reject" or "ask") on many requests, each in a transaction of its own, with a result for each in their
    order. What one of them refuses stops none of the others. Raises InvalidCreditsError for too many or an unknown act."""
    wanted = list(dict.fromkeys(request_ids))
    if act not in ACTS:
        raise InvalidCreditsError(
            f"Requests can be approved, rejected or asked about; {act!r:.20} is none of it.", field="act"
        )
    if not 1 <= len(wanted) <= MAX_AT_ONCE:
        raise InvalidCreditsError(
            f"Choose 1 to {MAX_AT_ONCE} requests at once; these are {len(wanted):,}.", field="request_ids"
        )
    return [_decide_one(context, request_id, act, actor, note, authority) for request_id in wanted]


def _decide_one(
    context: TenantContext, request_id: int, act: str, actor: Actor, note: str, authority: Authority
) -> Result:
    given: dict[str, Any] = {
        "context": context,
        "request_id": request_id,
        "actor": actor,
        "authority": authority,
    }
    try:
        if act == "approve":
            request = approve_request(**given, note=note)
            return Result(request_id, "", f"{request.granted:,} granted.")
        if act == "reject":
            reject_request(**given, reason=note)
            return Result(request_id, "", "Rejected.")
        ask_about_request(**given, question=note)
        return Result(request_id, "", "Asked.")
    except EngageHubError as error:
        return Result(request_id, error.code, error.message)


def _lock_for(request_id: int, actor: Actor, authority: Authority) -> CreditRequest:
    """The request, locked, where the actor may decide on it. Raises NotPermittedError, OwnRequestError."""
    request = lock_request(request_id)
    require_authority(authority, request.type_id)
    if is_oneself(actor, request.member_id):
        raise OwnRequestError
    return request


def _is_repeat(request: CreditRequest, state: RequestState, actor: Actor) -> bool:
    return request.state == state and request.decided_by == actor.name[:120]


def _take_grant_back(context: TenantContext, request: CreditRequest, actor: Actor, *, force: bool) -> None:
    owner, granted, now = get_owner(request.member_id), request.granted, clock.now()
    line = next(line for line in reversed(request.history) if line["state"] == RequestState.APPROVED)
    if "approver" in line:
        return_quota(line["approver"], granted, datetime.fromisoformat(line["at"]), context=context)
    if force:
        moved = force_from_balance(
            member_id=owner.pk,
            currency=request.type_id,
            amount=granted,
            counter=Counter.CREDITS,
            cause=Cause.CREDIT_REQUEST_UNDO,
            cause_id=request.pk,
        )
    else:
        moved = take_or_refuse(
            request.type,
            member_id=owner.pk,
            amount=granted,
            cause=Cause.CREDIT_REQUEST_UNDO,
            cause_id=request.pk,
            advice="Some were spent already. Take them back even so, and the rest stands as debt.",
        )
    warn_if_low(request.type, owner.pk, moved, granted)
    request.state, request.granted = RequestState.REJECTED, 0
    request.note, request.decided_at, request.decided_by = "The grant was taken back.", now, actor.name[:120]
    remember(request, now, by=actor.name, note=request.note, undone=True)


def _record(
    actor: Actor,
    action: str,
    request: CreditRequest,
    name: str,
    note: str,
    before: dict[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="credit_request",
        target_id=request.pk,
        target_name=f"{name}: {request.amount:,} {request.type.name}",
        before=before,
        after={"state": request.state, "granted": request.granted, "amount": request.amount, "note": note},
    )
