"""From the news of others to what a member is told of it.

Invariant: the key of a notice names its cause (redemption, state), so that a job that comes twice tells once. A job that comes late
tells nothing that is no longer so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engagement.credits.addressees import find_addressees
from engagement.credits.models import CreditMove, CreditRequest, CreditType, RequestState
from engagement.credits.states import is_large
from engagement.members.models import Member
from engagement.progression.merged import find_owner
from engagement.rewards.models import DropPlace, Redemption, RedemptionState, RewardKind
from engagement.rewards.states import APPROVED, ENDED, FULFILLED, REQUESTED
from saas.core import clock
from tenants.context import TenantContext

from .models import Notice
from .notices import Told, tell_member, tell_members

# What was given, by its kind; a parcel is told of when it is sent.
_GIVEN: Final[Mapping[str, str]] = {
    RewardKind.ROLE.value: "role_given",
    RewardKind.DOWNLOAD.value: "download_ready",
    RewardKind.CODE.value: "code_ready",
    RewardKind.PARTNER.value: "offer_ready",
    RewardKind.MERCHANDISE.value: "parcel_shipped",
    RewardKind.CREDITS.value: "credits_ready",
    RewardKind.RAFFLE.value: "raffle_entered",
    RewardKind.CUSTOM.value: "reward_ready",
}
_SUBMISSIONS: Final[Mapping[str, str]] = {
    "approved": "submission_approved",
    "rejected": "submission_rejected",
    "needs_info": "submission_needs_info",
}
_REQUESTS: Final[Mapping[str, str]] = {
    RequestState.APPROVED.value: "credit_request_approved",
    RequestState.REJECTED.value: "credit_request_rejected",
    RequestState.NEEDS_INFO.value: "credit_request_asked",
}


def tell_redemption(*, redemption_id: int, state: str, was: str) -> Notice | None:
    """What a redemption has become. None where that is no news to the member: their own doing, or a step that the next one tells of."""
    redemption = Redemption.objects.filter(pk=redemption_id).first()
    if redemption is None or (redemption.state in ENDED and state not in ENDED):
        return None
    if state in ENDED:
        kind = f"redemption_{state}"
        if state == RedemptionState.CANCELLED and _did_it_themselves(redemption, state):
            return None
    elif state == APPROVED:
        if was != REQUESTED or redemption.kind != RewardKind.CUSTOM:
            return None
        kind = "redemption_approved"
    elif state == FULFILLED:
        kind = _GIVEN[redemption.kind]
    elif redemption.kind == RewardKind.RAFFLE and "won" in redemption.outcome:
        kind = "raffle_won" if redemption.outcome["won"] else "raffle_lost"
    elif redemption.kind == RewardKind.MERCHANDISE and not _did_it_themselves(redemption, state):
        kind = "parcel_delivered"
    else:
        return None
    return _tell(redemption, kind, state)


def tell_held_up(*, redemption_id: int, why: str) -> Notice | None:
    """It is approved, and does not come at once: somebody else has to do something first."""
    redemption = Redemption.objects.filter(pk=redemption_id, state=APPROVED).first()
    if redemption is None:
        return None
    return _tell(redemption, "role_waits" if why == "member" else "redemption_approved", f"waits:{why}")


def tell_address_asked(*, redemption_id: int, again: bool, event_id: int) -> Notice | None:
    """Where a parcel shall go. Nothing for an address that came meanwhile."""
    redemption = Redemption.objects.filter(pk=redemption_id, state=APPROVED, address="").first()
    if redemption is None:
        return None
    return _tell(redemption, "address_reminder" if again else "address_needed", f"address:{event_id}")


def tell_drop_offered(
    *, reward_id: int, member_id: int, name: str, until: str, event_id: int
) -> Notice | None:
    """It is their turn in a drop's queue. Nothing once the offer is taken, lapsed or given up."""
    theirs = DropPlace.objects.filter(reward_id=reward_id, member_id=member_id, redemption=None, left_at=None)
    if not theirs.filter(offered_until__gt=clock.now()).exists():
        return None
    facts = {"id": reward_id, "reward": name, "until": until}
    return tell_member(
        member_id=find_owner(member_id), kind="drop_offered", facts=facts, key=f"drop:{reward_id}:{event_id}"
    )


def tell_role_ended(*, redemption_id: int) -> Notice | None:
    redemption = Redemption.objects.filter(pk=redemption_id).first()
    return None if redemption is None else _tell(redemption, "role_ended", "ended")


def tell_submission(
    *, submission_id: int, member_id: int, state: str, points: int, reason: str, title: str, key: str
) -> Notice | None:
    """What was decided about something that was handed in; `key` names the decision, since there may be another one later."""
    kind = _SUBMISSIONS.get(state)
    if kind is None:
        return None
    facts: dict[str, Any] = {"id": submission_id, "title": title}
    if state == "approved" and points > 0:
        facts["earned"] = points
    facts["question" if state == "needs_info" else "reason"] = reason
    return tell_member(member_id=find_owner(member_id), kind=kind, facts=facts, key=f"submission:{key}")


