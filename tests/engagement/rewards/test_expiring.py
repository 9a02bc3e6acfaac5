"""What nobody decided or completed is given back after its time; lost jobs are asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engagement.members.models import Member
from engagement.rewards.expiring import (
    NO_ADDRESS,
    UNDECIDED,
    expire_due,
    has_overdue,
    list_due_drops,
    list_due_raffles,
)
from engagement.rewards.models import Approval, Redemption
from engagement.rewards.states import APPROVED, CANCELLED, EXPIRED, REQUESTED
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from .spending import assert_books_balance, balance_of, make_member, make_reward, redeem

LONG_AGO = UNDECIDED + NO_ADDRESS
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def redeemed(acme: TenantContext, ago: timedelta, **facts: Any) -> tuple[Member, Redemption]:
    member = make_member(acme, 100)
    with clock.frozen_at(clock.now() - ago):
        return member, redeem(acme, member, make_reward(stock=1, **facts))


@pytest.mark.parametrize(
    ("facts", "ago", "state"),
    [
        ({"approval": Approval.MODERATOR}, UNDECIDED + SECOND, EXPIRED),
        ({"approval": Approval.MODERATOR}, UNDECIDED - SECOND, REQUESTED),
        ({"kind": "merchandise"}, NO_ADDRESS + SECOND, EXPIRED),
        ({"kind": "merchandise"}, NO_ADDRESS - SECOND, APPROVED),
        ({"kind": "custom"}, LONG_AGO, APPROVED),  # the team is reminded of what it owes
    ],
)
def test_what_is_overdue(acme: TenantContext, facts: dict[str, Any], ago: timedelta, state: str) -> None:
    member, redemption = redeemed(acme, ago, **facts)
    assert has_overdue() == (state == EXPIRED)

    assert expire_due() == (state == EXPIRED)
    assert expire_due() == 0

    redemption.refresh_from_db()
    assert redemption.state == state
    assert balance_of(member) == ((100, 0) if state == EXPIRED else (0, 0))
    assert_books_balance(acme)


def test_a_parcel_with_an_address_waits(acme: TenantContext) -> None:
    _member, redemption = redeemed(acme, LONG_AGO, kind="merchandise")
    Redemption.objects.filter(pk=redemption.pk).update(address="sealed")

    assert expire_due() == 0


def test_what_slipped_through_while_the_member_was_deleted(acme: TenantContext) -> None:
    member, redemption = redeemed(acme, SECOND)
    Member.objects.filter(pk=member.pk).update(deleted_at=clock.now())

    assert expire_due() == 1

    redemption.refresh_from_db()
    assert redemption.state == CANCELLED


def test_draws_and_queues_that_are_due(acme: TenantContext) -> None:
    now = clock.now()
    settings = {"draws_at": (now - timedelta(hours=1)).isoformat(), "prize": "A hat"}
    late = make_reward(kind="raffle", settings=settings)
    make_reward(kind="raffle", settings=settings | {"draws_at": (now + timedelta(hours=1)).isoformat()})
    begun = make_reward(is_drop=True, starts_at=now - SECOND)
    make_reward(is_drop=True, starts_at=now + timedelta(hours=1))

    assert (list_due_raffles(), list_due_drops()) == ([late.pk], [begun.pk])
