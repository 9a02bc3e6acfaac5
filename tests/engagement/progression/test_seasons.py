"""Seasons of another length: every place as if it had always been so, and exactly as before when changed back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.leaderboards.selectors import get_board
from engagement.progression import seasons
from engagement.progression.errors import InvalidBoardRulesError
from engagement.progression.seasons import change_season_length, preview_seasons
from engagement.progression.verification import verify_ledger
from engagement.settings.services import revert_change
from engagement.standings import splitting
from engagement.standings.seasons import seed_season_length
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import DAY, NOON, book, deletion, message

pytestmark = pytest.mark.usefixtures("rules")

AUTUMN = [date(2026, month, 15) for month in (8, 9, 10, 11)]


_FACTS = [
    message(user, at=NOON - months * 30 * DAY + user * 60_000 + day * DAY)
    for user in range(1, 9)
    for months in range(4)
    for day in range(3)
    if (user + months) % 3
]
_LATER = [deletion(_FACTS[0], at=NOON + 5 * DAY), message(2, type="left", at=NOON + 5 * DAY)]


def tell(context: TenantContext, memory: TenantMemory | None = None) -> None:
    """Members who did something in some of four months, one of them kept off the boards by leaving, one message taken back."""
    memory = memory or TenantMemory()
    book(context, sorted(_FACTS, key=lambda one: one.occurred_ms), memory)
    book(context, _LATER, memory)


def read_seasons() -> Any:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, season_start, season_score, season_at, ranked FROM standing UNION ALL"
            " SELECT member_id, starts_on, score, reached_at, ranked FROM standing_past WHERE kind = 'season' ORDER BY 1, 2"
        )
        return cursor.fetchall()


@pytest.mark.parametrize("length", ["month", "year"])
def test_it_is_as_if_it_had_always_been_so_and_goes_back_exactly(
    acme: TenantContext, globex: TenantContext, length: str
) -> None:
    with enter_tenant(globex):
        assert seed_season_length(length)
    tell(acme)
    tell(globex)
    with enter_tenant(globex):
        always = [row[2:] for row in read_seasons()]
    with enter_tenant(acme):
        before, boards = read_seasons(), [get_board(kind="season", at=day) for day in AUTUMN]
        assert change_season_length(length=length, actor=SYSTEM)
        assert sorted(row[2:] for row in read_seasons()) == sorted(always)
        assert verify_ledger(acme) == []
        assert not change_season_length(length=length, actor=SYSTEM)

        assert change_season_length(length="quarter", actor=SYSTEM)
        assert read_seasons() == before
        assert [get_board(kind="season", at=day) for day in AUTUMN] == boards
        assert verify_ledger(acme) == []


def test_ingest_goes_on_in_the_new_season_with_what_it_remembers(acme: TenantContext) -> None:
    memory = TenantMemory()
    tell(acme, memory)
    with enter_tenant(acme):
        change_season_length(length="month", actor=SYSTEM)
    book(acme, [message(user, at=NOON + 6 * DAY) for user in range(1, 12)], memory)
    book(acme, [message(3, at=NOON + 20 * DAY)], memory)
    with enter_tenant(acme):
        assert verify_ledger(acme) == []


def test_many_members_are_counted_in_buckets_of_their_own(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(acme)
    for module in (seasons, splitting):
        monkeypatch.setattr(module, "MAX_BUCKET", 2)
    monkeypatch.setattr(splitting, "MAX_GROUP", 2)
    with enter_tenant(acme):
        change_season_length(length="year", actor=SYSTEM)
        assert get_board(kind="season", size=3, offset=3, at=AUTUMN[0]).rows[0].rank == 4
        assert verify_ledger(acme) == []


def test_it_is_recorded_told_and_reverted(acme: TenantContext) -> None:
    tell(acme)
    with enter_tenant(acme):
        change_season_length(length="month", actor=SYSTEM)
        entry = AuditEntry.objects.get(action="board.changed")
        assert (entry.before, entry.after) == ({"season_length": "quarter"}, {"season_length": "month"})
        assert TenantEvent.objects.latest("pk").type == "StandingsChanged"
        revert_change(entry_id=entry.pk, context=acme, actor=SYSTEM)
        assert AuditEntry.objects.filter(action="board.changed").count() == 2
        assert verify_ledger(acme) == []


def test_an_unknown_length_is_refused(acme: TenantContext) -> None:
    with enter_tenant(acme), pytest.raises(InvalidBoardRulesError, match="a month, a quarter or a year"):
        change_season_length(length="week", actor=SYSTEM)


def test_the_preview_says_when_the_next_begins(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: clock.datetime(2026, 12, 31, 23, 30, tzinfo=clock.UTC))
    found = preview_seasons(context=acme)
    assert {name: one.next_on for name, one in found.items()} == {
        "month": date(2027, 1, 1),
        "quarter": date(2027, 1, 1),
        "year": date(2027, 1, 1),
    }
    assert found["quarter"].starts_on == date(2026, 10, 1)
    assert found["year"].ends_on == date(2026, 12, 31)
