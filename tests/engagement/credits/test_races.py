"""Two at the same moment: one request, one period's limit, one quota, the last credits. Each with its lock off shows the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection

from engagement.audit.actor import Actor
from engagement.credits import approvers, moving, requesting, types
from engagement.credits.approvers import add_approver, get_authority, list_approvers
from engagement.credits.deciding import approve_request
from engagement.credits.models import CreditRequest, CreditType
from engagement.credits.requesting import cancel_of_member
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.ledger.moving import Moved, get_spendable
from engagement.members.models import Member
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant
from tenants.permissions import Rights, Role
from tests.limits.racing import ROUNDS, at_once, meet, row_locks_off
from tests.plans import put_on_plan

from .holding import ADA, BOB, ask, grant, held, make_member, make_type, spend

pytestmark = pytest.mark.race


def inside(context: TenantContext, act: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with enter_tenant(context):
            return act()

    return run


def approve(
    context: TenantContext, request: CreditRequest, actor: Actor, **more: Any
) -> Callable[[], object]:
    return inside(
        context, lambda: approve_request(context=context, request_id=request.pk, actor=actor, **more)
    )


# --- one request, granted from the web and from Discord ---


def granted_twice(context: TenantContext) -> tuple[list[str], int]:
    with enter_tenant(context):
        row = CreditType.objects.first() or make_type(context)
        grace = make_member()
        request = ask(context, grace, 50)
    refused = at_once(approve(context, request, ADA), approve(context, request, BOB))
    with enter_tenant(context):
        assert verify_ledger(context) == []
        return [error.code for error in refused], held(grace, row)[0]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_grant_one_request_one_is_told_of_the_other(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    assert [granted_twice(acme) for _ in range(rounds)] == [(["already_decided"], 50)] * rounds
    connection.close()


def test_without_the_lock_both_would_grant(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = meet(threading.Barrier(2))
    holder = deciding_holder(together)
    monkeypatch.setattr("engagement.credits.deciding.get_holder", holder)
    with row_locks_off(monkeypatch), pytest.raises(IntegrityError, match="once_per_cause"):
        granted_twice(acme)
    connection.close()


def deciding_holder(together: Callable[..., None]) -> Callable[[int], Member]:
    from engagement.credits.people import get_holder

    def look(member_id: int) -> Member:
        together()
        return get_holder(member_id)

    return look


# --- what a period allows ---


def asked_twice(context: TenantContext) -> int:
    with enter_tenant(context):
        if not CreditType.objects.exists():
            make_type(context, period_amount=100)
        grace = make_member()
    at_once(*(inside(context, lambda: ask(context, grace, 60)) for _ in range(2)))
    with enter_tenant(context):
        return CreditRequest.objects.filter(member_id=grace.pk).count()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_requests_share_a_periods_limit(committed_db: None, acme: TenantContext, rounds: int) -> None:
    assert [asked_twice(acme) for _ in range(rounds)] == [1] * rounds
    connection.close()


def test_without_the_lock_both_would_fit(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, checked = meet(threading.Barrier(2)), requesting.check_limits

    def check_and_wait(*given: Any, **more: Any) -> None:
        checked(*given, **more)
        together()

    monkeypatch.setattr(requesting, "check_limits", check_and_wait)
    monkeypatch.setattr(requesting, "lock_requester", lambda _member_id: None)
    assert asked_twice(acme) == 2
    connection.close()


# --- an approver's quota ---


def quota_twice(context: TenantContext) -> tuple[int, int]:
    """(granted in the ledger, counted against the quota)."""
    cleo = Actor("user", 99, "Cleo")
    with enter_tenant(context):
        CreditType.objects.exists() or make_type(context)
        row = CreditType.objects.get()
        row.approvers.all().delete()
        add_approver(type_id=row.pk, name="Cleo", user_id=99, quota=100, actor=ADA)
        authority = get_authority(rights=Rights(Role.MEMBER), user_id=99)
        requests = [ask(context, make_member(), 60) for _ in range(2)]
    at_once(*(approve(context, request, cleo, authority=authority) for request in requests))
    with enter_tenant(context):
        granted = sum(
            CreditRequest.objects.filter(pk__in=[row.pk for row in requests]).values_list(
                "granted", flat=True
            )
        )
        return granted, list_approvers(context=context)[0].used


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_grants_share_an_approvers_quota(committed_db: None, acme: TenantContext, rounds: int) -> None:
    assert [quota_twice(acme) for _ in range(rounds)] == [(60, 60)] * rounds
    connection.close()


def test_without_the_lock_the_quota_would_be_spent_twice(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, used = meet(threading.Barrier(2)), approvers._used

    def look_and_wait(*given: Any) -> int:
        found = used(*given)
        if threading.current_thread() is not threading.main_thread():
            together()
        return found

    with row_locks_off(monkeypatch):
        monkeypatch.setattr(approvers, "_used", look_and_wait)
        assert quota_twice(acme) == (120, 60)
    connection.close()


# --- the last credits ---


def spent_twice(context: TenantContext) -> tuple[int, int]:
    """(how many were refused, what the entries sum up to)."""
    with enter_tenant(context):
        row = CreditType.objects.first() or make_type(context)
        grace = make_member()
        grant(context, grace, 10)
    refused = at_once(*(inside(context, lambda: spend(context, grace, 10)) for _ in range(2)))
    with enter_tenant(context):
        amounts = LedgerEntry.objects.filter(member_id=grace.pk, currency=row.pk).values_list(
            "amount", flat=True
        )
        return len(refused), sum(amounts)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_last_credits_are_spent_once(committed_db: None, acme: TenantContext, rounds: int) -> None:
    assert [spent_twice(acme) for _ in range(rounds)] == [(1, 0)] * rounds
    connection.close()


def test_where_the_balance_is_asked_before_it_is_taken_both_would_spend(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = meet(threading.Barrier(2))

    def look_then_take(*, member_id: int, currency: int, amount: int, **more: Any) -> Moved:
        has = get_spendable(member_id=member_id, currency=currency)
        together()
        assert has >= amount
        LedgerBalance.objects.filter(member_id=member_id, currency=currency).update(current=has - amount)
        made = LedgerEntry.objects.create(
            member_id=member_id, currency=currency, amount=-amount, base_amount=-amount, counter=more["counter"],
            cause_kind=more["cause"], cause_id=more["cause_id"], occurred_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
        return Moved(made.pk, has - amount, 0)

    monkeypatch.setattr(moving, "take_from_balance", look_then_take)
    assert spent_twice(acme) == (0, -10)
    connection.close()


# --- one key, the plan's last type, and somebody who is deleted meanwhile ---


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_key_that_comes_twice_at_once_is_spent_once(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    for number in range(rounds):
        with enter_tenant(acme):
            row = CreditType.objects.first() or make_type(acme)
            grace = make_member()
            grant(acme, grace, 30)
        spending = inside(
            acme, lambda grace=grace, number=number: spend(acme, grace, 10, key=f"one-{number}")
        )
        assert at_once(*[spending] * 4) == []
        with enter_tenant(acme):
            assert held(grace, row) == (20, 0)
    connection.close()


def types_twice(context: TenantContext) -> int:
    with enter_tenant(context):
        LedgerEntry.objects.filter(currency__gt=0).exists()
        CreditType.objects.update(archived_at="2026-01-01T00:00:00Z")
        number = CreditType.objects.count()
    makers = [inside(context, lambda key=f"{letter}{number}": make_type(context, key)) for letter in "ab"]
    at_once(*makers)
    with enter_tenant(context):
        return CreditType.objects.filter(archived_at=None).count()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_plans_last_type_is_made_once(committed_db: None, acme: TenantContext, rounds: int) -> None:
    context = put_on_plan(acme, credit_types=1)
    assert [types_twice(context) for _ in range(min(rounds, 60))] == [1] * min(rounds, 60)
    connection.close()


def test_without_the_lock_both_types_would_be_made(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, counted = meet(threading.Barrier(2)), types.require_room_for_type
    fitted = []

    def count_and_wait(context: TenantContext) -> None:
        counted(context)
        fitted.append(context)
        together()

    monkeypatch.setattr(types, "require_room_for_type", count_and_wait)
    monkeypatch.setattr(types, "lock_types", lambda: None)
    # Both were let in. The later one may still fall over the number that the first has just taken.
    with suppress(IntegrityError):
        assert types_twice(put_on_plan(acme, credit_types=1)) == 2
    assert len(fitted) == 2
    connection.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_whoever_is_deleted_while_they_ask_leaves_nothing_that_waits(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    from django.db import transaction

    def delete(member: Member) -> None:
        with transaction.atomic():
            Member.objects.filter(pk=member.pk).update(deleted_at="2026-01-01T00:00:00Z")
            cancel_of_member(member_id=member.pk)

    for _ in range(rounds):
        with enter_tenant(acme):
            CreditType.objects.exists() or make_type(acme)
            grace = make_member()
        at_once(
            inside(acme, lambda grace=grace: ask(acme, grace)),
            inside(acme, lambda grace=grace: delete(grace)),
        )
        with enter_tenant(acme):
            assert not CreditRequest.objects.filter(member_id=grace.pk, state="pending").exists()
    connection.close()
