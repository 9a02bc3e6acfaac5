"""Members ask for credits, answer what they are asked, and cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now

from .automatic import gather_facts, grants_itself
from .checks import MAX_NOTE, MAX_REASON, check_amount, check_key, check_text, require_same
from .errors import InvalidCreditsError, RequestDecidedError
from .events import CreditRequested
from .flagging import flag_request
from .limits import OPEN_STATES, check_limits, get_limits
from .locks import lock_requester
from .models import CreditRequest, CreditType, RequestState
from .people import get_holder
from .states import finish_request, grant_request, lock_request, remember
from .types import get_type, refuse_closed

DOORS: Final = ("web", "rest", "bot")


@transaction.atomic
def request_credits(
    *,
    context: TenantContext,
    member_id: int,
    type_key: str,
    amount: int,
    reason: str,
    key: str,
    via: str,
    actor: Actor,
    level_of: Callable[[int], int],
) -> CreditRequest:
    """A member asks for `amount` credits. Where the type's rule says so and nothing is suspicious, they are granted at once. Asked
    through engagement.progression.crediting, which knows members' levels.

    Takes the member's own lock of requests. Idempotent on `key`. Publishes CreditRequested, and CreditRequestDecided where it is
    granted at once. Raises InvalidCreditsError, CreditTypeNotFoundError, CreditTypeClosedError, CreditTypeFrozenError,
    RequestLimitError, MemberNotFoundError, MemberDeletedError, MemberWaitsError, CreditKeyReusedError.
    """
    check_amount(amount)
    credit_type, words = get_type(type_key), check_text(reason, longest=MAX_REASON, field="reason")
    lock_requester(member_id)
    before = CreditRequest.objects.filter(key=check_key(key)).select_related("type").first()
    if before is not None:
        require_same((before.type_id, before.member_id, before.amount), (credit_type.pk, member_id, amount))
        return before
    if via not in DOORS:
        raise ValueError(f"A request comes by {', '.join(DOORS)}; not by {via!r}.")
    member, now = get_holder(member_id), clock.now()
    refuse_closed(credit_type, context)
    if credit_type.needs_reason and not words:
        raise InvalidCreditsError(
            f"Say what you need the {credit_type.name} {credit_type.unit} for.", field="reason"
        )
    limits = get_limits([credit_type], member_id=member_id, context=context, now=now)[credit_type.pk]
    check_limits(credit_type, amount, limits, context=context, now=now)
    request = CreditRequest(
        key=key, type=credit_type, member_id=member_id, amount=amount, reason=words, via=via, requested_at=now,
        flags=flag_request(credit_type, member, amount, words, now=now),
    )  # fmt: skip
    remember(request, now, by=actor.name, note=words)
    request.save()
    publish(CreditRequested(request.pk, member_id, credit_type.pk, amount, bool(request.flags)))
    _grant_by_rule(context, request, level_of)
    return request


@transaction.atomic
def answer_request(
    *, context: TenantContext, request_id: int, answer: str, actor: Actor, member_id: int | None = None
) -> CreditRequest:
    """The member answers what they were asked; the request waits for a decision again. Locks its row. With `member_id`, the
    request of anybody else does not exist.

    An answer that is there already changes nothing. Publishes CreditRequested (`again`). Raises CreditRequestNotFoundError,
    RequestDecidedError, InvalidCreditsError.
    """
    words = check_text(answer, longest=MAX_REASON, field="answer", needed="Write an answer first.")
    request = lock_request(request_id, of_member=member_id)
    last = request.history[-1] if request.history else {}
    if request.state == RequestState.PENDING and last.get("note") == words:
        return request
    if request.state != RequestState.NEEDS_INFO:
        raise RequestDecidedError("Nobody waits for an answer to this request any more. Reload the page.")
    request.state = RequestState.PENDING
    remember(request, clock.now(), by=actor.name, note=words)
    request.save(update_fields=["state", "history"])
    publish(
        CreditRequested(
            request.pk, request.member_id, request.type_id, request.amount, bool(request.flags), True
        )
    )
    return request


@transaction.atomic
def cancel_request(
    *,
    context: TenantContext,
    request_id: int,
    actor: Actor,
    reason: str = "",
    member_id: int | None = None,
) -> CreditRequest:
    """Withdraw a request that waits. Locks its row. A repeat changes nothing. Recorded; publishes CreditRequestDecided.

    `member_id`: who withdraws it, to whom the request of anybody else does not exist; without, it is the team's act. Raises
    CreditRequestNotFoundError, RequestDecidedError, InvalidCreditsError.
    """
    note = check_text(reason, longest=MAX_NOTE, field="reason")
    request = lock_request(request_id, of_member=member_id)
    if request.state == RequestState.CANCELLED:
        return request
    finish_request(request, RequestState.CANCELLED, by=actor.name, note=note)
    record_audit(
        actor=actor, action="credit_request.cancelled", target_kind="credit_request", target_id=request.pk,
        target_name=request.type.name, after={"amount": request.amount}, note=note,
    )  # fmt: skip
    return request


@transaction.atomic
def cancel_of_member(
    *, member_id: int, actor: Actor = SYSTEM, reason: str = "The member was deleted."
) -> int:
    """Cancel and archive everything that waits in a member's name, because they go; answers how many there were.

    Takes the member's own lock of requests, so that nothing is asked for meanwhile, and each row's. A repeat finds nothing more.
    Publishes CreditRequestDecided for each.
    """
    lock_requester(member_id)
    waiting = CreditRequest.objects.select_for_update(of=("self",)).select_related("type").order_by("pk")
    count = 0
    for request in waiting.filter(member_id=member_id, state__in=OPEN_STATES):
        finish_request(request, RequestState.CANCELLED, by=actor.name, note=reason[:MAX_NOTE])
        request.archived_at = request.decided_at
        request.save(update_fields=["archived_at"])
        count += 1
    return count


def _grant_by_rule(context: TenantContext, request: CreditRequest, level_of: Callable[[int], int]) -> None:
    credit_type: CreditType = request.type
    if not credit_type.automatic or request.flags:
        return
    now = clock.now()
    phase = entitlements_now(context).phase_at(now)
    facts = gather_facts(
        credit_type,
        get_holder(request.member_id),
        request.amount,
        plan=phase.plan if phase else "",
        now=now,
        level_of=level_of,
    )
    # The new request itself waits, so it counts neither as granted nor as rejected.
    if grants_itself(credit_type.automatic, facts):
        grant_request(request, request.amount, by=SYSTEM.name, note="Granted by rule.", automatic=True)
