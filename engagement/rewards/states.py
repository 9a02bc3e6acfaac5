"""The states of a redemption, and the one door through which they change.

    requested ─► approved ─► fulfilled ─► delivered
        │            │            │           │
        ├► rejected  │            └─────┬─────┘
        ├► expired ◄─┤                  ▼
        └► cancelled ◄──────────── cancelled (by the team)

Invariants, for each reward: `reserved` counts its redemptions that are `counted` and in HELD; whatever ends in ENDED gave back
points and stock in that same transaction, and is no longer `counted`. Lock order: sponsor, redemption, balance, reward. So a hot
reward is held for one statement and the commit.

`due_at` belongs to reminders (fulfilling); expiry reads `requested_at` and `decided_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.core.text import clean_line
from saas.events import publish

from .models import Approval, Redemption, RedemptionState
from .redemption_errors import InvalidRedemptionError, RedemptionNotFoundError, RedemptionStateError
from .redemption_events import RedemptionChanged

REQUESTED: Final = RedemptionState.REQUESTED.value
APPROVED: Final = RedemptionState.APPROVED.value
FULFILLED: Final = RedemptionState.FULFILLED.value
DELIVERED: Final = RedemptionState.DELIVERED.value
REJECTED: Final = RedemptionState.REJECTED.value
CANCELLED: Final = RedemptionState.CANCELLED.value
EXPIRED: Final = RedemptionState.EXPIRED.value

MOVES: Final[Mapping[str, frozenset[str]]] = {
    REQUESTED: frozenset({APPROVED, REJECTED, CANCELLED, EXPIRED}),
    APPROVED: frozenset({FULFILLED, CANCELLED, EXPIRED}),
    FULFILLED: frozenset({DELIVERED, CANCELLED}),
    DELIVERED: frozenset({CANCELLED}),
    REJECTED: frozenset(),
    CANCELLED: frozenset(),
    EXPIRED: frozenset(),
}
HELD: Final = (REQUESTED, APPROVED)  # one of the stock is reserved
GIVEN: Final = (FULFILLED, DELIVERED)  # one of the stock went out
ENDED: Final = (REJECTED, CANCELLED, EXPIRED)  # everything was given back
MAX_REASON: Final = 300
# What somebody of the team did → the audit log's word for it.
_ACTS: Final = {
    "approved": "redemption.approved",
    "rejected": "redemption.rejected",
    "cancelled": "redemption.cancelled",
    "fulfilled": "redemption.fulfilled",
    "delivered": "redemption.delivered",
}
_MOST_LINES: Final = 50  # of a history; no way through MOVES is longer than a few


class Priced(Protocol):
    price: int
    approval: str
    approval_above: int | None


def needs_team(reward: Priced) -> bool:
    """Whether a redemption of it waits for somebody of the team."""
    if reward.approval == Approval.ABOVE:
        return reward.price > (reward.approval_above or 0)
    return reward.approval == Approval.MODERATOR


def lock_redemption(redemption_id: int) -> Redemption:
    """The row, held to the end of the transaction. Raises RedemptionNotFoundError."""
    row = None
    if 0 < redemption_id < 2**63:
        row = Redemption.objects.select_for_update().filter(pk=redemption_id).first()
    if row is None:
        raise RedemptionNotFoundError
    return row


def require_move(redemption: Redemption, to: str) -> None:
    """Raises RedemptionStateError, which says where it stands."""
    if to not in MOVES[redemption.state]:
        raise RedemptionStateError(
            f"This redemption of “{redemption.reward_name}” is {_WORDS[redemption.state]}, so it can't be {_WORDS[to]}. "
            "Open it again to see what was done."
        )


def move_redemption(redemption: Redemption, to: str, *, actor: Actor, why: str = "", **changes: Any) -> None:
    """From where it stands to `to`, with `changes` of other columns, by conditional update in the caller's transaction.

    Publishes RedemptionChanged. Points, stock and the audit log are the caller's. Raises RedemptionStateError.
    """
    require_move(redemption, to)
    was, now = redemption.state, clock.now()
    if not redemption.told:
        changes["told"] = True
        publish(RedemptionChanged(redemption.pk, redemption.member_id, redemption.reward_id, was, ""))
    line = history_line(to, at=now.isoformat(), by=actor.name, reason=why)
    changes |= {"state": to, "history": [*redemption.history, line][-_MOST_LINES:]}
    if not _write(redemption, was, changes):
        raise RedemptionStateError(
            f"Somebody else changed this redemption of “{redemption.reward_name}” at the same moment. Open it again to see how it is."
        )
    for name, value in changes.items():
        setattr(redemption, name, value)
    publish(RedemptionChanged(redemption.pk, redemption.member_id, redemption.reward_id, to, was))


def record_decision(redemption: Redemption, action: str, was: str, *, actor: Actor, reason: str = "") -> None:
    """The audit entry of what somebody of the team did, in the caller's transaction."""
    record_audit(
        actor=actor,
        action=_ACTS[action],
        target_kind="redemption",
        target_id=redemption.pk,
        target_name=redemption.reward_name,
        before={"state": was},
        after={"state": redemption.state, "member": redemption.member_id, "points": redemption.price},
        note=reason,
    )


def history_line(state: str, *, at: str, by: str, reason: str = "") -> dict[str, str]:
    return {"state": state, "at": at, "by": by[:120], "reason": reason}


def check_reason(reason: str, *, needed: bool = False) -> str:
    """In one line of printable text. Raises InvalidRedemptionError."""
    cleaned = clean_line(reason, limit=MAX_REASON + 1)
    if len(reason) > MAX_REASON * 8 or len(cleaned) > MAX_REASON:
        raise InvalidRedemptionError(
            f"A reason has at most {MAX_REASON} characters, and this has more. Make it shorter.",
            field="reason",
        )
    if needed and not cleaned:
        raise InvalidRedemptionError(
            "Say why, in a few words: the member reads it with the decision.", field="reason"
        )
    return cleaned


def _write(redemption: Redemption, was: str, changes: Mapping[str, Any]) -> bool:
    return Redemption.objects.filter(pk=redemption.pk, state=was).update(**changes) == 1


_WORDS: Final = {
    REQUESTED: "waiting for the team",
    APPROVED: "approved",
    FULFILLED: "fulfilled",
    DELIVERED: "delivered",
    REJECTED: "rejected",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
}
