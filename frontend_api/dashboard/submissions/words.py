"""How states, histories and scores of submissions are written for the team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engagement.submissions.models import Submission
from engagement.submissions.states import APPROVED, DRAFT, NEEDS_INFO, PENDING, REJECTED, WITHDRAWN
from frontend_api.dashboard.parts.cells import Tag
from saas.core import clock

STATES: Final[Mapping[str, Tag]] = {
    DRAFT: Tag("Draft"),
    PENDING: Tag("Waits for review", "accent"),
    NEEDS_INFO: Tag("Needs info", "warn"),
    APPROVED: Tag("Approved", "good"),
    REJECTED: Tag("Rejected", "warn"),
    WITHDRAWN: Tag("Withdrawn"),
}
VIAS: Final = {
    "web": "the web",
    "rest": "the API",
    "bot": "Discord",
    "survey": "a survey",
    "command": "a command",
}
_STEPS: Final = {
    DRAFT: ("pencil", "kept a draft"),
    PENDING: ("upload", "handed it in"),
    NEEDS_INFO: ("message", "asked for more"),
    APPROVED: ("circle-check", "approved it"),
    REJECTED: ("circle-x", "rejected it"),
    WITHDRAWN: ("arrow-back-up", "withdrew it"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a submission's history."""

    icon: str
    by: str
    did: str
    at: datetime
    note: str = ""


def tell_steps(submission: Submission) -> Iterator[Step]:
    """What happened to it, the newest first."""
    for line in reversed(submission.history):
        icon, did = _STEPS.get(line["state"], ("info-circle", line["state"]))
        if line.get("was"):
            icon, did = "arrow-back-up", "took the decision back"
        if line.get("points"):
            did = f"{did}, {line['points']:,} points"
        yield Step(icon, line.get("by", ""), did, datetime.fromisoformat(line["at"]), line.get("note", ""))


def is_claimed(submission: Submission) -> bool:
    until = submission.claimed_until
    return bool(submission.claimed_by) and until is not None and until > clock.now()


def is_overdue(submission: Submission) -> bool:
    due = submission.due_at
    return submission.state == PENDING and due is not None and due < clock.now()


def due_cell(submission: Submission) -> Any:
    """When it is to be decided, while it waits."""
    if submission.state != PENDING or submission.due_at is None:
        return None
    return Tag("Overdue", "warn") if is_overdue(submission) else submission.due_at
