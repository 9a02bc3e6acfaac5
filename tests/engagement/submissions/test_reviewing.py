"""A review: points exactly once with the approval, taken back exactly with its undo, by whoever may, told when it stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engagement.analytics.explanations import explain_entry, list_history
from engagement.analytics.sources import list_sources
from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.models import Identity, Member
from engagement.progression.services import adjust_points
from engagement.progression.verification import verify_ledger
from engagement.submissions.errors import (
    ClaimedError,
    InvalidReviewError,
    NotReviewerError,
    OwnSubmissionError,
    SubmissionNotFoundError,
    WrongStateError,
)
from engagement.submissions.handing_in import resubmit, withdraw
from engagement.submissions.models import Submission
from engagement.submissions.people import require_reviewer, reviewable_types
from engagement.submissions.reviewing import (
    CLAIM,
    UNDO,
    approve_submission,
    ask_for_info,
    claim_submission,
    decide_many,
    reject_submission,
    release_claim,
    undo_decision,
)
from engagement.submissions.sla import tell_outcome
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tenants.permissions import Rights, Role

from .forms import BEA, CYD, RUBRIC, amounts, as_member, give, lifetime, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


def approve(context: TenantContext, submission: Submission, actor: Actor = BEA, **more: Any) -> Submission:
    return approve_submission(context=context, submission_id=submission.pk, actor=actor, **more)


def entry_ids(member: Member) -> list[int]:
    return list(LedgerEntry.objects.filter(member_id=member.pk).order_by("pk").values_list("pk", flat=True))


def undo(context: TenantContext, submission: Submission, actor: Actor = BEA) -> Submission:
    return undo_decision(context=context, submission_id=submission.pk, actor=actor)


def test_an_approval_gives_its_points_once(acme: TenantContext) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)

    done = approve(acme, handed, note="Well done.")

    assert (done.state, done.points, done.decided_by) == ("approved", 50, "Bea")
    assert approve(acme, handed).pk == handed.pk
    with pytest.raises(WrongStateError) as refused:
        approve(acme, handed, CYD)
    assert "Bea was quicker" in refused.value.message
    assert (lifetime(member), amounts(member)) == (50, [50])
    assert AuditEntry.objects.filter(action="submission.approved").count() == 1
    assert [line["state"] for line in done.history] == ["pending", "approved"]
    assert verify_ledger(acme) == []


def test_an_undo_takes_back_exactly_and_it_can_be_approved_again_and_again(acme: TenantContext) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)
    adjust_points(member_id=member.pk, amount=5, reason="x", actor=SYSTEM, idempotency_key="a", context=acme)

    for round_ in range(3):
        approve(acme, handed, points=50 - round_)
        back = undo(acme, handed)
        assert (back.state, back.points, back.rounds) == ("pending", 0, round_ + 1)
        assert lifetime(member) == 5
        assert undo(acme, handed).rounds == round_ + 1
    approve(acme, handed, CYD)

    assert lifetime(member) == 55
    assert amounts(member) == [5, 50, -50, 49, -49, 48, -48, 50]
    assert verify_ledger(acme) == []
    assert len(list_history(member_id=member.pk)) == 8
    newest, undone, first = (explain_entry(entry_id=pk) for pk in entry_ids(member)[:1:-1][:3])
    assert dict(newest.lines)["Approved by"] == "Cyd"
    assert dict(undone.lines)["Taken back"].startswith("48 points")
    assert dict(first.lines)["Later"] == "The approval was taken back"
    assert {(one.kind, one.points) for one in list_sources(member_id=member.pk)} == {
        ("team", 5),
        ("submission", 50),
    }


def test_what_was_spent_of_it_becomes_a_debt(acme: TenantContext) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)
    approve(acme, handed)
    adjust_points(
        member_id=member.pk, amount=-30, reason="x", actor=SYSTEM, idempotency_key="a", context=acme
    )

    undo(acme, handed)

    balance = LedgerBalance.objects.get(member_id=member.pk, currency=0)
    assert (balance.current, balance.debt) == (0, 30)


def test_scores_decide_the_points_and_stay_with_it(acme: TenantContext) -> None:
    member = make_member(acme)
    judged = make_type(acme, rubric=RUBRIC, award={"kind": "rubric", "points": 100})
    handed = give(acme, judged, member)

    with pytest.raises(InvalidReviewError):
        approve(acme, handed, scores={"depth": 5})
    done = approve(acme, handed, scores={"depth": 5, "use": 0})

    assert (done.points, done.scores) == (67, {"depth": 5, "use": 0})
    assert lifetime(member) == 67


def test_nothing_for_it_moves_nothing(acme: TenantContext) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)

    approve(acme, handed, points=0)
    undo(acme, handed)

    assert amounts(member) == []


def test_a_refusal_and_a_question_need_their_words(acme: TenantContext) -> None:
    handed = give(acme, make_type(acme), make_member(acme))
    for words in ("", " \u200b ", "x" * 501):
        with pytest.raises(InvalidReviewError):
            reject_submission(context=acme, submission_id=handed.pk, actor=BEA, reason=words)
        with pytest.raises(InvalidReviewError):
            ask_for_info(context=acme, submission_id=handed.pk, actor=BEA, question=words)

    asked = ask_for_info(context=acme, submission_id=handed.pk, actor=BEA, question="Which one?")

    assert (asked.state, asked.reason) == ("needs_info", "Which one?")
    rejected = reject_submission(context=acme, submission_id=handed.pk, actor=BEA, reason="Too late.")
    assert (rejected.state, rejected.reason) == ("rejected", "Too late.")


def test_nobody_reviews_their_own_whatever_name_they_come_by(acme: TenantContext) -> None:
    member = make_member(acme)
    Identity.objects.create(provider="discord", external_id="4711", member=member)
    member.user_id = 700_009
    member.save()
    handed = give(acme, make_type(acme), member)

    for me in (
        as_member(member),
        Actor("discord", 4711, "Me"),
        Actor("user", 700_009, "Me"),
        Actor("operator", 700_009, "Me"),
    ):
        with pytest.raises(OwnSubmissionError):
            approve(acme, handed, me)
        with pytest.raises(OwnSubmissionError):
            claim_submission(submission_id=handed.pk, actor=me)
    approve(acme, handed)
    with pytest.raises(OwnSubmissionError):
        undo(acme, handed, as_member(member))


def test_a_claim_holds_for_others_until_it_ends(acme: TenantContext) -> None:
    handed = give(acme, make_type(acme), make_member(acme))
    now = clock.now()
    with clock.frozen_at(now):
        claimed = claim_submission(submission_id=handed.pk, actor=BEA)
        assert claimed.claimed_until == now + CLAIM
        for act in (
            lambda: approve(acme, handed, CYD),
            lambda: claim_submission(submission_id=handed.pk, actor=CYD),
        ):
            with pytest.raises(ClaimedError) as refused:
                act()
            assert "Bea" in refused.value.message
        release_claim(submission_id=handed.pk, actor=CYD)
        with pytest.raises(ClaimedError):
            approve(acme, handed, CYD)
        release_claim(submission_id=handed.pk, actor=BEA)
        claim_submission(submission_id=handed.pk, actor=CYD)
    with clock.frozen_at(now + CLAIM + timedelta(seconds=1)):
        claim_submission(submission_id=handed.pk, actor=BEA)
        done = approve(acme, handed, BEA)
    assert (done.claimed_by, done.claimed_until) == ("", None)


def test_a_claim_is_the_persons_by_discord_and_by_web(acme: TenantContext) -> None:
    handed, reviewer = give(acme, make_type(acme), make_member(acme)), make_member(acme)
    Identity.objects.create(provider="discord", external_id="4712", member=reviewer)
    reviewer.user_id = 700_010
    reviewer.save()

    claim_submission(submission_id=handed.pk, actor=Actor("discord", 4712, "Dee"))

    assert approve(acme, handed, Actor("user", 700_010, "Dee")).state == "approved"


def test_the_member_is_told_when_it_stands_and_not_of_what_was_taken_back(acme: TenantContext) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)
    now = clock.now()

    def told() -> list[str]:
        decided = TenantEvent.objects.filter(type="SubmissionDecided").order_by("pk")
        return [row.data["state"] for row in decided]

    with clock.frozen_at(now):
        approve(acme, handed)
        undo(acme, handed)
        reject_submission(context=acme, submission_id=handed.pk, actor=BEA, reason="No.")
        assert not tell_outcome(submission_id=handed.pk, context=acme)
    with clock.frozen_at(now + UNDO):
        assert tell_outcome(submission_id=handed.pk, context=acme)
        assert not tell_outcome(submission_id=handed.pk, context=acme)
        assert told() == ["rejected"]
        undo(acme, handed)
        approve(acme, handed)
    with clock.frozen_at(now + 2 * UNDO):
        assert tell_outcome(submission_id=handed.pk, context=acme)
    assert told() == ["rejected", "approved"]
    undone = TenantEvent.objects.filter(type="SubmissionUndone").order_by("pk")
    assert [(row.data["was"], row.data["told"]) for row in undone] == [
        ("approved", False),
        ("rejected", True),
    ]


def test_many_at_once_have_a_result_each(acme: TenantContext) -> None:
    of = make_type(acme)
    people = [make_member(acme) for _ in range(4)]
    good, gone, claimed, other = (give(acme, of, member) for member in people)
    withdraw(context=acme, submission_id=gone.pk, actor=as_member(people[1]))
    claim_submission(submission_id=claimed.pk, actor=CYD)
    wanted = [good.pk, gone.pk, claimed.pk, 10**18, -1, other.pk, good.pk]

    results = decide_many(
        context=acme, submission_ids=wanted, act="approve", actor=BEA, allowed=lambda one: one.pk != other.pk
    )

    assert [(one.submission_id, one.done, one.code) for one in results] == [
        (good.pk, True, ""),
        (gone.pk, False, "submission_state"),
        (claimed.pk, False, "submission_claimed"),
        (10**18, False, "submission_not_found"),
        (-1, False, "submission_not_found"),
        (other.pk, False, "submission_not_found"),
    ]
    assert (results[0].points, lifetime(people[0])) == (50, 50)
    for wrong in ({"act": "love"}, {"submission_ids": []}, {"submission_ids": range(101)}, {"act": "reject"}):
        with pytest.raises(InvalidReviewError):
            decide_many(
                **{"context": acme, "submission_ids": [good.pk], "act": "approve", "actor": BEA} | wrong
            )  # type: ignore[arg-type]


def test_a_type_names_reviewers_of_its_own(acme: TenantContext) -> None:
    helper = make_member(acme)
    helper.role_ids, helper.user_id = ["55"], 700_011
    helper.save()
    mine = make_type(acme, reviewers={"roles": ["55"]})
    theirs, by_login = make_type(acme), make_type(acme, reviewers={"users": [700_011]})
    stranger = Rights(Role.MEMBER)

    for me in (as_member(helper), Actor("user", 700_011, "Hal")):
        assert reviewable_types(rights=stranger, actor=me) == {mine.pk, by_login.pk}
        require_reviewer(mine, rights=stranger, actor=me)
        with pytest.raises(NotReviewerError):
            require_reviewer(theirs, rights=stranger, actor=me)
    assert reviewable_types(rights=Rights(Role.MODERATOR), actor=BEA) is None
    assert reviewable_types(rights=stranger, actor=BEA) == frozenset()


def test_an_answer_after_a_question_waits_again_and_the_question_cannot_be_taken_back(
    acme: TenantContext,
) -> None:
    member = make_member(acme)
    handed = give(acme, make_type(acme), member)
    ask_for_info(context=acme, submission_id=handed.pk, actor=BEA, question="Which?")
    resubmit(context=acme, submission_id=handed.pk, answers={"what": "That"}, actor=as_member(member))

    with pytest.raises(WrongStateError):
        undo(acme, handed)
    with pytest.raises(SubmissionNotFoundError):
        approve_submission(context=acme, submission_id=10**18, actor=BEA)
