"""What members read of their submissions. A decision shows once it is told, so that one taken back within its seconds was never seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engagement.submissions.models import Submission
from engagement.submissions.scoring import most_points
from engagement.submissions.shapes import Form
from engagement.submissions.states import APPROVED, DRAFT, NEEDS_INFO, PENDING, REJECTED, WITHDRAWN
from frontend_api.figures import write_unit
from saas.core import clock
from tenants.context import TenantContext


@dataclass(frozen=True, slots=True)
class StateWords:
    name: str
    kind: str  # of the tag
    icon: str
    next: str  # what happens now, or what to do


_WORDS: Final = {
    DRAFT: StateWords("Draft", "", "pencil", "Only you see it. Finish it and hand it in when you like."),
    PENDING: StateWords("Waits for review", "accent", "hourglass", "Somebody of the team looks at it. You can withdraw it until then."),
    NEEDS_INFO: StateWords("Needs an answer from you", "warn", "message", "Change what is asked for and hand it in again."),
    APPROVED: StateWords("Approved", "good", "circle-check", ""),
    REJECTED: StateWords("Not accepted", "warn", "circle-x", "You can correct it and hand it in again."),
    WITHDRAWN: StateWords("Withdrawn", "", "arrow-back-up", ""),
}  # fmt: skip


_SINGULARS: Final = {"people": "person", "children": "child"}


@dataclass(frozen=True, slots=True)
class ShownState:
    state: str
    words: StateWords
    points: int
    reason: str


def shown_state(submission: Submission) -> str:
    """As its member may know it by now."""
    told = submission.told_after
    if told is not None and submission.told_at is None and told > clock.now():
        return PENDING
    return submission.state


def state_of(submission: Submission) -> ShownState:
    state = shown_state(submission)
    hidden = state != submission.state
    return ShownState(
        state, _WORDS[state], 0 if hidden else submission.points, "" if hidden else submission.reason
    )


def worth_of(form: Form, context: TenantContext) -> str:
    """“25 points”, “10 points for each hour”, “up to 100 points”."""
    award, name = form.award, context.points_name
    most = most_points(form)
    if not most or not award.points:
        return ""
    if award.kind == "per_unit":
        counted = form.field(award.field)
        unit = _one_of(counted.unit) if counted is not None and counted.unit else "one"
        cap = f", {write_unit(most, name)} at most" if award.cap is not None else ""
        return f"{write_unit(award.points, name)} for each {unit}{cap}"
    if award.kind == "rubric":
        return f"up to {write_unit(most, name)}"
    return write_unit(most, name)


def _one_of(unit: str) -> str:
    """“minutes” → “minute”."""
    return _SINGULARS.get(unit.lower()) or write_unit(1, unit).partition(" ")[2]


def tell_history(submission: Submission) -> Iterator[dict[str, Any]]:
    """Each step as its member may read it: without the names of reviewers."""
    lines = submission.history
    if shown_state(submission) != submission.state:
        lines = lines[:-1]
    for line in lines:
        words = _WORDS.get(line["state"])
        if words is not None:
            yield {
                "name": words.name,
                "icon": words.icon,
                "at": datetime.fromisoformat(line["at"]),
                "note": line.get("note", ""),
            }
