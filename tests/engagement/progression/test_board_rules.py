"""Roles that are kept off the boards: now, for newcomers, and when roles come and go."""

from __future__ import annotations

import pytest

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.leaderboards.selectors import get_board, get_rank
from engagement.members.selectors import find_member
from engagement.progression import boards
from engagement.progression.boards import set_board_rules
from engagement.progression.errors import InvalidBoardRulesError
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import NOON, book, message

pytestmark = pytest.mark.usefixtures("rules")


def rank_of(user: int) -> int | None:
    member = find_member(provider="discord", external_id=str(user))
    assert member is not None
    return get_rank(member_id=member.pk, kind="all").rank


def test_those_already_here_lose_their_ranks_and_get_them_back(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "_AT_ONCE", 2)
    book(acme, [message(user, roles=["staff"] if user % 2 else ["5"]) for user in range(1, 10)])

    with enter_tenant(acme):
        assert set_board_rules(actor=SYSTEM, excluded_roles=["staff", "nobody"], context=acme) == 5
        assert get_board(kind="all").total == 4
        assert (rank_of(1), rank_of(2) is not None) == (None, True)
        assert verify_ledger(acme) == []

        assert set_board_rules(actor=SYSTEM, excluded_roles=["staff"], context=acme) == 0
        assert set_board_rules(actor=SYSTEM, excluded_roles=[], context=acme) == 5
        assert get_board(kind="all").total == 9
        assert verify_ledger(acme) == []


def test_newcomers_and_changed_roles_follow_in_ingest(acme: TenantContext) -> None:
    memory = TenantMemory()
    with enter_tenant(acme):
        set_board_rules(actor=SYSTEM, excluded_roles=["staff"], context=acme)

    book(acme, [message(1, roles=["staff"]), message(2, roles=["5"])], memory)
    with enter_tenant(acme):
        assert (rank_of(1), rank_of(2)) == (None, 1)

    book(acme, [message(1, roles=[], type="member_updated"), message(2, roles=["staff", "5"])], memory)
    with enter_tenant(acme):
        assert (rank_of(1), rank_of(2)) == (1, None)
        assert verify_ledger(acme) == []


def test_a_reaction_to_somebody_who_left_brings_nobody_back(acme: TenantContext) -> None:
    memory = TenantMemory()
    book(acme, [message(1)], memory)
    book(acme, [message(1, type="left")], memory)
    book(acme, [message(1, type="reaction_received")], memory)

    with enter_tenant(acme):
        assert rank_of(1) is None
    book(acme, [message(1, at=NOON + 600_000)], memory)
    with enter_tenant(acme):
        assert rank_of(1) == 1
        assert verify_ledger(acme) == []


def test_too_many_roles_are_refused(acme: TenantContext) -> None:
    with enter_tenant(acme), pytest.raises(InvalidBoardRulesError):
        set_board_rules(actor=SYSTEM, excluded_roles=[str(number) for number in range(51)], context=acme)


def test_the_periods_that_are_offered(acme: TenantContext) -> None:
    from engagement.audit.models import AuditEntry
    from engagement.leaderboards.selectors import get_board_rules, list_offered_periods
    from engagement.progression.boards import offer_periods

    with enter_tenant(acme):
        assert list_offered_periods() == ("all", "season", "month", "week")
        for _ in range(2):
            assert offer_periods(periods=["week", "all"], actor=SYSTEM) == ("all", "week")
        assert list_offered_periods() == get_board_rules().periods == ("all", "week")
        assert AuditEntry.objects.filter(action="board.changed").count() == 1
        for wrong in ([], ["day"], ["all", "day"]):
            with pytest.raises(InvalidBoardRulesError):
                offer_periods(periods=wrong, actor=SYSTEM)
        assert list_offered_periods() == ("all", "week")
