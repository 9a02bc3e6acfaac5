"""Activities become points once, and everything that follows from them agrees."""

from __future__ import annotations

import pytest

from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.models import Member
from engagement.models import Activity as Stored
from engagement.models import Standing
from tenants.context import TenantContext, enter_tenant

from .facts import MINUTE, NOON, book, deletion, message

pytestmark = pytest.mark.usefixtures("rules")


def test_a_message_gives_points_and_makes_the_member(acme: TenantContext) -> None:
    outcome = book(acme, [message(1, number=5)])

    assert outcome.stored == 1
    with enter_tenant(acme):
        member = Member.objects.get(identities__external_id="1")
        balance = LedgerBalance.objects.get(member_id=member.pk)
        standing = Standing.objects.get(pk=member.pk)
        assert member.display_name == "Person 1"
        assert (
            balance.current == balance.lifetime == sum(LedgerEntry.objects.values_list("amount", flat=True))
        )
        # 15 to 25 for the message, and the bonus of the day.
        assert 45 <= balance.current <= 55
        assert standing.all_score == standing.week_score == standing.season_score == balance.current


def test_the_same_batch_again_changes_nothing(acme: TenantContext) -> None:
    batch = [message(1), message(2), message(1, at=NOON + 2 * MINUTE)]
    book(acme, batch)
    with enter_tenant(acme):
        before = list(LedgerEntry.objects.values_list("member_id", "amount", "cause_id"))

    outcome = book(acme, batch)

    assert (outcome.stored, outcome.repeated) == (0, 3)
    with enter_tenant(acme):
        assert list(LedgerEntry.objects.values_list("member_id", "amount", "cause_id")) == before
        assert Stored.objects.count() == 3


def test_a_deleted_message_gives_its_points_back_once(acme: TenantContext) -> None:
    first, second = message(1), message(1, at=NOON + 2 * MINUTE)
    book(acme, [first, second])
    with enter_tenant(acme):
        full = LedgerBalance.objects.get().current
        earned = LedgerEntry.objects.filter(cause_kind=1).last()
        assert earned is not None

    book(acme, [deletion(second)])
    book(acme, [deletion(second)])

    with enter_tenant(acme):
        assert LedgerBalance.objects.get().current == full - earned.amount
        assert Standing.objects.get().week_score == full - earned.amount


def test_a_deletion_that_arrives_first_keeps_the_message_from_earning(acme: TenantContext) -> None:
    late = message(1)
    book(acme, [deletion(late)])

    book(acme, [late])

    with enter_tenant(acme):
        assert not LedgerEntry.objects.exists()
        assert Stored.objects.count() == 2
