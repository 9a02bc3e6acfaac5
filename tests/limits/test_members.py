"""Members over the plan's limit wait: what they do is kept, and counts when there is room, as if there had always been."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.activity.admission import admit_slice
from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.errors import MemberWaitsError
from engagement.members.models import Member
from engagement.models import Activity as Stored
from engagement.models import Standing
from engagement.progression.merging import merge_members
from engagement.progression.people import MemberFacts, delete_member, register_member, restore_member
from engagement.progression.services import adjust_points, ensure_member
from engagement.progression.verification import verify_ledger
from saas.core import clock
from saas.events.log import START, read_after
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tests.engagement.activity.facts import DAY, MINUTE, NOON, book, deletion, message
from tests.plans import put_on_plan

from .people import count_held, count_tracked, describe_everybody, let_in, waiting_users

pytestmark = pytest.mark.usefixtures("rules")


@pytest.fixture
def rules(committed_db: None, acme: TenantContext, globex: TenantContext) -> None:
    """Both communities have the default rules, committed, and nobody in them."""
    from engagement.kinds import seed_community

    for context in (acme, globex):
        with enter_tenant(context):
            seed_community(context)
            assert not Member.objects.exists()


def member_of(context: TenantContext, user: int) -> Member:
    with enter_tenant(context):
        return Member.objects.get(identities__external_id=str(user))


def points(context: TenantContext, user: int) -> int:
    with enter_tenant(context):
        return LedgerBalance.objects.get(member_id=member_of(context, user).pk, currency=0).current


def test_who_is_over_the_limit_waits_and_everything_they_do_is_kept(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=2)

    outcome = book(context, [message(1), message(2), message(3), message(3, at=NOON + 2 * MINUTE)])

    assert (outcome.stored, outcome.held) == (4, 2)
    assert waiting_users(acme) == ["3"]
    late = member_of(acme, 3)
    with enter_tenant(acme):
        assert not LedgerEntry.objects.filter(member_id=late.pk).exists()
        assert not Standing.objects.get(pk=late.pk).ranked
        assert Stored.objects.filter(member_id=late.pk).count() == 2
        assert verify_ledger(acme) == []


def test_a_better_plan_lets_them_in_with_all_that_they_did(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    book(context, [message(1), message(2, number=77), message(2, at=NOON + 2 * MINUTE)])
    assert let_in(context) == 0

    better = put_on_plan(acme, members=2)
    assert let_in(better) == 1

    assert waiting_users(acme) == []
    assert count_held(acme) == 0
    assert points(acme, 2) > 30
    with enter_tenant(acme):
        assert Standing.objects.get(pk=member_of(acme, 2).pk).ranked
        told = [event.type for event in read_after(START)]
        assert "MembersAdmitted" in told
        assert verify_ledger(acme) == []
    assert let_in(better) == 0
    # A deletion that comes now takes back as ever.
    before = points(acme, 2)
    book(better, [deletion(message(2, number=77))])
    assert points(acme, 2) < before


def test_the_longest_waiting_come_first(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    for user in (1, 2, 3, 4):
        book(context, [message(user)])
    assert waiting_users(acme) == ["2", "3", "4"]

    assert let_in(put_on_plan(acme, members=3)) == 2

    assert waiting_users(acme) == ["4"]


def test_nobody_new_is_let_past_the_queue(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=2)
    book(context, [message(1), message(2), message(3)])
    with enter_tenant(acme):
        delete_member(member_id=member_of(acme, 1).pk, actor=SYSTEM, context=acme)
    book(context, [message(4)])
    assert waiting_users(acme) == ["3", "4"]

    assert let_in(context) == 1

    assert waiting_users(acme) == ["4"]


def test_a_takeback_holds_with_what_it_takes_back(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    kept, gone = message(2), message(2, at=NOON + 2 * MINUTE)
    late = message(2, at=NOON + 4 * MINUTE)
    book(context, [message(1), kept, gone, deletion(late)])
    book(context, [deletion(gone), late])

    let_in(put_on_plan(acme, members=9))

    with enter_tenant(acme):
        entries = LedgerEntry.objects.filter(member_id=member_of(acme, 2).pk)
        # The first message, the day's bonus, the second one and its reversal; the last was deleted before it came.
        assert sorted(entries.values_list("cause_kind", flat=True)) == [1, 1, 2, 4]
        assert verify_ledger(acme) == []


def test_a_takeback_that_came_too_late_takes_nothing_back(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    old = message(2)
    book(context, [message(1), old, deletion(old, at=NOON + 8 * DAY)])
    let_in(put_on_plan(acme, members=9))
    with enter_tenant(acme):
        entries = LedgerEntry.objects.filter(member_id=member_of(acme, 2).pk)
        assert sorted(entries.values_list("cause_kind", flat=True)) == [1, 2]


def test_slices_end_as_one_does_and_what_comes_meanwhile_is_held_behind(
    acme: TenantContext, globex: TenantContext
) -> None:
    def talk(guild: int) -> list[object]:
        return [
            message(1 + number % 3, at=NOON + number * 40_000, number=5_000 + number, guild=guild)
            for number in range(60)
        ]

    book(globex, talk(globex.guild_id or 0)[:50])
    book(globex, talk(globex.guild_id or 0)[50:])
    book(put_on_plan(acme, members=0), talk(acme.guild_id or 0)[:50])
    context = put_on_plan(acme, members=5)
    assert admit_slice(context=context, at_most=7).goes_on
    assert admit_slice(context=context, at_most=7).goes_on
    book(context, talk(acme.guild_id or 0)[50:])
    while admit_slice(context=context, at_most=7).goes_on:
        pass

    assert describe_everybody(acme) == describe_everybody(globex)


def test_who_has_begun_is_finished_whatever_becomes_of_the_plan(acme: TenantContext) -> None:
    book(put_on_plan(acme, members=0), [message(1, at=NOON + number * 2 * MINUTE) for number in range(9)])
    admit_slice(context=put_on_plan(acme, members=5), at_most=4)
    assert waiting_users(acme) == ["1"]
    assert let_in(put_on_plan(acme, members=0)) == 1
    assert count_held(acme) == 0


def test_bots_and_who_left_take_no_place(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    book(context, [message(9, bot=True), message(1)])
    assert count_tracked(acme) == 1
    with enter_tenant(acme):
        Member.objects.filter(identities__external_id="1").update(departed_at=clock.now())
    book(context, [message(2)], TenantMemory())
    assert waiting_users(acme) == []
    # Who was tracked once and comes back is tracked: that was promised.
    book(context, [message(1, at=NOON + MINUTE)], TenantMemory())
    assert waiting_users(acme) == []
    assert count_tracked(acme) == 2
    book(context, [message(3)], TenantMemory())
    assert waiting_users(acme) == ["3"]


def test_a_plan_without_a_limit_never_counts(acme: TenantContext) -> None:
    memory = TenantMemory()
    free = put_on_plan(acme, rules=50)
    book(free, [message(1)], memory)
    from engagement.progression import room

    def fail(*_args: object) -> object:
        raise AssertionError("counted")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "read_room", fail)
        book(free, [message(2)], memory)
        # Nor does a limited one while nobody is new.
        book(put_on_plan(acme, members=5), [message(2, at=NOON + MINUTE)], memory)


def test_by_date_with_no_event(acme: TenantContext) -> None:
    end = clock.now() + timedelta(days=1)
    context = put_on_plan(acme, members=1, then={end: {"members": 5}})
    book(context, [message(1), message(2)])
    assert let_in(context) == 0
    with clock.frozen_at(end):
        assert let_in(context) == 1


def test_the_team_is_told_that_there_is_no_room(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    book(context, [message(1), message(2)])
    with enter_tenant(context):
        with pytest.raises(LimitReachedError):
            register_member(facts=MemberFacts("Ada"), request_key="one", actor=SYSTEM, context=context)
        with pytest.raises(MemberWaitsError, match="Person 2 waits"):
            adjust_points(
                member_id=member_of(acme, 2).pk, amount=5, reason="a gift", actor=SYSTEM, idempotency_key="g",
                context=context,
            )  # fmt: skip
        made = ensure_member(provider="discord", external_id="3", display_name="Three")
        assert made.waiting_since is not None


def test_restoring_needs_room_again(acme: TenantContext) -> None:
    context = put_on_plan(acme, members=1)
    book(context, [message(1)])
    member = member_of(acme, 1)
    with enter_tenant(context):
        delete_member(member_id=member.pk, actor=SYSTEM, context=context)
        register_member(facts=MemberFacts("Ada"), request_key="one", actor=SYSTEM, context=context)
        with pytest.raises(LimitReachedError):
            restore_member(member_id=member.pk, actor=SYSTEM, context=context)
    better = put_on_plan(acme, members=2)
    with enter_tenant(better):
        assert restore_member(member_id=member.pk, actor=SYSTEM, context=better).deleted_at is None


@pytest.mark.parametrize("kept", [1, 2], ids=["into the tracked one", "into the waiting one"])
def test_merging_keeps_the_place_and_what_was_held(acme: TenantContext, kept: int) -> None:
    context = put_on_plan(acme, members=1)
    gone_message = message(2, at=NOON + 5 * MINUTE)
    book(context, [message(1), message(2, at=NOON + 3 * MINUTE), gone_message, message(3)])
    with enter_tenant(context):
        ids = {user: member_of(acme, user).pk for user in (1, 2)}
        merge_members(kept_id=ids[kept], gone_id=ids[3 - kept], actor=SYSTEM, context=context)
    # Taken back before it is judged.
    book(context, [deletion(gone_message)])
    assert waiting_users(acme) == ["3"]
    let_in(context)
    with enter_tenant(acme):
        held = LedgerEntry.objects.filter(member_id=ids[kept], cause_kind=1)
        assert held.count() == (2 if kept == 1 else 1)
        assert Standing.objects.get(pk=ids[kept]).ranked
        assert verify_ledger(acme) == []
    assert waiting_users(acme) == ["3"]


def test_the_slice_asks_no_more_for_more_members(acme: TenantContext) -> None:
    def queries(users: range) -> int:
        book(put_on_plan(acme, members=0), [message(user) for user in users])
        context = put_on_plan(acme, members=1_000)
        with CaptureQueriesContext(connection) as seen:
            admit_slice(context=context)
        return len(seen)

    queries(range(90, 92))
    assert queries(range(100, 103)) == queries(range(200, 280))
