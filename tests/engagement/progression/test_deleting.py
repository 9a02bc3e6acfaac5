"""Deleting is soft: gone from everything, earning nothing whatever they do, restored whole; after 30 days who they were is erased
and the sums stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.leaderboards.selectors import get_board, get_rank
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.errors import MemberDeletedError, MemberNotFoundError, MemberPurgedError
from engagement.members.models import Identity, Member
from engagement.members.selectors import find_member, find_members, get_member, search_members
from engagement.progression.people import (
    PURGED_NAME,
    delete_member,
    purge_deleted_members,
    restore_member,
)
from engagement.progression.services import adjust_points, ensure_member
from engagement.progression.verification import verify_ledger
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, deletion, message

pytestmark = pytest.mark.usefixtures("rules")


def member_id() -> int:
    found = find_member(provider="discord", external_id="1", with_deleted=True)
    assert found is not None
    return int(found.pk)


def lifetime() -> int:
    return int(LedgerBalance.objects.get(member_id=member_id(), currency=0).lifetime)


def test_they_vanish_everywhere_and_come_back_whole(acme: TenantContext) -> None:
    book(acme, [message(1), message(2)])
    with enter_tenant(acme):
        who, before = member_id(), get_rank(member_id=member_id(), kind="all")
        delete_member(member_id=who, actor=SYSTEM, context=acme)
        assert [row.member_id for row in get_board(kind="all").rows] != []
        assert who not in [row.member_id for row in get_board(kind="all").rows]
        assert search_members(text="Person 1") == []
        assert find_members(text="Person 1") == []
        assert find_member(provider="discord", external_id="1") is None
        with pytest.raises(MemberNotFoundError):
            get_member(member_id=who)
        with pytest.raises(MemberDeletedError):
            ensure_member(provider="discord", external_id="1", display_name="Person 1")
        with pytest.raises(MemberDeletedError):
            adjust_points(
                member_id=who, amount=1, reason="x", actor=SYSTEM, idempotency_key="k", context=acme
            )
        assert verify_ledger(acme) == []
        restore_member(member_id=who, actor=SYSTEM, context=acme)
        assert get_rank(member_id=who, kind="all") == before
        assert verify_ledger(acme) == []
        actions = list(
            AuditEntry.objects.filter(target_id=str(who)).order_by("pk").values_list("action", flat=True)
        )
        assert actions == ["member.deleted", "member.restored"]


def test_whoever_writes_on_after_being_deleted_earns_nothing_until_restored(acme: TenantContext) -> None:
    """With the memory of a consumer that knew them before."""
    memory = TenantMemory()
    book(acme, [message(1)], memory)
    with enter_tenant(acme):
        earned = lifetime()
        delete_member(member_id=member_id(), actor=SYSTEM, context=acme)
    outcome = book(acme, [message(1, at=NOON + 5 * MINUTE, name="A new name"), message(2)], memory)
    assert (outcome.stored, outcome.ignored) == (1, 1)
    with enter_tenant(acme):
        assert lifetime() == earned
        assert Member.objects.get(pk=member_id()).display_name == "Person 1"
        restore_member(member_id=member_id(), actor=SYSTEM, context=acme)
    book(acme, [message(1, at=NOON + 10 * MINUTE)], memory)
    with enter_tenant(acme):
        assert lifetime() > earned
        assert verify_ledger(acme) == []


def test_what_they_earned_can_still_be_taken_back(acme: TenantContext) -> None:
    first = message(1)
    book(acme, [first])
    with enter_tenant(acme):
        delete_member(member_id=member_id(), actor=SYSTEM, context=acme)
    book(acme, [deletion(first)])
    with enter_tenant(acme):
        assert LedgerEntry.objects.filter(member_id=member_id(), amount__lt=0).exists()
        assert verify_ledger(acme) == []


def test_after_30_days_nothing_says_who_they_were_and_the_sums_stay(acme: TenantContext) -> None:
    book(acme, [message(1)])
    with enter_tenant(acme):
        who, earned = member_id(), lifetime()
        Member.objects.filter(pk=who).update(email="ada@example.org", note="tall")
        delete_member(member_id=who, actor=SYSTEM, context=acme)
        assert purge_deleted_members() == 0
        assert purge_deleted_members(now=clock.now() + timedelta(days=31)) == 1
        assert purge_deleted_members(now=clock.now() + timedelta(days=31)) == 0
        member = Member.objects.get(pk=who)
        assert (member.display_name, member.avatar_url, member.email, member.note) == (
            PURGED_NAME,
            "",
            "",
            "",
        )
        assert not Identity.objects.filter(member=member).exists()
        assert LedgerBalance.objects.get(member_id=who, currency=0).lifetime == earned
        with pytest.raises(MemberPurgedError):
            restore_member(member_id=who, actor=SYSTEM, context=acme)
        assert verify_ledger(acme) == []
    book(acme, [message(1, at=NOON + MINUTE)])
    with enter_tenant(acme):
        assert member_id() != who


def test_another_communitys_member_is_nobody_here(acme: TenantContext, globex: TenantContext) -> None:
    book(acme, [message(1)])
    with enter_tenant(acme):
        who = member_id()
    with enter_tenant(globex), pytest.raises(MemberNotFoundError):
        delete_member(member_id=who + 10_000, actor=SYSTEM, context=globex)


def test_every_night_each_community_is_tidied(acme: TenantContext, globex: TenantContext) -> None:
    from engagement.progression.jobs import tidy_members, tidy_members_everywhere
    from saas.core.schemas import PUBLIC

    book(acme, [message(1)])
    with enter_tenant(acme):
        who = member_id()
        delete_member(member_id=who, actor=SYSTEM, context=acme)
        Member.objects.filter(pk=who).update(deleted_at=clock.now() - timedelta(days=31))
    tidy_members_everywhere(tenant=PUBLIC, timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'tenant' FROM public.procrastinate_jobs WHERE task_name = 'engagement.progression.tidy_members'"
        )
        assert {acme.schema, globex.schema} <= {row[0] for row in cursor.fetchall()}
    tidy_members(tenant=globex.schema)
    with enter_tenant(acme):
        assert Member.objects.get(pk=who).purged_at is None
    tidy_members(tenant=acme.schema)
    with enter_tenant(acme):
        assert Member.objects.get(pk=who).purged_at is not None
