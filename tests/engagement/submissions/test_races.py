"""Two who act at once on one submission. Each race proves with its lock off that it can see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction

from engagement.audit.models import AuditEntry
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Member
from engagement.progression.verification import verify_ledger
from engagement.submissions import handing_in, reviewing
from engagement.submissions.errors import DuplicateLinkError, MemberLimitError, WrongStateError
from engagement.submissions.handing_in import hand_in, withdraw
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.reviewing import approve_submission
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import meet

from .forms import BEA, CYD, as_member, give, make_member, make_type

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("rules")]
ROUNDS = 3
_keys = count(1)


def both(*works: Callable[[], None]) -> None:
    barrier = threading.Barrier(len(works))

    def closing(work: Callable[[], None]) -> None:
        try:
            barrier.wait(60)
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=closing, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def waiting(context: TenantContext, **values: Any) -> tuple[Submission, Member, SubmissionType]:
    with enter_tenant(context):
        of, member = make_type(context, **values), make_member(context)
        return give(context, of, member), member, of


Together = Callable[[], None]


def alone() -> None:
    """Nobody waits for anybody."""


def trying(
    context: TenantContext, done: list[str], name: str, act: Callable[[], Any], together: Together
) -> Callable[[], None]:
    def work() -> None:
        try:
            with enter_tenant(context), transaction.atomic():
                act()
                together()
            done.append(name)
        except (WrongStateError, MemberLimitError, DuplicateLinkError):
            pass

    return work


def take_locks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read without a lock and written without asking whether they are still what was read."""

    def read(submission_id: int) -> Submission:
        return Submission.objects.select_related("type").get(pk=submission_id)

    def read_own(submission_id: int, actor: Any) -> Submission:
        return read(submission_id)

    def write(submission: Submission, was: str) -> None:
        submission.save()

    monkeypatch.setattr(reviewing, "_lock", read)
    monkeypatch.setattr(reviewing, "_move", write)
    monkeypatch.setattr(handing_in, "_lock_own", read_own)
    monkeypatch.setattr(handing_in, "lock_type", lambda type_id: SubmissionType.objects.get(pk=type_id))


# --- approved twice, from Discord and from the web


def approve_twice(context: TenantContext, together: Together = alone) -> tuple[int, int, int, list[int]]:
    """Answers how many approved, how often it was recorded and told, and the entries."""
    handed, member, _of = waiting(context)
    done: list[str] = []

    def approve(who: Any) -> Callable[[], Any]:
        return lambda: approve_submission(context=context, submission_id=handed.pk, actor=who)

    both(
        trying(context, done, "web", approve(BEA), together),
        trying(context, done, "discord", approve(CYD), together),
    )
    with enter_tenant(context):
        entries = list(LedgerEntry.objects.filter(member_id=member.pk).values_list("amount", flat=True))
        recorded = AuditEntry.objects.filter(action="submission.approved", target_id=str(handed.pk)).count()
        told = TenantEvent.objects.filter(type="SubmissionChanged", data__submission_id=handed.pk).count()
        assert verify_ledger(context) == []
    return len(done), recorded, told, entries


def test_of_two_who_approve_at_once_one_does(acme: TenantContext) -> None:
    assert [approve_twice(acme) for _ in range(ROUNDS)] == [(1, 1, 1, [50])] * ROUNDS


@pytest.mark.faults
def test_of_two_who_approve_at_once_one_does_a_hundred_times(acme: TenantContext) -> None:
    assert {str(approve_twice(acme)) for _ in range(100)} == {"(1, 1, 1, [50])"}


def test_without_the_lock_both_would(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    take_locks_off(monkeypatch)

    # The ledger gives once even so.
    assert approve_twice(acme, meet(threading.Barrier(2))) == (2, 2, 2, [50])


# --- approved while its member withdraws it


def approve_and_withdraw(context: TenantContext, together: Together = alone) -> tuple[int, str, list[int]]:
    handed, member, _of = waiting(context)
    done: list[str] = []
    both(
        trying(
            context,
            done,
            "approve",
            lambda: approve_submission(context=context, submission_id=handed.pk, actor=BEA),
            together,
        ),
        trying(
            context,
            done,
            "withdraw",
            lambda: withdraw(context=context, submission_id=handed.pk, actor=as_member(member)),
            together,
        ),
    )
    with enter_tenant(context):
        entries = list(LedgerEntry.objects.filter(member_id=member.pk).values_list("amount", flat=True))
        return len(done), Submission.objects.get(pk=handed.pk).state, entries


def fits(found: tuple[int, str, list[int]]) -> bool:
    return found in [(1, "approved", [50]), (1, "withdrawn", [])]


def test_it_is_approved_or_withdrawn_and_the_points_say_the_same(acme: TenantContext) -> None:
    found = [approve_and_withdraw(acme) for _ in range(ROUNDS)]

    assert all(fits(one) for one in found), found


@pytest.mark.faults
def test_it_is_approved_or_withdrawn_a_hundred_times(acme: TenantContext) -> None:
    assert all(fits(approve_and_withdraw(acme)) for _ in range(100))


def test_without_the_lock_it_would_be_both(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    take_locks_off(monkeypatch)

    assert approve_and_withdraw(acme, meet(threading.Barrier(2)))[0] == 2


# --- the last of the period


def hand_in_twice(context: TenantContext, together: Together = alone, *, link: bool = False) -> int:
    """Two requests of one member where one is left, or of two with one link. Answers how many were taken."""
    with enter_tenant(context):
        of = make_type(context, **({} if link else {"limit_count": 1, "limit_period": "day"}))
        people = [make_member(context), make_member(context)]
    done: list[str] = []

    def give_one(number: int) -> Callable[[], Any]:
        member = people[number if link else 0]
        answers = {"what": f"n{number}"} | ({"link": "https://example.com/x"} if link else {})
        return lambda: hand_in(
            context=context,
            member_id=member.pk,
            type_id=of.pk,
            answers=answers,
            key=f"race-{next(_keys)}",
            via="web",
            actor=as_member(member),
        )

    both(*(trying(context, done, str(number), give_one(number), together) for number in (0, 1)))
    return len(done)


@pytest.mark.parametrize("link", [False, True], ids=["limit", "link"])
def test_of_two_at_once_one_is_taken(acme: TenantContext, link: bool) -> None:
    assert [hand_in_twice(acme, link=link) for _ in range(ROUNDS)] == [1] * ROUNDS


@pytest.mark.faults
@pytest.mark.parametrize("link", [False, True], ids=["limit", "link"])
def test_of_two_at_once_one_is_taken_a_hundred_times(acme: TenantContext, link: bool) -> None:
    assert {hand_in_twice(acme, link=link) for _ in range(100)} == {1}


@pytest.mark.parametrize("link", [False, True], ids=["limit", "link"])
def test_without_the_types_lock_both_would_be(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    take_locks_off(monkeypatch)

    assert hand_in_twice(acme, meet(threading.Barrier(2)), link=link) == 2
