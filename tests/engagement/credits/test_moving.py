"""Credits that are given, taken, spent and taken back: once per key, never below zero, warned of once per crossing."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.credits.errors import (
    AlreadyUndoneError,
    CreditKeyReusedError,
    CreditMoveNotFoundError,
    InvalidCreditsError,
    NotEnoughCreditsError,
)
from engagement.credits.models import CreditMove
from engagement.credits.moving import (
    give_reward_credits,
    grant_credits,
    revoke_credits,
    take_reward_credits_back,
    undo_move,
)
from engagement.credits.selectors import list_balances
from engagement.credits.types import archive_type
from engagement.progression.verification import verify_ledger
from saas.events.models import TenantEvent
from tenants.context import TenantContext

from .holding import ADA, grant, held, make_member, make_type, spend


def revoke(context: TenantContext, member_id: int, amount: int, **more: Any) -> None:
    given = {"reason": "Mistake", "actor": ADA, "key": f"revoke-{amount}"} | more
    revoke_credits(context=context, member_id=member_id, type_key="ai", amount=amount, **given)


def test_each_kind_has_its_own_balance(here: TenantContext) -> None:
    ai, lead, grace = make_type(here), make_type(here, "lead"), make_member()

    grant(here, grace, 30)
    grant(here, grace, 7, "lead")
    spend(here, grace, 12)

    assert (held(grace, ai), held(grace, lead)) == ((18, 0), (7, 0))
    assert [(line.type.key, line.current) for line in list_balances(member_id=grace.pk)] == [
        ("ai", 18),
        ("lead", 7),
    ]
    assert verify_ledger(here) == []


def test_a_key_moves_once_and_answers_as_before(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()

    first, again = (grant(here, grace, 30, key="k") for _ in range(2))
    spent = [spend(here, grace, 30, key="k") for _ in range(2)]

    assert (first.repeated, again.repeated, first.move.pk) == (False, True, again.move.pk)
    assert [change.repeated for change in spent] == [False, True]
    assert held(grace, credit_type) == (0, 0)
    with pytest.raises(CreditKeyReusedError):
        grant(here, grace, 31, key="k")
    assert AuditEntry.objects.filter(action__startswith="credits.").count() == 2


def test_spending_more_than_there_is_says_how_much_is_missing(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    grant(here, grace, 10)

    with pytest.raises(NotEnoughCreditsError, match="needs 15 AI credits, and 10 are there: 5 more"):
        spend(here, grace, 15, key="later")

    assert held(grace, credit_type) == (10, 0)
    assert CreditMove.objects.count() == 1
    grant(here, grace, 5)
    spend(here, grace, 15, key="later")  # what was refused left no key behind


def test_revoking_stops_at_zero_unless_it_is_forced(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    grant(here, grace, 10)

    with pytest.raises(NotEnoughCreditsError, match="may be forced"):
        revoke(here, grace.pk, 15)
    revoke(here, grace.pk, 15, force=True)
    assert held(grace, credit_type) == (0, 5)
    grant(here, grace, 8)

    assert held(grace, credit_type) == (3, 0)
    assert verify_ledger(here) == []


def test_an_undo_is_the_exact_opposite_once(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    given = grant(here, grace, 10).move
    spent = spend(here, grace, 4).move

    for _ in range(2):
        undo_move(context=here, move_id=spent.pk, actor=ADA)
    assert held(grace, credit_type) == (10, 0)
    undone = undo_move(context=here, move_id=given.pk, actor=ADA)

    assert held(grace, credit_type) == (0, 0)
    with pytest.raises(AlreadyUndoneError):
        undo_move(context=here, move_id=undone.move.pk, actor=ADA)
    with pytest.raises(CreditMoveNotFoundError):
        undo_move(context=here, move_id=10**9, actor=ADA)
    assert verify_ledger(here) == []


def test_a_grant_that_is_spent_is_undone_by_force_alone(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    given = grant(here, grace, 10).move
    spend(here, grace, 10)

    with pytest.raises(NotEnoughCreditsError):
        undo_move(context=here, move_id=given.pk, actor=ADA)
    undo_move(context=here, move_id=given.pk, actor=ADA, force=True)

    assert held(grace, credit_type) == (0, 10)


def test_a_low_balance_is_told_once_for_each_crossing(here: TenantContext) -> None:
    make_type(here, low_balance=10)
    grace = make_member()
    lows = TenantEvent.objects.filter(type="CreditsLow")

    grant(here, grace, 12)
    spend(here, grace, 2)  # ten are there: not below
    assert not lows.exists()
    spend(here, grace, 1)
    spend(here, grace, 1)
    assert [event.data["balance"] for event in lows] == [9]
    grant(here, grace, 20)
    spend(here, grace, 25)

    assert [event.data["balance"] for event in lows.order_by("pk")] == [9, 3]


@pytest.mark.parametrize("amount", [0, -5, 10**10, "7", True])
def test_what_is_no_amount_moves_nothing(here: TenantContext, amount: Any) -> None:
    make_type(here)

    with pytest.raises(InvalidCreditsError):
        grant(here, make_member(), amount)
    assert not CreditMove.objects.exists()


def test_a_reason_is_needed(here: TenantContext) -> None:
    make_type(here)
    grace = make_member()

    with pytest.raises(InvalidCreditsError, match="Say why"):
        grant_credits(
            context=here, member_id=grace.pk, type_key="ai", amount=1, reason=" ", actor=ADA, key="k"
        )


def test_archived_credits_stay_spendable(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()
    grant(here, grace, 10)
    archive_type(context=here, type_id=credit_type.pk, actor=ADA)

    spend(here, grace, 4)

    assert [(line.current, line.type.key) for line in list_balances(member_id=grace.pk)] == [(6, "ai")]


def test_a_reward_gives_credits_once_and_takes_exactly_those_back(here: TenantContext) -> None:
    credit_type, grace = make_type(here), make_member()

    for _ in range(2):
        give_reward_credits(member_id=grace.pk, type_id=credit_type.pk, amount=25, redemption_id=3)
    assert held(grace, credit_type) == (25, 0)
    spend(here, grace, 20)
    for _ in range(2):
        take_reward_credits_back(redemption_id=3)
    assert take_reward_credits_back(redemption_id=4) is None

    assert held(grace, credit_type) == (0, 20)
    assert verify_ledger(here) == []
