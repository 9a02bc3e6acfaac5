"""The community's own figures: recorded all or none, and every tie-break follows the chosen one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.leaderboards.selectors import get_board
from engagement.members.errors import (
    FigureInUseError,
    FigureNotFoundError,
    InvalidFigureError,
    MemberNotFoundError,
)
from engagement.members.models import MemberFigure
from engagement.members.selectors import find_member_ids, list_figures
from engagement.progression import figures
from engagement.progression.events import StandingsChanged
from engagement.progression.figures import choose_tie_figure, forget_figure, record_figures
from engagement.progression.verification import Finding, verify_ledger
from engagement.standings.models import Standing, StandingBucket
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import NOON, book, message

pytestmark = pytest.mark.usefixtures("rules")


def meet(context: TenantContext, *users: int, memory: TenantMemory | None = None) -> dict[int, int]:
    """Members of equal points, reached at one moment, by the number of their user; user 1 joined last."""
    book(
        context,
        [message(user, type="thread", joined=f"2026-01-{28 - user}T00:00:00+00:00") for user in users],
        memory,
    )
    with enter_tenant(context):
        known = find_member_ids(provider="discord", external_ids=[str(user) for user in users])
    return {user: known[str(user)] for user in users}


def order() -> list[int]:
    return [int(row.name.removeprefix("Person ")) for row in get_board(kind="all").rows]


def count_news() -> int:
    return TenantEvent.objects.filter(type=StandingsChanged.type).count()


def test_whoever_comes_and_whatever_changes_later_is_in_step(acme: TenantContext) -> None:
    memory = TenantMemory()
    ids = meet(acme, 1, 2, 3, memory=memory)
    with enter_tenant(acme):
        assert order() == [3, 2, 1]
        record_figures(actor=SYSTEM, name="badges", values={ids[1]: 5, ids[2]: 1})
        choose_tie_figure(actor=SYSTEM, name="badges")
        assert order() == [1, 2, 3]

    ids |= meet(acme, 4, 5, memory=memory)
    with enter_tenant(acme):
        assert order() == [1, 2, 5, 4, 3], "newcomers have none"
        record_figures(actor=SYSTEM, name="badges", values={ids[4]: 9, ids[1]: -1})
        assert order() == [4, 2, 5, 3, 1]
        assert verify_ledger(acme) == []

    book(acme, [message(user, at=NOON + 600_000, type="left") for user in (4,)], memory)
    with enter_tenant(acme):
        assert order() == [2, 5, 3, 1]
        assert verify_ledger(acme) == []


def test_the_choice_reaches_everybody_in_small_units(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_AT_ONCE", 2)
    ids = meet(acme, 1, 2, 3, 4, 5)
    with enter_tenant(acme):
        record_figures(actor=SYSTEM, name="wins", values=dict.fromkeys(ids.values(), 7))
        record_figures(actor=SYSTEM, name="badges", values={ids[3]: 1, ids[5]: 2})
        assert choose_tie_figure(actor=SYSTEM, name="wins") == 5
        assert choose_tie_figure(actor=SYSTEM, name="badges") == 5
        assert order() == [5, 3, 4, 2, 1]
        assert verify_ledger(acme) == []
        assert choose_tie_figure(actor=SYSTEM, name="") == 2
        assert order() == [5, 4, 3, 2, 1]
        assert verify_ledger(acme) == []


def test_a_repeat_finishes_what_a_crash_left(acme: TenantContext) -> None:
    ids = meet(acme, 1, 2)
    with enter_tenant(acme):
        record_figures(actor=SYSTEM, name="badges", values={ids[1]: 4})
        choose_tie_figure(actor=SYSTEM, name="badges")
        Standing.objects.update(tie_value=-2)
        assert set(verify_ledger(acme)) == {
            Finding("ties", f"member {ids[1]}", "tie-break -4", "tie-break -2"),
            Finding("ties", f"member {ids[2]}", "tie-break 0", "tie-break -2"),
        }
        assert choose_tie_figure(actor=SYSTEM, name="badges") == 2
        assert verify_ledger(acme) == []


def test_a_repeat_changes_and_tells_nothing(acme: TenantContext) -> None:
    ids = meet(acme, 1, 2)
    with enter_tenant(acme):
        assert record_figures(actor=SYSTEM, name=" badges ", values={ids[1]: 4, ids[2]: 0}) == 2
        before = MemberFigure.objects.get(member_id=ids[1]).changed_at
        quiet = count_news()
        choose_tie_figure(actor=SYSTEM, name="badges")
        assert count_news() == quiet + 2, "the choice, and the order"
        assert record_figures(actor=SYSTEM, name="badges", values={ids[1]: 4, ids[2]: 0}) == 0
        assert choose_tie_figure(actor=SYSTEM, name="badges") == 0
        assert count_news() == quiet + 2
        assert MemberFigure.objects.get(member_id=ids[1]).changed_at == before


def test_the_histogram_is_left_alone(acme: TenantContext) -> None:
    ids = meet(acme, 1, 2, 3)
    with enter_tenant(acme):
        before = list(StandingBucket.objects.order_by("pk").values_list())
        record_figures(actor=SYSTEM, name="badges", values={ids[1]: 4})
        choose_tie_figure(actor=SYSTEM, name="badges")
        assert list(StandingBucket.objects.order_by("pk").values_list()) == before


def test_all_values_are_recorded_or_none(acme: TenantContext) -> None:
    ids = meet(acme, 1)
    with enter_tenant(acme):
        with pytest.raises(MemberNotFoundError, match="no member 999999"):
            record_figures(actor=SYSTEM, name="badges", values={ids[1]: 4, 999_999: 1})
        assert list_figures() == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b"])
def test_a_name_must_be_one(acme: TenantContext, name: str) -> None:
    with enter_tenant(acme), pytest.raises(InvalidFigureError, match="1 to 60"):
        record_figures(actor=SYSTEM, name=name, values={1: 1})


@pytest.mark.parametrize("values", [{}, {1: 1.5}, {1: True}, {1: 10**15 + 1}, {1: "3"}])
def test_a_value_is_a_whole_number(acme: TenantContext, values: Any) -> None:
    with enter_tenant(acme), pytest.raises(InvalidFigureError):
        record_figures(actor=SYSTEM, name="badges", values=values)


def test_what_nobody_has_cannot_be_chosen(acme: TenantContext, globex: TenantContext) -> None:
    ids = meet(acme, 1)
    with enter_tenant(acme):
        record_figures(actor=SYSTEM, name="badges", values={ids[1]: 1})
        with pytest.raises(FigureNotFoundError, match="There are “badges”"):
            choose_tie_figure(actor=SYSTEM, name="bagdes")
    with enter_tenant(globex), pytest.raises(FigureNotFoundError, match="Record values first"):
        choose_tie_figure(actor=SYSTEM, name="badges")


def test_a_figure_in_use_is_not_forgotten(acme: TenantContext) -> None:
    ids = meet(acme, 1, 2)
    with enter_tenant(acme):
        record_figures(actor=SYSTEM, name="badges", values={ids[1]: 1, ids[2]: 2})
        choose_tie_figure(actor=SYSTEM, name="badges")
        with pytest.raises(FigureInUseError):
            forget_figure(actor=SYSTEM, name="badges")
        choose_tie_figure(actor=SYSTEM, name="")
        assert forget_figure(actor=SYSTEM, name="badges") == 2
        with pytest.raises(FigureNotFoundError):
            forget_figure(actor=SYSTEM, name="badges")


def test_whoever_records_waits_for_the_ledgers_lock(acme: TenantContext) -> None:
    """So a value and a choice made at the same moment cannot miss each other."""
    from concurrent.futures import ThreadPoolExecutor, TimeoutError

    from engagement.ledger.statements import ledger_unit

    ids = meet(acme, 1)

    def record() -> int:
        try:
            with enter_tenant(acme):
                return record_figures(actor=SYSTEM, name="badges", values={ids[1]: 8})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with enter_tenant(acme), ledger_unit():
            recording = pool.submit(record)
            with pytest.raises(TimeoutError):
                recording.result(timeout=0.3)
            assert not MemberFigure.objects.exists()
        assert recording.result(timeout=60) == 1
