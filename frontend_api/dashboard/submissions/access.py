"""Who may decide on what: whoever may review everything, and those whom a kind names as its reviewers."""

from __future__ import annotations

from engagement.submissions.models import SubmissionType
from engagement.submissions.people import REVIEW, may_review, require_reviewer, reviewable_types
from frontend_api.dashboard.access import Desk


def may_decide(desk: Desk) -> bool:
    """On any kind at all."""
    found = types_of(desk)
    return found is None or bool(found)


def types_of(desk: Desk) -> frozenset[int] | None:
    """The kinds whose submissions the person may decide on; None: all."""
    return reviewable_types(rights=desk.person.rights, actor=desk.actor)


def may_decide_on(desk: Desk, submission_type: SubmissionType) -> bool:
    return may_review(submission_type, rights=desk.person.rights, actor=desk.actor)


def check_any(desk: Desk) -> frozenset[int] | None:
    """`types_of`. Raises NotPermittedError for who may decide on nothing."""
    found = types_of(desk)
    if found is not None and not found:
        desk.require(REVIEW)
    return found


def check_on(desk: Desk, submission_type: SubmissionType) -> None:
    """Raises NotPermittedError for who may decide on nothing, NotReviewerError for who may on other kinds alone."""
    check_any(desk)
    require_reviewer(submission_type, rights=desk.person.rights, actor=desk.actor)
