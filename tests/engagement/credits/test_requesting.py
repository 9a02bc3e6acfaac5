"""Members ask for credits: within limits that the refusal states, once per key, and cancel what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engagement.credits.deciding import approve_request, ask_about_request, reject_request
from engagement.credits.errors import (
    CreditKeyReusedError,
    CreditRequestNotFoundError,
    CreditTypeClosedError,
    CreditTypeNotFoundError,
    InvalidCreditsError,
    RequestDecidedError,
    RequestLimitError,
)
from engagement.credits.models import CreditRequest
from engagement.credits.requesting import answer_request, cancel_of_member, cancel_request
from engagement.credits.selectors import count_waiting, list_own
from engagement.credits.types import archive_type
from engagement.ledger.models import LedgerEntry
from engagement.members.errors import MemberDeletedError, MemberNotFoundError
from engagement.members.models import Member
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext

from .holding import ADA, ask, held, make_member, make_type, member_actor

FRIDAY = datetime(2026, 5, 15, 12, tzinfo=UTC)


def test_a_request_waits_and_moves_nothing(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()

    request = ask(here, grace, 40, reason="  For <b>pictures</b>\u202e ")

    assert (request.state, request.amount, request.reason) == ("pending", 40, "For <b>pictures</b>")
    assert request.history[0]["by"] == "Grace"
    assert held(grace, credit_type) == (0, 0)
    assert count_waiting() == 1
    assert TenantEvent.objects.filter(type="CreditRequested").count() == 1


def test_the_same_key_is_the_same_request_and_nothing_else(here: TenantContext) -> None:
    make_type(here)
    grace = make_member()

    first = ask(here, grace, 40, key="ai", reason="One")
    again = ask(here, grace, 40, key="ai", reason="One")
    assert first.pk != again.pk

    kept = request_twice(here, grace, 40)
    assert kept[0].pk == kept[1].pk
    with pytest.raises(CreditKeyReusedError):
        request_twice(here, grace, 41)


def request_twice(context: TenantContext, member: Member, amount: int) -> list[CreditRequest]:
    from engagement.progression.crediting import request_credits

    return [
        request_credits(
            context=context, member_id=member.pk, type_key="AI", amount=amount, reason="", key="k-1", via="bot",
            actor=member_actor(member),
        )
        for _ in range(2)
    ]  # fmt: skip


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001, 2**70, True, "5", 1.5, None])
def test_what_is_no_amount_is_refused_and_nothing_kept(here: TenantContext, amount: object) -> None:
    make_type(here)
    grace = make_member()

    with pytest.raises(InvalidCreditsError) as refused:
        ask(here, grace, amount)  # type: ignore[arg-type]

    assert refused.value.field == "amount"
    assert not CreditRequest.objects.exists()


def test_limits_of_one_request_say_themselves(here: TenantContext) -> None:
    make_type(here, least=10, most=100)
    grace = make_member()

    with pytest.raises(RequestLimitError, match="10 AI credits or more"):
        ask(here, grace, 9)
    with pytest.raises(RequestLimitError, match="at most 100 AI credits at once; this is for 101"):
        ask(here, grace, 101)
    ask(here, grace, 100)


def test_the_limit_of_a_period_says_what_is_left_and_when_there_is_more(here: TenantContext) -> None:
    make_type(here, period="week", period_amount=100)
    grace = make_member()
    with clock.frozen_at(FRIDAY):
        ask(here, grace, 60)
        with pytest.raises(RequestLimitError) as refused:
            ask(here, grace, 41)
        assert "60 are requested or granted, so 40 are left" in refused.value.message
        assert "Monday 18 May, 00:00 (in 2 days)" in refused.value.message
        assert refused.value.left == 40
        ask(here, grace, 40)
        ask(here, make_member("Ada"), 100)
    with clock.frozen_at(FRIDAY + timedelta(days=3)):
        ask(here, grace, 100)


def test_what_was_rejected_or_granted_in_part_leaves_room(here: TenantContext) -> None:
    make_type(here, period_amount=100)
    grace = make_member()

    granted, rejected, cancelled = (ask(here, grace, 30) for _ in range(3))
    approve_request(context=here, request_id=granted.pk, actor=ADA, amount=10)
    reject_request(context=here, request_id=rejected.pk, actor=ADA, reason="Not now")
    cancel_request(context=here, request_id=cancelled.pk, actor=member_actor(grace))

    with pytest.raises(RequestLimitError, match="90 are left"):
        ask(here, grace, 91)
    ask(here, grace, 90)


def test_the_number_of_requests_is_limited(here: TenantContext) -> None:
    make_type(here, period="day", period_requests=1)
    grace = make_member()
    first = ask(here, grace)

    with pytest.raises(RequestLimitError, match="once a day, and you have"):
        ask(here, grace)
    cancel_request(context=here, request_id=first.pk, actor=member_actor(grace))
    ask(here, grace)


def test_closed_and_unknown_credits_are_refused(here: TenantContext) -> None:
    make_type(here, requestable=False)
    lead = make_type(here, "lead", needs_reason=True)
    grace = make_member()

    with pytest.raises(CreditTypeClosedError):
        ask(here, grace)
    with pytest.raises(CreditTypeNotFoundError):
        ask(here, grace, key="nothing")
    with pytest.raises(InvalidCreditsError, match="what you need"):
        ask(here, grace, key="lead")
    archive_type(context=here, type_id=lead.pk, actor=ADA)
    with pytest.raises(CreditTypeClosedError):
        ask(here, grace, key="lead", reason="Because")


def test_a_foreign_or_deleted_member_cannot_ask(here: TenantContext) -> None:
    make_type(here)
    grace = make_member()
    Member.objects.filter(pk=grace.pk).update(deleted_at=clock.now())

    with pytest.raises(MemberDeletedError):
        ask(here, grace)
    with pytest.raises(MemberNotFoundError):
        ask(here, Member(pk=10**9, display_name="Nobody"))


def test_a_reason_that_is_too_long_is_refused(here: TenantContext) -> None:
    make_type(here)

    with pytest.raises(InvalidCreditsError, match="500 characters"):
        ask(here, make_member(), reason="x" * 100_000)


def test_who_asked_cancels_once_and_nobody_else(here: TenantContext) -> None:
    make_type(here)
    grace, eve = make_member(), make_member("Eve")
    request = ask(here, grace)

    with pytest.raises(CreditRequestNotFoundError):
        cancel_request(context=here, request_id=request.pk, actor=member_actor(eve), member_id=eve.pk)
    for _ in range(2):
        cancel_request(context=here, request_id=request.pk, actor=member_actor(grace), member_id=grace.pk)

    assert list_own(member_id=grace.pk)[0].state == "cancelled"
    assert TenantEvent.objects.filter(type="CreditRequestDecided").count() == 1
    with pytest.raises(RequestDecidedError, match="cancelled by Grace already"):
        approve_request(context=here, request_id=request.pk, actor=ADA)


def test_a_question_is_answered_and_the_request_waits_again(here: TenantContext) -> None:
    make_type(here)
    grace = make_member()
    request = ask(here, grace)
    ask_about_request(context=here, request_id=request.pk, actor=ADA, question="What for?")
    assert count_waiting() == 0

    for _ in range(2):
        answered = answer_request(
            context=here,
            request_id=request.pk,
            answer="Pictures",
            actor=member_actor(grace),
            member_id=grace.pk,
        )

    assert answered.state == "pending"
    assert [line["note"] for line in answered.history] == ["", "What for?", "Pictures"]


def test_whoever_goes_leaves_nothing_that_waits(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    granted = ask(here, grace, 20)
    approve_request(context=here, request_id=granted.pk, actor=ADA)
    waiting = [ask(here, grace), ask(here, grace)]
    ask_about_request(context=here, request_id=waiting[0].pk, actor=ADA, question="What for?")

    assert cancel_of_member(member_id=grace.pk) == 2
    assert cancel_of_member(member_id=grace.pk) == 0

    rows = CreditRequest.objects.filter(pk__in=[row.pk for row in waiting])
    assert {(row.state, row.archived_at is not None) for row in rows} == {("cancelled", True)}
    assert held(grace, credit_type) == (20, 0)
    assert LedgerEntry.objects.filter(currency=credit_type.pk).count() == 1
