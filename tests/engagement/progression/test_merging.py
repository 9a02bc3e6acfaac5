"""Two members become one: every sum of every period goes over exactly, and what comes later finds the one who stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from django.db import IntegrityError, connection

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.ledger import statements
from engagement.ledger.models import LedgerBalance
from engagement.ledger.statements import ledger_unit
from engagement.members.errors import CannotMergeError, MemberNotFoundError, MemberPurgedError
from engagement.members.models import Identity, Member
from engagement.members.selectors import find_member, find_member_ids
from engagement.progression import merging
from engagement.progression.bulk import Brought, bring_points
from engagement.progression.figures import choose_tie_figure, record_figures
from engagement.progression.merging import merge_members, preview_merge
from engagement.progression.people import restore_member
from engagement.progression.services import adjust_points, undo_adjustment
from engagement.progression.verification import verify_ledger
from engagement.standings.models import Standing
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import DAY, MINUTE, NOON, book, deletion, message
from tests.limits.racing import meet

pytestmark = pytest.mark.usefixtures("rules")
_keys = count(1)


def ids(*users: int) -> list[int]:
    known = find_member_ids(provider="discord", external_ids=[str(user) for user in users])
    return [known[str(user)] for user in users]


def balance(member_id: int) -> tuple[int, int, int]:
    row = LedgerBalance.objects.get(member_id=member_id, currency=0)
    return row.current, row.debt, row.lifetime


def give(context: TenantContext, member_id: int, amount: int) -> int:
    key = f"give:{next(_keys)}"
    return adjust_points(
        member_id=member_id, amount=amount, reason="x", actor=SYSTEM, idempotency_key=key, context=context
    ).adjustment_id


def live_a_while(context: TenantContext) -> None:
    """Two people over months, with something taken back, something given, taken and brought over."""
    first = message(2, at=NOON - 70 * DAY)
    book(
        context,
        [
            first,
            *(
                message(user, at=NOON - days * DAY + user)
                for days in (65, 33, 31, 8, 7, 1, 0)
                for user in (1, 2, 3)
            ),
        ],
    )
    book(context, [deletion(first)])
    with enter_tenant(context):
        one, two = ids(1, 2)
        give(context, two, 500)
        give(context, two, -30)
        give(context, one, 20)
        with ledger_unit() as (run, schema):
            brought = [Brought(str(user), f"Person {user}", "", 1_000, NOON - 300 * DAY) for user in (1, 2)]
            bring_points(
                run,
                schema,
                provider="discord",
                brought=brought,
                existing="add",
                earlier={},
                import_id=1,
                context=context,
            )


def test_every_period_and_balance_agrees_with_the_ledger(acme: TenantContext) -> None:
    live_a_while(acme)
    with enter_tenant(acme):
        kept, gone = ids(1, 2)
        before = [Standing.objects.get(pk=one) for one in (kept, gone)]
        sums = [balance(kept), balance(gone)]
        preview = preview_merge(kept_id=kept, gone_id=gone, context=acme)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        assert verify_ledger(acme) == []
        assert balance(gone) == (0, 0, 0)
        assert balance(kept)[2] == sums[0][2] + sums[1][2] == preview.lifetime
        assert balance(kept)[0] == preview.current
        after = Standing.objects.get(pk=kept)
        assert after.all_score == sum(row.all_score for row in before)
        assert after.week_score == sum(row.week_score for row in before)
        assert after.all_at == max(row.all_at for row in before if row.all_at)
        assert not Standing.objects.get(pk=gone).ranked


def test_debt_is_paid_by_what_the_other_has(acme: TenantContext) -> None:
    book(acme, [message(1), message(2)])
    with enter_tenant(acme):
        kept, gone = ids(1, 2)
        give(acme, gone, -1_000)
        net = sum(balance(one)[0] - balance(one)[1] for one in (kept, gone))
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        assert balance(kept)[:2] == (max(net, 0), max(-net, 0))
        assert balance(gone) == (0, 0, 0)
        assert verify_ledger(acme) == []


def test_what_they_do_next_counts_for_the_one_who_stays(acme: TenantContext) -> None:
    """With the memory of a consumer that knew both."""
    memory = TenantMemory()
    book(acme, [message(1), message(2)], memory)
    with enter_tenant(acme):
        kept, gone = ids(1, 2)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        before = balance(kept)
    book(acme, [message(2, at=NOON + 10 * MINUTE)], memory)
    with enter_tenant(acme):
        assert ids(1, 2) == [kept, kept]
        assert balance(kept)[2] > before[2]
        assert balance(gone) == (0, 0, 0)
        assert verify_ledger(acme) == []


def test_takebacks_and_undone_adjustments_find_who_has_the_points_now(acme: TenantContext) -> None:
    theirs = message(2)
    book(acme, [message(1), theirs, message(3)])
    with enter_tenant(acme):
        kept, gone, third = ids(1, 2, 3)
        adjustment = give(acme, gone, 100)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        merge_members(kept_id=third, gone_id=kept, actor=SYSTEM, context=acme)
        before = balance(third)[2]
        undo_adjustment(adjustment_id=adjustment, actor=SYSTEM, idempotency_key="undo", context=acme)
        assert balance(third)[2] == before - 100
    book(acme, [deletion(theirs)])
    book(acme, [deletion(theirs)])
    with enter_tenant(acme):
        assert balance(third)[2] < before - 100
        assert (balance(gone), balance(kept)) == ((0, 0, 0), (0, 0, 0))
        assert verify_ledger(acme) == []


def test_identities_login_figures_and_the_earlier_joining_go_over(acme: TenantContext) -> None:
    book(acme, [message(1), message(2)])
    with enter_tenant(acme):
        kept, gone = ids(1, 2)
        Member.objects.filter(pk=gone).update(
            user_id=77, joined_at=datetime(2020, 1, 1, tzinfo=UTC), note="tall"
        )
        record_figures(name="badges", values={kept: 1, gone: 5}, actor=SYSTEM)
        record_figures(name="talks", values={kept: 3, gone: 2}, actor=SYSTEM)
        choose_tie_figure(name="badges", actor=SYSTEM)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        member = Member.objects.get(pk=kept)
        assert (member.user_id, member.joined_at.year if member.joined_at else 0, member.note) == (
            77,
            2020,
            "tall",
        )
        assert dict(member.figures.values_list("name", "value")) == {"badges": 5, "talks": 3}
        assert Identity.objects.filter(member=member).count() == 2
        assert verify_ledger(acme) == []
        with pytest.raises(MemberPurgedError):
            restore_member(member_id=gone, actor=SYSTEM, context=acme)


def test_who_cannot_be_one_person_is_not_merged(acme: TenantContext) -> None:
    book(acme, [message(1), message(2), message(3, bot=True)])
    with enter_tenant(acme):
        one, two, bot = ids(1, 2, 3)
        with pytest.raises(CannotMergeError):
            merge_members(kept_id=one, gone_id=one, actor=SYSTEM, context=acme)
        with pytest.raises(CannotMergeError):
            merge_members(kept_id=one, gone_id=bot, actor=SYSTEM, context=acme)
        with pytest.raises(MemberNotFoundError):
            merge_members(kept_id=one, gone_id=999_999, actor=SYSTEM, context=acme)
        Member.objects.filter(pk=one).update(user_id=1)
        Member.objects.filter(pk=two).update(user_id=2)
        with pytest.raises(CannotMergeError):
            merge_members(kept_id=one, gone_id=two, actor=SYSTEM, context=acme)
        assert find_member(provider="discord", external_id="2") is not None


def test_a_repeat_changes_nothing(acme: TenantContext) -> None:
    live_a_while(acme)
    with enter_tenant(acme):
        kept, gone = ids(1, 2)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        after = balance(kept)
        merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=acme)
        assert balance(kept) == after


def merge_at_once(context: TenantContext) -> list[Exception]:
    """One into two and two into one, in step. What each was refused with."""
    with enter_tenant(context):
        one, two = ids(1, 2)
    barrier = threading.Barrier(2)
    refused: list[Exception] = []

    def merge(kept: int, gone: int) -> None:
        try:
            with enter_tenant(context):
                barrier.wait(30)
                merge_members(kept_id=kept, gone_id=gone, actor=SYSTEM, context=context)
        except (CannotMergeError, MemberNotFoundError, IntegrityError) as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=merge, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.mark.race
@pytest.mark.parametrize("round", range(3))
def test_of_two_merges_at_once_one_happens(acme: TenantContext, round: int) -> None:
    live_a_while(acme)
    refused = merge_at_once(acme)
    assert [type(error) for error in refused] == [MemberNotFoundError]
    with enter_tenant(acme):
        assert Member.objects.filter(merged_into_id__isnull=False).count() == 1
        assert verify_ledger(acme) == []


@pytest.mark.race
def test_without_the_lock_both_would(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "ledger_lock_sql", lambda schema: "SELECT 1")
    together, checked = meet(threading.Barrier(2)), merging._check

    def check_and_wait(kept_id: int, gone_id: int) -> Any:
        found = checked(kept_id, gone_id)
        together()
        return found

    monkeypatch.setattr(merging, "_check", check_and_wait)
    live_a_while(acme)
    merge_at_once(acme)
    with enter_tenant(acme):
        assert Member.objects.filter(merged_into_id__isnull=False).count() != 1 or verify_ledger(acme) != []
