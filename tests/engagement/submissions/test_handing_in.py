"""Handing in: once per key, by whom it is for, as often as the type allows; drafts, answers, corrections, withdrawing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.files.models import FileUse, StoredFile
from engagement.members.errors import MemberNotFoundError
from engagement.progression.people import delete_member
from engagement.submissions.errors import (
    InvalidAnswersError,
    KeyReusedError,
    MemberLimitError,
    NotEligibleError,
    SubmissionNotFoundError,
    SubmissionTypeNotFoundError,
    TooManyOpenError,
    TypeClosedError,
    WrongStateError,
)
from engagement.submissions.handing_in import cancel_of_member, resubmit, save_draft, withdraw
from engagement.submissions.models import Submission
from engagement.submissions.reviewing import ask_for_info, reject_submission
from engagement.submissions.selectors import get_submission, list_open_types, list_own, list_queue
from engagement.submissions.types import archive_type, change_type, switch_type
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .forms import BEA, FIELDS, as_member, give, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


def test_what_is_handed_in_waits_and_is_told(acme: TenantContext) -> None:
    of, member = make_type(acme, sla_hours=48), make_member(acme)

    handed = give(acme, of, member, {"what": "A <b>thing</b>", "story": "One two"})

    assert (handed.state, handed.title, handed.via) == ("pending", "A <b>thing</b>", "web")
    assert handed.form["fields"][0]["key"] == "what"
    assert handed.submitted_at is not None
    assert handed.due_at == handed.submitted_at + timedelta(hours=48)
    assert [line["state"] for line in handed.history] == ["pending"]
    assert [item.submission.pk for item in list_queue()] == [handed.pk]
    assert TenantEvent.objects.filter(type="SubmissionHandedIn").count() == 1


def test_the_same_request_twice_is_one(acme: TenantContext) -> None:
    of, member, other = make_type(acme), make_member(acme), make_member(acme)
    first = give(acme, of, member, key="k")

    assert give(acme, of, member, key="k").pk == first.pk
    with pytest.raises(KeyReusedError):
        give(acme, of, other, key="k")
    assert Submission.objects.count() == 1


def test_a_type_that_is_off_or_gone_takes_nothing(acme: TenantContext) -> None:
    of, member = make_type(acme), make_member(acme)
    switch_type(context=acme, type_id=of.pk, active=False, actor=SYSTEM)
    with pytest.raises(TypeClosedError):
        give(acme, of, member)
    archive_type(type_id=of.pk, actor=SYSTEM)
    with pytest.raises(TypeClosedError):
        give(acme, of, member)
    of.pk = 10**18
    with pytest.raises(SubmissionTypeNotFoundError):
        give(acme, of, member)


def test_whoever_is_gone_hands_in_nothing(acme: TenantContext) -> None:
    of, member = make_type(acme), make_member(acme)
    delete_member(member_id=member.pk, actor=SYSTEM, context=acme)

    with pytest.raises(MemberNotFoundError):
        give(acme, of, member, actor=SYSTEM)


@pytest.mark.parametrize(
    ("eligibility", "why"),
    [({"level": 3}, "level"), ({"roles": ["123"]}, "role"), ({"days": 7}, "membership")],
)
def test_a_type_may_be_for_some_alone(acme: TenantContext, eligibility: dict[str, Any], why: str) -> None:
    of, member = make_type(acme, eligibility=eligibility), make_member(acme)

    with pytest.raises(NotEligibleError) as refused:
        give(acme, of, member)

    assert refused.value.why == why
    assert [one.why_not for one in list_open_types(member_id=member.pk, context=acme)] == [why]


def test_a_limit_counts_by_the_communitys_calendar(acme: TenantContext) -> None:
    of, member = make_type(acme, limit_count=2, limit_period="day"), make_member(acme)
    noon = datetime.fromisoformat("2026-05-20T12:00:00+00:00")
    with clock.frozen_at(noon):
        first = give(acme, of, member)
        give(acme, of, member)
        with pytest.raises(MemberLimitError) as refused:
            give(acme, of, member)
        assert refused.value.next_at is not None
        assert noon < refused.value.next_at <= noon + timedelta(days=1)
        assert [one.why_not for one in list_open_types(member_id=member.pk, context=acme)] == ["limit"]
        reject_submission(context=acme, submission_id=first.pk, actor=BEA, reason="No.")
        give(acme, of, member)
        give(acme, of, make_member(acme))
    with clock.frozen_at(refused.value.next_at):
        give(acme, of, member)


def test_a_draft_is_its_members_alone_until_it_is_handed_in(acme: TenantContext) -> None:
    of, member, other = make_type(acme), make_member(acme), make_member(acme)
    draft = give(acme, of, member, {"story": "So far"}, draft=True)

    assert list_queue(states=()) == []
    with pytest.raises(SubmissionNotFoundError):
        get_submission(submission_id=draft.pk)
    with pytest.raises(SubmissionNotFoundError):
        save_draft(context=acme, submission_id=draft.pk, answers={}, actor=as_member(other))
    with pytest.raises(SubmissionNotFoundError):
        reject_submission(context=acme, submission_id=draft.pk, actor=BEA, reason="No.")
    save_draft(context=acme, submission_id=draft.pk, answers={"story": "More"}, actor=as_member(member))
    with pytest.raises(InvalidAnswersError):
        resubmit(context=acme, submission_id=draft.pk, answers={"story": "More"}, actor=as_member(member))
    done = resubmit(context=acme, submission_id=draft.pk, answers={"what": "Done"}, actor=as_member(member))
    assert done.state == "pending"
    with pytest.raises(WrongStateError):
        save_draft(context=acme, submission_id=draft.pk, answers={}, actor=as_member(member))


def test_a_draft_follows_the_form_and_what_was_handed_in_keeps_it(acme: TenantContext) -> None:
    of, member = make_type(acme), make_member(acme)
    draft, waiting = give(acme, of, member, draft=True), give(acme, of, member)
    more = [*FIELDS, {"key": "place", "label": "Place", "kind": "text"}]
    change_type(context=acme, type_id=of.pk, values={"fields": more}, actor=SYSTEM)

    with pytest.raises(InvalidAnswersError):
        resubmit(context=acme, submission_id=draft.pk, answers={"what": "x"}, actor=as_member(member))
    ask_for_info(context=acme, submission_id=waiting.pk, actor=BEA, question="Where?")
    answered = resubmit(
        context=acme, submission_id=waiting.pk, answers={"what": "Here"}, actor=as_member(member)
    )
    assert answered.form["version"] == 1


def test_an_answer_keeps_its_place_and_a_correction_goes_to_the_end(acme: TenantContext) -> None:
    of = make_type(acme)
    people = [make_member(acme) for _ in range(3)]
    first, second, third = (give(acme, of, member) for member in people)
    ask_for_info(context=acme, submission_id=first.pk, actor=BEA, question="Which?")
    reject_submission(context=acme, submission_id=second.pk, actor=BEA, reason="Empty.")

    resubmit(context=acme, submission_id=first.pk, answers={"what": "This"}, actor=as_member(people[0]))
    again = resubmit(
        context=acme, submission_id=second.pk, answers={"what": "Full"}, actor=as_member(people[1])
    )

    assert [item.submission.pk for item in list_queue()] == [first.pk, third.pk, second.pk]
    assert (again.reason, again.decided_by, again.told_after) == ("", "", None)
    same = resubmit(
        context=acme, submission_id=second.pk, answers={"what": "Full"}, actor=as_member(people[1])
    )
    assert len(same.history) == 3
    with pytest.raises(WrongStateError):
        resubmit(context=acme, submission_id=second.pk, answers={"what": "x"}, actor=as_member(people[1]))


def test_what_is_not_decided_can_be_withdrawn_by_its_member(acme: TenantContext) -> None:
    of, member, other = make_type(acme), make_member(acme), make_member(acme)
    waiting, rejected, draft = (
        give(acme, of, member),
        give(acme, of, member),
        give(acme, of, member, draft=True),
    )
    reject_submission(context=acme, submission_id=rejected.pk, actor=BEA, reason="No.")

    with pytest.raises(SubmissionNotFoundError):
        withdraw(context=acme, submission_id=waiting.pk, actor=as_member(other))
    for one in (waiting, waiting, draft):
        assert withdraw(context=acme, submission_id=one.pk, actor=as_member(member)).state == "withdrawn"
    with pytest.raises(WrongStateError):
        withdraw(context=acme, submission_id=rejected.pk, actor=as_member(member))
    assert [one.pk for one in list_own(member_id=member.pk)] == [rejected.pk, waiting.pk]


def test_who_goes_takes_what_waits_out_of_the_queue(acme: TenantContext) -> None:
    of, member = make_type(acme), make_member(acme)
    waiting, decided = give(acme, of, member), give(acme, of, member)
    give(acme, of, member, draft=True)
    reject_submission(context=acme, submission_id=decided.pk, actor=BEA, reason="No.")

    assert cancel_of_member(member_id=member.pk, actor=BEA) == 2
    assert cancel_of_member(member_id=member.pk, actor=BEA) == 0
    assert set(Submission.objects.values_list("state", flat=True)) == {"withdrawn", "rejected"}
    assert get_submission(submission_id=waiting.pk).history[-1]["by"] == "Bea"


def test_only_ones_own_files_can_be_attached_and_are_kept(acme: TenantContext) -> None:
    fields = [*FIELDS, {"key": "shot", "label": "Shot", "kind": "picture", "required": False}]
    of, member, other = make_type(acme, fields=fields), make_member(acme), make_member(acme)

    def stored(owner: int, kind: str = "image/png", use: str = FileUse.ATTACHMENT) -> StoredFile:
        return StoredFile.objects.create(
            use=use, name="x", content_type=kind, size=1, sha256="0" * 64, owner_id=owner
        )

    for wrong in (stored(other.pk), stored(member.pk, "text/plain"), stored(member.pk, use=FileUse.PICTURE)):
        with pytest.raises(InvalidAnswersError) as refused:
            give(acme, of, member, {"what": "x", "shot": [wrong.pk]})
        assert list(refused.value.errors) == ["shot"]
    mine = stored(member.pk)
    give(acme, of, member, {"what": "x", "shot": [mine.pk]})
    mine.refresh_from_db()
    assert mine.kept


def test_nobody_fills_the_queue_or_keeps_endless_drafts(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engagement.submissions.limits.MAX_OPEN", 2)
    monkeypatch.setattr("engagement.submissions.limits.MAX_DRAFTS", 1)
    of, member = make_type(acme), make_member(acme)
    for _ in range(2):
        give(acme, of, member)
    give(acme, of, member, draft=True)

    with pytest.raises(TooManyOpenError):
        give(acme, of, member)
    with pytest.raises(TooManyOpenError):
        give(acme, of, member, draft=True)


def test_another_communitys_type_and_submission_do_not_exist(
    acme: TenantContext, globex: TenantContext
) -> None:
    of, member = make_type(acme), make_member(acme)
    handed = give(acme, of, member)
    with enter_tenant(globex):
        with pytest.raises(SubmissionTypeNotFoundError):
            give(globex, of, make_member(globex))
        with pytest.raises(SubmissionNotFoundError):
            get_submission(submission_id=handed.pk)
