"""What reviewers do: claim, approve, reject, ask, take a decision back. Who may review what is asked in people.py, before.

Each locks the submission's row first; points move in the same transaction (engagement.progression.awarding), so that an approval
and its points are there together or not at all. The member is told UNDO seconds later (sla.py), and not of what was taken back by
then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import Cause
from engagement.members.models import Member
from engagement.progression.awarding import award_points, take_award_back
from engagement.progression.merged import find_owner
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events import publish
from tenants.context import TenantContext

from .answers import clean_text
from .errors import ClaimedError, InvalidReviewError, SubmissionNotFoundError, WrongStateError
from .events import SubmissionChanged, SubmissionUndone
from .history import note, words_of
from .models import Submission
from .people import claim_key, list_members_of, refuse_own
from .scoring import check_points, check_scores, points_for
from .shapes import form_of
from .sla import tell_later
from .states import APPROVED, DECIDED, NEEDS_INFO, PENDING, REJECTED, may_move

CLAIM: Final = timedelta(minutes=15)
UNDO: Final = timedelta(seconds=10)  # from a decision until its member is told
MAX_REASON: Final = 500
MAX_AT_ONCE: Final = 100
APPROVE, REJECT, ASK, UNDO_ACT = "approve", "reject", "ask", "undo"
ACTS: Final = (APPROVE, REJECT, ASK, UNDO_ACT)
_BIG: Final = 2**63 - 1
_AUDITED: Final = {
    APPROVED: "submission.approved",
    REJECTED: "submission.rejected",
    NEEDS_INFO: "submission.asked",
    PENDING: "submission.undone",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one of many. `state` and `points` are as they are now; `code` and `message` of what was refused."""

    submission_id: int
    done: bool
    state: str = ""
    points: int = 0
    title: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Decision:
    state: str
    reason: str = ""
    points: int = 0
    scores: Mapping[str, int] | None = None


@transaction.atomic
def claim_submission(*, submission_id: int, actor: Actor) -> Submission:
    """Reserve what waits for the actor for CLAIM, so that two do not review the same; one's own claim begins anew.

    Locks the row. Raises SubmissionNotFoundError, OwnSubmissionError, WrongStateError, ClaimedError.
    """
    submission, me = _lock_for_review(submission_id, actor)
    if submission.state not in (PENDING, NEEDS_INFO):
        raise _too_late(submission)
    submission.claimed_by, submission.claimed_name = me, actor.name[:120]
    submission.claimed_until = clock.now() + CLAIM
    submission.save(update_fields=["claimed_by", "claimed_name", "claimed_until"])
    return submission


@transaction.atomic
def release_claim(*, submission_id: int, actor: Actor) -> Submission:
    """Give one's own claim back; where there is none, nothing happens. Locks the row. Raises SubmissionNotFoundError."""
    submission = _lock(submission_id)
    if submission.claimed_by == claim_key(actor, list_members_of(actor)):
        _free(submission)
        submission.save(update_fields=["claimed_by", "claimed_name", "claimed_until"])
    return submission


@transaction.atomic
def approve_submission(
    *,
    context: TenantContext,
    submission_id: int,
    actor: Actor,
    scores: Mapping[str, Any] | None = None,
    points: int | None = None,
    note: str = "",
) -> Submission:
    """Confirm it, and give its points exactly once: those that follow from answers and `scores`, or `points`, which the reviewer chose.

    Locks the row, then the ledger. The same person's repeat changes nothing. Publishes SubmissionChanged, what award_points publishes,
    and UNDO later SubmissionDecided; recorded in the audit log. Raises SubmissionNotFoundError, OwnSubmissionError, WrongStateError,
    ClaimedError, InvalidReviewError, MemberDeletedError, MemberWaitsError.
    """
    submission, me = _lock_for_review(submission_id, actor)
    if _is_repeat(submission, APPROVED, me):
        return submission
    form = form_of(submission.form)
    kept = check_scores(form, scores)
    amount = points_for(form, submission.answers, kept) if points is None else check_points(form, points)
    decision = _Decision(APPROVED, check_reason(note, needed=False, field="note"), amount, kept)
    _decide(submission, decision, actor, me, context)
    if amount:
        award_points(
            member_id=find_owner(submission.member_id),
            amount=amount,
            cause=Cause.SUBMISSION,
            cause_id=submission.pk,
            context=context,
            rounds=submission.rounds,
        )
    return submission


