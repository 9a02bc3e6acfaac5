"""A member who goes: what was pending comes back exactly and the team is told once; merged members take everything over."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.credits.deciding import approve_request, undo_decision
from engagement.credits.models import CreditRequest
from engagement.credits.moving import undo_move
from engagement.departures import jobs
from engagement.departures.services import Returned, list_returned, move_belongings, return_pending, words_of
from engagement.ledger.models import LedgerEntry
from engagement.members.errors import MemberDeletedError
from engagement.progression.merging import merge_members
from engagement.progression.people import delete_member, restore_member
from engagement.progression.verification import verify_ledger
from engagement.rewards.deciding import approve_redemption, mark_fulfilled, reject_redemption
from engagement.rewards.models import Redemption, Reward
from engagement.submissions.models import Submission
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.credits import holding
from tests.engagement.rewards import spending
from tests.engagement.submissions import forms

SETTLED = {"requested": "cancelled", "approved": "cancelled", "fulfilled": "fulfilled"}


@pytest.fixture
def here(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield acme


def pending_of_everything(context: TenantContext) -> tuple[Any, Reward]:
    """A member with 1,000 points: two redemptions pending, one handed out, a submission and two requests pending, one granted."""
    member = spending.make_member(context, 1_000)
    mug = spending.make_reward(price=150, stock=5, approval="moderator")
    now = spending.make_reward(price=100)
    spending.redeem(context, member, mug)
    given = spending.redeem(context, member, now)
    mark_fulfilled(redemption_id=given.pk, outcome={}, actor=SYSTEM, key="x")
    waiting = spending.redeem(context, member, mug)
    approve_redemption(context=context, redemption_id=waiting.pk, actor=spending.MODERATOR)
    forms.give(context, forms.make_type(context), member)
    holding.make_type(context)
    granted = holding.ask(context, member, 30)
    approve_request(context=context, request_id=granted.pk, actor=holding.ADA)
    holding.ask(context, member, 20)
    holding.ask(context, member, 10)
    return member, mug


def test_everything_pending_comes_back_and_what_was_given_stays(here: TenantContext) -> None:
    member, mug = pending_of_everything(here)
    assert spending.balance_of(member) == (600, 0)
    delete_member(member_id=member.pk, actor=holding.ADA, context=here)
    returned = return_pending(member_id=member.pk)
    assert returned == Returned(redemptions=2, points=300, submissions=1, requests=2)
    assert spending.balance_of(member) == (900, 0)
    mug.refresh_from_db()
    assert (mug.stock, mug.reserved) == (5, 0)
    states = Redemption.objects.filter(member_id=member.pk).order_by("pk").values_list("state", flat=True)
    assert list(states) == ["cancelled", "fulfilled", "cancelled"]
    assert Submission.objects.get(member_id=member.pk).state == "withdrawn"
    requests = CreditRequest.objects.filter(member_id=member.pk).order_by("pk")
    assert [(row.state, row.archived_at is not None) for row in requests] == [
        ("approved", False),
        ("cancelled", True),
        ("cancelled", True),
    ]
    spending.assert_books_balance(here)


def test_the_team_is_told_once_however_often_it_is_done(here: TenantContext) -> None:
    member, _ = pending_of_everything(here)
    delete_member(member_id=member.pk, actor=holding.ADA, context=here)
    for _ in range(3):
        jobs.follow_deletion.function(tenant=here.schema, event_id=1, event={"member_id": member.pk})
    jobs.look_again.function(tenant=here.schema, member_id=member.pk)
    assert AuditEntry.objects.filter(action="member.pending_returned").count() == 1
    assert TenantEvent.objects.filter(type="PendingReturned").count() == 1
    (line,) = list_returned(limit=5)
    assert (line.member_id, line.name) == (member.pk, member.display_name)
    said = words_of(line.returned, "points")
    assert said == "2 redemptions (300 points came back), 1 submission, 2 credit requests"
    assert LedgerEntry.objects.filter(member_id=member.pk, amount=150).count() == 2


def test_who_had_nothing_pending_is_no_news(here: TenantContext) -> None:
    member = spending.make_member(here, 10)
    delete_member(member_id=member.pk, actor=SYSTEM, context=here)
    assert not return_pending(member_id=member.pk)
    assert list_returned(limit=5) == []


def test_somebody_restored_before_the_job_ran_keeps_what_was_pending(here: TenantContext) -> None:
    member, _ = pending_of_everything(here)
    delete_member(member_id=member.pk, actor=SYSTEM, context=here)
    restore_member(member_id=member.pk, actor=SYSTEM, context=here)
    assert not return_pending(member_id=member.pk)
    assert Redemption.objects.filter(member_id=member.pk, state="requested").exists()


def test_somebody_restored_later_has_the_points_and_asks_anew(here: TenantContext) -> None:
    member, mug = pending_of_everything(here)
    delete_member(member_id=member.pk, actor=SYSTEM, context=here)
    return_pending(member_id=member.pk)
    with pytest.raises(MemberDeletedError):
        spending.redeem(here, member, mug)
    restore_member(member_id=member.pk, actor=SYSTEM, context=here)
    assert spending.balance_of(member) == (900, 0)
    assert spending.redeem(here, member, mug).state == "requested"
    assert not return_pending(member_id=member.pk)
    spending.assert_books_balance(here)


@pytest.mark.parametrize("look_again", [False, True], ids=["control", "looked again"])
def test_a_redemption_that_began_before_the_deletion_is_found(
    committed_db: None, acme: TenantContext, look_again: bool
) -> None:
    """The redemption has looked at its member and is not committed when the member is deleted and looked through; the control shows
    that it stays unless somebody looks again."""
    with enter_tenant(acme):
        member = spending.make_member(acme, 500)
        mug = spending.make_reward(price=150, stock=5, approval="moderator")
    begun, go_on = threading.Event(), threading.Event()

    def redeem_slowly() -> None:
        try:
            with enter_tenant(acme), transaction.atomic():
                spending.redeem(acme, member, mug)
                begun.set()
                assert go_on.wait(20)
        finally:
            connection.close()

    racer = threading.Thread(target=redeem_slowly)
    racer.start()
    assert begun.wait(20)
    with enter_tenant(acme):
        delete_member(member_id=member.pk, actor=SYSTEM, context=acme)
        assert not return_pending(member_id=member.pk)
        go_on.set()
        racer.join(60)
        if look_again:
            jobs.look_again.function(tenant=acme.schema, member_id=member.pk)
        state = Redemption.objects.get(member_id=member.pk).state
        assert state == ("cancelled" if look_again else "requested")
        assert spending.balance_of(member) == ((500 if look_again else 350), 0)
        spending.assert_books_balance(acme)


def test_deciding_and_deleting_at_once_gives_back_once(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for _ in range(3):
            member = spending.make_member(acme, 500)
            mug = spending.make_reward(price=150, stock=5, approval="moderator")
            waiting = [spending.redeem(acme, member, mug).pk for _ in range(3)]
            delete_member(member_id=member.pk, actor=SYSTEM, context=acme)
            start = threading.Barrier(4)

            def reject(redemption_id: int, start: threading.Barrier = start) -> None:
                try:
                    with enter_tenant(acme):
                        start.wait(30)
                        reject_redemption(
                            context=acme, redemption_id=redemption_id, actor=spending.MODERATOR, reason="No."
                        )
                except Exception as error:
                    assert "cancelled" in str(error)  # noqa: PT017
                finally:
                    connection.close()

            racers = [threading.Thread(target=reject, args=[one]) for one in waiting]
            for racer in racers:
                racer.start()
            start.wait(30)
            return_pending(member_id=member.pk)
            for racer in racers:
                racer.join(60)
            assert spending.balance_of(member) == (500, 0)
            mug.refresh_from_db()
            assert (mug.stock, mug.reserved) == (5, 0)
        spending.assert_books_balance(acme)


def test_a_merged_member_takes_everything_over(here: TenantContext) -> None:
    gone, _ = pending_of_everything(here)
    kept = spending.make_member(here, 50)
    holding.grant(here, kept, 5)
    merge_members(kept_id=kept.pk, gone_id=gone.pk, actor=holding.ADA, context=here)
    jobs.follow_merge.function(tenant=here.schema, event_id=1, event={"merged_id": gone.pk})
    assert spending.balance_of(kept) == (650, 0)
    assert verify_ledger(here) == []
    for model in (Redemption, Submission, CreditRequest):
        assert not model.objects.filter(member_id=gone.pk).exists()
    assert Redemption.objects.filter(member_id=kept.pk, state="requested").count() == 1
    assert Submission.objects.get(member_id=kept.pk).state == "pending"
    waiting = Redemption.objects.get(member_id=kept.pk, state="requested")
    reject_redemption(context=here, redemption_id=waiting.pk, actor=spending.MODERATOR, reason="Sold.")
    assert spending.balance_of(kept) == (800, 0)
    spending.assert_books_balance(here)
    assert move_belongings(merged_id=gone.pk) == 0


def test_credits_go_over_with_debt_and_are_taken_back_from_who_has_them(here: TenantContext) -> None:
    kept, gone = holding.make_member("Kept"), holding.make_member("Gone")
    ai, lead = holding.make_type(here), holding.make_type(here, "lead")
    given = holding.grant(here, gone, 100)
    request = holding.ask(here, gone, 40, "lead")
    approve_request(context=here, request_id=request.pk, actor=holding.ADA)
    holding.grant(here, kept, 7)
    merge_members(kept_id=kept.pk, gone_id=gone.pk, actor=holding.ADA, context=here)
    assert [holding.held(one, kind) for one in (kept, gone) for kind in (ai, lead)] == [
        (107, 0),
        (40, 0),
        (0, 0),
        (0, 0),
    ]
    assert verify_ledger(here) == []
    undo_move(context=here, move_id=given.move.pk, actor=holding.ADA)
    undo_decision(context=here, request_id=request.pk, actor=holding.BOB)
    assert holding.held(kept, ai) == (7, 0)
    assert holding.held(kept, lead) == (0, 0)
    third = holding.make_member("Third")
    holding.spend(here, kept, 7)
    undo_move(context=here, move_id=given.move.pk, actor=holding.ADA)  # a repeat: nothing more
    merge_members(kept_id=third.pk, gone_id=kept.pk, actor=holding.ADA, context=here)
    assert holding.held(third, ai) == (0, 0)
    assert verify_ledger(here) == []


def test_a_debt_of_credits_is_paid_by_who_takes_it_over(here: TenantContext) -> None:
    kept, gone = holding.make_member("Kept"), holding.make_member("Gone")
    ai = holding.make_type(here)
    given = holding.grant(here, gone, 60)
    holding.spend(here, gone, 60)
    undo_move(context=here, move_id=given.move.pk, actor=holding.ADA, force=True)
    assert holding.held(gone, ai) == (0, 60)
    holding.grant(here, kept, 100)
    merge_members(kept_id=kept.pk, gone_id=gone.pk, actor=holding.ADA, context=here)
    assert (holding.held(kept, ai), holding.held(gone, ai)) == ((40, 0), (0, 0))
    assert verify_ledger(here) == []


def test_a_chain_of_merges_ends_at_the_last(here: TenantContext) -> None:
    first, second, third = (spending.make_member(here, 200) for _ in range(3))
    mug = spending.make_reward(price=100, approval="moderator")
    spending.redeem(here, first, mug)
    merge_members(kept_id=second.pk, gone_id=first.pk, actor=SYSTEM, context=here)
    merge_members(kept_id=third.pk, gone_id=second.pk, actor=SYSTEM, context=here)
    for merged in (second, first):
        move_belongings(merged_id=merged.pk)
    assert Redemption.objects.get().member_id == third.pk
