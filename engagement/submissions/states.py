"""From which state a submission may go to which. Pure."""

from __future__ import annotations

from typing import Final

from .models import SubmissionState

DRAFT, PENDING, NEEDS_INFO, APPROVED, REJECTED, WITHDRAWN = (state.value for state in SubmissionState)
# From approved and rejected back to pending: a decision was taken back; from rejected also when it is handed in again.
MOVES: Final = {
    DRAFT: frozenset({PENDING, WITHDRAWN}),
    PENDING: frozenset({NEEDS_INFO, APPROVED, REJECTED, WITHDRAWN}),
    NEEDS_INFO: frozenset({PENDING, APPROVED, REJECTED, WITHDRAWN}),
    APPROVED: frozenset({PENDING}),
    REJECTED: frozenset({PENDING}),
    WITHDRAWN: frozenset[str](),
}
OPEN: Final = (PENDING, NEEDS_INFO)  # somebody still has to do something
COUNTED: Final = (PENDING, NEEDS_INFO, APPROVED)  # towards a member's limit, and what a link may not repeat
DECIDED: Final = (NEEDS_INFO, APPROVED, REJECTED)


def may_move(was: str, state: str) -> bool:
    return state in MOVES[was]


def sources_of(state: str) -> tuple[str, ...]:
    """The states from which `state` can be reached."""
    return tuple(was for was, targets in MOVES.items() if state in targets)