@transaction.atomic
def reject_submission(*, context: TenantContext, submission_id: int, actor: Actor, reason: str) -> Submission:
    """Say no, with a reason for the member. Lock, repeats, events and errors as approve_submission; no points move."""
    submission, me = _lock_for_review(submission_id, actor)
    if _is_repeat(submission, REJECTED, me):
        return submission
    decision = _Decision(REJECTED, check_reason(reason, needed=True, field="reason"))
    _decide(submission, decision, actor, me, context)
    return submission


@transaction.atomic
def ask_for_info(*, context: TenantContext, submission_id: int, actor: Actor, question: str) -> Submission:
    """Ask the member something; it waits until they answer (handing_in.resubmit). Lock, repeats, events and errors as
    approve_submission; no points move."""
    submission, me = _lock_for_review(submission_id, actor)
    if _is_repeat(submission, NEEDS_INFO, me):
        return submission
    decision = _Decision(NEEDS_INFO, check_reason(question, needed=True, field="question"))
    _decide(submission, decision, actor, me, context)
    return submission


@transaction.atomic
def undo_decision(*, context: TenantContext, submission_id: int, actor: Actor) -> Submission:
    """Take the last decision back: it waits for review again, as before. Points that it gave are taken back exactly; what of them was
    spent becomes debt. Within UNDO the member hears nothing of either.

    Locks the row, then the ledger. What waits already is left as it is where the same person undid it. Publishes SubmissionUndone,
    SubmissionChanged and what take_award_back publishes; recorded in the audit log. Raises SubmissionNotFoundError,
    OwnSubmissionError, WrongStateError.
    """
    submission, me = _lock_for_review(submission_id, actor)
    if _is_repeat(submission, PENDING, me):
        return submission
    was = submission.state
    if was not in DECIDED:
        raise WrongStateError(f"There is no decision to take back: this is {words_of(was)}.", state=was)
    points, told = submission.points, submission.told_at is not None
    before = {"state": was, "points": points, "reason": submission.reason}
    submission.points, submission.scores = 0, {}
    submission.reason = submission.decided_by = ""
    submission.decided_at = submission.told_after = submission.told_at = None
    submission.state = PENDING
    note(submission, actor, was=was, who=me)
    rounds = submission.rounds
    submission.rounds += was == APPROVED
    _move(submission, was)
    if points:
        take_award_back(
            member_id=submission.member_id,
            cause=Cause.SUBMISSION,
            undo=Cause.SUBMISSION_UNDO,
            cause_id=submission.pk,
            context=context,
            rounds=rounds,
        )
    publish(
        SubmissionUndone(
            submission.pk,
            submission.member_id,
            submission.type_id,
            was,
            points,
            told,
            submission.title,
            submission.type.name,
        )
    )
    publish(SubmissionChanged(submission.pk, submission.member_id, submission.type_id, PENDING, was))
    _record(submission, actor, before)
    return submission


def decide_many(
    *,
    context: TenantContext,
    submission_ids: Sequence[int],
    act: str,
    actor: Actor,
    reason: str = "",
    points: int | None = None,
    allowed: Callable[[Submission], bool] = lambda submission: True,
) -> list[Result]:
    """Do one act to up to MAX_AT_ONCE submissions, each in its own transaction, and say of each what became of it, in the order given.

    `allowed` says which of them the actor may review at all; the others are as if they did not exist. Raises InvalidReviewError for
    an act that does not exist, too many ids, or a reason that is missing.
    """
    if act not in ACTS:
        raise InvalidReviewError(
            f"There is no act {act!r:.40}. Choose one of {', '.join(ACTS)}.", field="act"
        )
    ids = list(dict.fromkeys(submission_ids))
    if not 1 <= len(ids) <= MAX_AT_ONCE:
        raise InvalidReviewError(
            f"Choose 1 to {MAX_AT_ONCE} submissions; these are {len(ids)}.", field="submissions"
        )
    check_reason(reason, needed=act in (REJECT, ASK), field="reason")
    known = Submission.objects.select_related("type").in_bulk([one for one in ids if 0 < one <= _BIG])
    return [
        _try(one, known.get(one), allowed, lambda one=one: _act(context, one, act, actor, reason, points))  # type: ignore[misc]
        for one in ids
    ]


def _try(
    submission_id: int,
    known: Submission | None,
    allowed: Callable[[Submission], bool],
    work: Callable[[], Submission],
) -> Result:
    title = "" if known is None else known.title or known.type.name
    try:
        if known is None or not allowed(known):
            raise SubmissionNotFoundError
        done = work()
    except EngageHubError as error:
        return Result(submission_id, False, getattr(error, "state", ""), 0, title, error.code, error.message)
    return Result(submission_id, True, done.state, done.points, title)