def tell_submission_undone(
    *, submission_id: int, member_id: int, points: int, title: str, key: str
) -> Notice | None:
    """A decision that the member had heard of was taken back."""
    facts: dict[str, Any] = {"id": submission_id, "title": title} | ({"lost": points} if points > 0 else {})
    return tell_member(
        member_id=find_owner(member_id), kind="submission_undone", facts=facts, key=f"submission:{key}"
    )


def tell_credit_decision(
    *, request_id: int, state: str, granted: int, automatic: bool, undone: bool, event_id: int
) -> Notice | None:
    """What became of a request for credits; nothing for who cancelled it, or was answered at once by rule."""
    request = CreditRequest.objects.filter(pk=request_id).select_related("type").first()
    kind = "credit_request_undone" if undone else _REQUESTS.get(state)
    if request is None or kind is None or automatic or (request.state != state and not undone):
        return None
    facts: dict[str, Any] = {
        "id": request.pk,
        "credits": name_credits(request.type),
        "amount": request.amount,
    }
    if kind == "credit_request_approved":
        facts |= {"amount": granted, "asked": request.amount}
        kind = "credit_request_part" if granted < request.amount else kind
    facts["question" if kind == "credit_request_asked" else "reason"] = request.note
    notice = tell_member(
        member_id=find_owner(request.member_id),
        kind=kind,
        facts=facts,
        key=f"credit_request:{request.pk}:{event_id}",
    )
    if notice is not None and not request.told_by:
        CreditRequest.objects.filter(pk=request.pk, told_by="").update(told_by="in_app")
    return notice


def tell_large_request(*, context: TenantContext, request_id: int, event_id: int) -> int:
    """Whoever may decide on a large request and gets no mail of it, for want of a confirmed address, is told as a member.

    Answers how many are new. Idempotent on the event.
    """
    request = CreditRequest.objects.filter(pk=request_id).select_related("type").first()
    asker = None if request is None else Member.objects.filter(pk=find_owner(request.member_id)).first()
    if request is None or asker is None or not is_large(request):
        return 0
    facts = {
        "id": request.pk,
        "member": asker.display_name,
        "credits": name_credits(request.type),
        "amount": request.amount,
        "reason": request.reason,
    }
    found = find_addressees(context=context, type_id=request.type_id, asker=asker).member_ids
    return tell_members(
        [Told(one, "credit_decision_waits", facts, f"credit_large:{event_id}:{one}") for one in found]
    )


def tell_credits_moved(*, move_id: int, kind: str) -> Notice | None:
    """Credits that somebody gave or took by hand."""
    move = CreditMove.objects.filter(pk=move_id).select_related("type").first()
    if move is None:
        return None
    facts = {"credits": name_credits(move.type), "amount": abs(move.amount), "reason": move.reason}
    return tell_member(
        member_id=find_owner(move.member_id), kind=kind, facts=facts, key=f"credit_move:{move.pk}:{kind}"
    )


def tell_credits_low(*, member_id: int, type_id: int, balance: int, entry_id: int) -> Notice | None:
    credit_type = CreditType.objects.filter(pk=type_id).first()
    if credit_type is None:
        return None
    facts = {"credits": name_credits(credit_type), "amount": balance}
    return tell_member(
        member_id=find_owner(member_id), kind="credits_low", facts=facts, key=f"credits_low:{entry_id}"
    )


def name_credits(credit_type: CreditType) -> str:
    """`AI credits`."""
    return f"{credit_type.name} {credit_type.unit}"


def _tell(redemption: Redemption, kind: str, cause: str) -> Notice | None:
    facts: dict[str, Any] = {
        "id": redemption.pk,
        "reward": redemption.reward_name,
        "points": redemption.price,
        "ticket": redemption.outcome.get("ticket"),
    }
    if redemption.state in ENDED:
        facts["reason"] = redemption.reason
    if kind == "role_given" and redemption.ends_at is not None:
        facts["until"] = redemption.ends_at.isoformat()
    if kind == "parcel_shipped":
        facts["tracking"] = redemption.tracking
    if kind == "credits_ready":
        credit_type = CreditType.objects.filter(pk=redemption.outcome.get("type_id")).first()
        facts |= {
            "amount": redemption.outcome.get("amount"),
            "credits": name_credits(credit_type) if credit_type else "",
        }
    return tell_member(
        member_id=find_owner(redemption.member_id),
        kind=kind,
        facts=facts,
        key=f"redemption:{redemption.pk}:{cause}",
    )


def _did_it_themselves(redemption: Redemption, state: str) -> bool:
    """Whether the history names the member as who brought it there."""
    by = next((line.get("by") for line in reversed(redemption.history) if line.get("state") == state), "")
    name = Member.objects.filter(pk=redemption.member_id).values_list("display_name", flat=True).first()
    return bool(by) and by == name
