"""The team decides: whole, in part, with a reason, in bulk, never on their own, and takes it back exactly."""

from __future__ import annotations

import pytest

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.credits.approvers import NOTHING, Authority
from engagement.credits.deciding import (
    approve_request,
    ask_about_request,
    decide_many,
    reject_request,
    undo_decision,
)
from engagement.credits.errors import (
    InvalidCreditsError,
    NotEnoughCreditsError,
    OwnRequestError,
    RequestDecidedError,
)
from engagement.credits.models import CreditRequest
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Identity, Member
from engagement.progression.verification import verify_ledger
from saas.events.models import TenantEvent
from tenants.context import TenantContext
from tenants.models import User
from tenants.permissions import NotPermittedError

from .holding import ADA, BOB, ask, held, make_member, make_type, member_actor, spend


def test_approved_whole_the_credits_are_there_at_once(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace, 50)

    decided = approve_request(context=here, request_id=request.pk, actor=ADA, note="Enjoy")

    assert (decided.state, decided.granted, decided.decided_by, decided.note) == (
        "approved",
        50,
        "Ada",
        "Enjoy",
    )
    assert held(grace, credit_type) == (50, 0)
    assert LedgerEntry.objects.get(currency=credit_type.pk).cause_id == request.pk
    event = TenantEvent.objects.get(type="CreditRequestDecided")
    assert (event.data["state"], event.data["was"], event.data["granted"]) == ("approved", "pending", 50)
    assert AuditEntry.objects.filter(action="credit_request.approved", actor_name="Ada").count() == 1
    assert verify_ledger(here) == []


def test_in_part_and_never_more_than_was_asked_for(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace, 50)

    with pytest.raises(InvalidCreditsError, match="that or less"):
        approve_request(context=here, request_id=request.pk, actor=ADA, amount=51)
    approve_request(context=here, request_id=request.pk, actor=ADA, amount=20)

    assert held(grace, credit_type) == (20, 0)


def test_a_second_decision_is_told_of_the_first_and_changes_nothing(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace, 50)
    approve_request(context=here, request_id=request.pk, actor=ADA)

    approve_request(context=here, request_id=request.pk, actor=ADA)
    for decide in (
        lambda: approve_request(context=here, request_id=request.pk, actor=BOB),
        lambda: reject_request(context=here, request_id=request.pk, actor=BOB, reason="No"),
        lambda: ask_about_request(context=here, request_id=request.pk, actor=BOB, question="Why?"),
    ):
        with pytest.raises(RequestDecidedError, match="granted by Ada already"):
            decide()

    assert held(grace, credit_type) == (50, 0)


def test_a_rejection_says_why(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace)

    with pytest.raises(InvalidCreditsError, match="Say why"):
        reject_request(context=here, request_id=request.pk, actor=ADA, reason="  ")
    decided = reject_request(context=here, request_id=request.pk, actor=ADA, reason="Next month")

    assert (decided.state, decided.note) == ("rejected", "Next month")
    assert held(grace, credit_type) == (0, 0)


@pytest.mark.parametrize("door", ["member", "login", "discord", "login of the Discord account"])
def test_nobody_decides_on_their_own(here: TenantContext, door: str) -> None:
    make_type(here)
    grace = make_member()
    discord_id = int(Identity.objects.get(member=grace).external_id)
    user = User.objects.create(username="grace-login")
    actor = Actor("user", user.pk, "Grace")
    if door == "member":
        actor = member_actor(grace)
    elif door == "login":
        Member.objects.filter(pk=grace.pk).update(user_id=user.pk)
    elif door == "discord":
        actor = Actor("discord", discord_id, "Grace")
    else:
        User.objects.filter(pk=user.pk).update(discord_id=discord_id)
    request = ask(here, grace)

    with pytest.raises(OwnRequestError):
        approve_request(context=here, request_id=request.pk, actor=actor)
    with pytest.raises(OwnRequestError):
        reject_request(context=here, request_id=request.pk, actor=actor, reason="x")

    assert CreditRequest.objects.get().state == "pending"


def test_without_the_right_nothing_is_decided(here: TenantContext) -> None:
    make_type(here)
    request = ask(here, make_member())

    for authority in (NOTHING, Authority(False, {request.type_id + 1: 1})):
        with pytest.raises(NotPermittedError):
            approve_request(context=here, request_id=request.pk, actor=BOB, authority=authority)


def test_many_at_once_with_a_result_for_each(here: TenantContext) -> None:
    credit_type, grace, eve = make_type(here), make_member(), make_member("Eve")
    rows = [ask(here, grace, 10), ask(here, eve, 20), ask(here, grace, 5)]
    approve_request(context=here, request_id=rows[2].pk, actor=BOB)

    results = decide_many(
        context=here, request_ids=[*(row.pk for row in rows), 10**12, 2**80], act="approve", actor=ADA
    )

    assert [(result.done, result.code) for result in results] == [
        (True, ""), (True, ""), (False, "already_decided"), (False, "credit_request_not_found"),
        (False, "credit_request_not_found"),
    ]  # fmt: skip
    assert (held(grace, credit_type), held(eve, credit_type)) == ((15, 0), (20, 0))
    with pytest.raises(InvalidCreditsError):
        decide_many(context=here, request_ids=range(1, 202), act="approve", actor=ADA)
    with pytest.raises(InvalidCreditsError):
        decide_many(context=here, request_ids=[1], act="burn", actor=ADA)


def test_a_grant_is_taken_back_exactly_and_once(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace, 50)
    approve_request(context=here, request_id=request.pk, actor=ADA, amount=30)

    undone = undo_decision(context=here, request_id=request.pk, actor=ADA)

    assert (undone.state, undone.granted) == ("rejected", 0)
    assert held(grace, credit_type) == (0, 0)
    with pytest.raises(RequestDecidedError):
        undo_decision(context=here, request_id=request.pk, actor=ADA)
    with pytest.raises(RequestDecidedError):
        approve_request(context=here, request_id=request.pk, actor=BOB)
    assert verify_ledger(here) == []


def test_a_grant_that_is_spent_becomes_debt_only_by_force(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    request = ask(here, grace, 50)
    approve_request(context=here, request_id=request.pk, actor=ADA)
    spend(here, grace, 45)

    with pytest.raises(NotEnoughCreditsError, match="stands as debt"):
        undo_decision(context=here, request_id=request.pk, actor=ADA)
    assert held(grace, credit_type) == (5, 0)
    undo_decision(context=here, request_id=request.pk, actor=ADA, force=True)

    assert held(grace, credit_type) == (0, 45)
    assert verify_ledger(here) == []


def test_a_rejection_that_is_taken_back_waits_again(here: TenantContext) -> None:
    make_type(here)
    request = ask(here, make_member())
    reject_request(context=here, request_id=request.pk, actor=ADA, reason="No")

    assert undo_decision(context=here, request_id=request.pk, actor=ADA).state == "pending"
    assert approve_request(context=here, request_id=request.pk, actor=BOB).state == "approved"