def _act(
    context: TenantContext, submission_id: int, act: str, actor: Actor, reason: str, points: int | None
) -> Submission:
    which = {"context": context, "submission_id": submission_id, "actor": actor}
    if act == APPROVE:
        return approve_submission(**which, points=points, note=reason)  # type: ignore[arg-type]
    if act == REJECT:
        return reject_submission(**which, reason=reason)  # type: ignore[arg-type]
    if act == ASK:
        return ask_for_info(**which, question=reason)  # type: ignore[arg-type]
    return undo_decision(**which)  # type: ignore[arg-type]


def check_reason(text: object, *, needed: bool, field: str) -> str:
    """What the member reads. Raises InvalidReviewError."""
    if not isinstance(text, str):
        raise InvalidReviewError("This is a text.", field=field)
    clean = clean_text(text, limit=MAX_REASON + 1)
    if len(clean) > MAX_REASON or len(text) > MAX_REASON * 8:
        raise InvalidReviewError(f"This has more than {MAX_REASON} characters. Shorten it.", field=field)
    if needed and not clean:
        what = "Write what you need to know" if field == "question" else "Give a reason"
        raise InvalidReviewError(f"{what}: the member reads it.", field=field)
    return clean


def _lock(submission_id: int) -> Submission:
    found = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("type")
        .filter(pk=min(submission_id, _BIG))
        .first()
    )
    if found is None or found.submitted_at is None:  # a draft is its member's alone
        raise SubmissionNotFoundError
    return found


def _lock_for_review(submission_id: int, actor: Actor) -> tuple[Submission, str]:
    """The row and the actor's name in claims. Raises SubmissionNotFoundError, OwnSubmissionError, ClaimedError."""
    submission = _lock(submission_id)
    mine: list[Member] = list_members_of(actor)
    refuse_own(submission, mine)
    me = claim_key(actor, mine)
    until = submission.claimed_until
    if submission.claimed_by not in ("", me) and until is not None and until > clock.now():
        raise ClaimedError(by=submission.claimed_name, until=until)
    return submission, me


def _is_repeat(submission: Submission, state: str, me: str) -> bool:
    """Whether the last that was done to it is just this, by the same person."""
    last = submission.history[-1] if submission.history else {}
    return submission.state == state and last.get("state") == state and last.get("who") == me


def _decide(
    submission: Submission, decision: _Decision, actor: Actor, me: str, context: TenantContext
) -> None:
    was = submission.state
    if was not in (PENDING, NEEDS_INFO) or not may_move(was, decision.state):
        raise _too_late(submission)
    now = clock.now()
    submission.state = decision.state
    submission.reason, submission.points = decision.reason, decision.points
    submission.scores = dict(decision.scores or {})
    submission.decided_at, submission.decided_by = now, actor.name[:120]
    submission.told_after, submission.told_at = now + UNDO, None
    _free(submission)
    facts: dict[str, Any] = {"who": me} | ({"points": decision.points} if decision.state == APPROVED else {})
    note(submission, actor, decision.reason, now=now, **facts)
    _move(submission, was)
    publish(SubmissionChanged(submission.pk, submission.member_id, submission.type_id, decision.state, was))
    tell_later(submission, submission.told_after, context)
    _record(submission, actor, {"state": was, "points": 0, "reason": ""})


def _move(submission: Submission, was: str) -> None:
    """Write the row where it is still in the state that it was read in. Raises WrongStateError."""
    fields = (
        *("state", "reason", "points", "scores", "decided_at", "decided_by", "told_after", "told_at"),
        *("claimed_by", "claimed_name", "claimed_until", "history", "rounds"),
    )
    there = Submission.objects.filter(pk=submission.pk, state=was)
    if not there.update(**{name: getattr(submission, name) for name in fields}):
        raise _too_late(Submission.objects.get(pk=submission.pk))


def _too_late(submission: Submission) -> WrongStateError:
    by = f" {submission.decided_by} was quicker." if submission.decided_by else ""
    return WrongStateError(
        f"This is {words_of(submission.state)} already.{by} Look at it again before you decide.",
        state=submission.state,
    )


def _free(submission: Submission) -> None:
    submission.claimed_by, submission.claimed_name, submission.claimed_until = "", "", None


def _record(submission: Submission, actor: Actor, before: dict[str, Any]) -> None:
    record_audit(
        actor=actor,
        action=_AUDITED[submission.state],
        target_kind="submission",
        target_id=submission.pk,
        target_name=f"{submission.type.name}: {submission.title}"
        if submission.title
        else submission.type.name,
        before=before,
        after={"state": submission.state, "points": submission.points, "reason": submission.reason},
    )
