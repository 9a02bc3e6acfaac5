"""What a board shows: names, periods, ties in words, limits, and how many queries it takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engagement.leaderboards.selectors import get_around, get_board, get_rank
from engagement.leaderboards.words import period_label, tie_note
from engagement.levels.curves import DEFAULT_CURVE
from engagement.levels.services import set_curve
from engagement.members.models import Member
from engagement.standings.models import StandingsState
from saas.core.clock import frozen_at
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, current_tenant, enter_tenant

from .town import MONTH, SEASON, WEEK, build_town


def test_an_alias_is_shown_without_name_and_picture() -> None:
    town = build_town(5, seed=1)
    best = town.ranking()[0]
    Member.objects.filter(pk=best).update(visibility="alias", alias="Fox")

    row = get_board(kind="all").rows[0]

    assert (row.rank, row.name, row.avatar_url) == (1, "Fox", "")
    assert get_around(member_id=best, kind="all")[0].name == "Fox"


def test_levels_follow_the_curve_of_the_moment() -> None:
    town = build_town(30, seed=2, scores=300)
    best = max(town.people, key=lambda p: p.score if p.ranked else -1)

    assert get_board(kind="week").rows[0].level == DEFAULT_CURVE.level_for(best.score) > 0
    set_curve(kind="linear", parameters={"step": 10})
    assert get_board(kind="week").rows[0].level == best.score // 10
    set_curve(kind="linear", parameters={"step": 20})
    assert get_around(member_id=best.member_id, kind="all")[0].level == best.score // 20


def test_a_hidden_members_name_never_shows_even_while_ranked() -> None:
    town = build_town(3, seed=1)
    best = town.ranking()[0]
    Member.objects.filter(pk=best).update(visibility="hidden")

    assert get_board(kind="all").rows[0].name == "Hidden member"


@pytest.mark.parametrize(
    ("kind", "label", "starts_on", "ends_on"),
    [
        ("all", "All time", None, None),
        ("week", "16–22 Nov 2026", WEEK, date(2026, 11, 22)),
        ("month", "November 2026", MONTH, date(2026, 11, 30)),
        ("season", "Season Oct–Dec 2026", SEASON, date(2026, 12, 31)),
    ],
)
def test_the_period_in_words_and_days(
    kind: str, label: str, starts_on: date | None, ends_on: date | None
) -> None:
    board = get_board(kind=kind)

    assert (board.period_label, board.starts_on, board.ends_on) == (label, starts_on, ends_on)
    assert (board.rows, board.total) == ([], 0)


@pytest.mark.parametrize(("length", "label"), [("year", "Season 2026"), ("month", "Season November 2026")])
def test_the_season_is_as_long_as_the_community_says(length: str, label: str) -> None:
    StandingsState.objects.update(season_length=length, tie_figure="badges")

    board = get_board(kind="season")

    assert board.period_label == label
    assert board.tie_note == tie_note("badges")


@pytest.mark.parametrize(
    ("kind", "start", "end", "label"),
    [
        ("week", date(2026, 11, 30), date(2026, 12, 7), "30 Nov – 6 Dec 2026"),
        ("week", date(2026, 12, 28), date(2027, 1, 4), "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_weeks_over_a_border(kind: str, start: date, end: date, label: str) -> None:
    assert period_label(kind, start, end) == label


def test_the_week_turns_on_the_communitys_clock(acme: TenantContext) -> None:
    from dataclasses import replace

    sunday_night = datetime(2026, 11, 15, 23, 30, tzinfo=ZoneInfo("UTC"))
    with frozen_at(sunday_night):
        with enter_tenant(replace(acme, timezone="Europe/Berlin", first_weekday=0)):
            assert get_board(kind="week").starts_on == date(2026, 11, 16)
        with enter_tenant(replace(acme, timezone="America/New_York", first_weekday=0)):
            assert get_board(kind="week").starts_on == date(2026, 11, 9)
        with enter_tenant(replace(acme, timezone="America/New_York", first_weekday=6)):
            assert get_board(kind="week").starts_on == date(2026, 11, 15)


def test_somebody_unknown_has_no_rank() -> None:
    build_town(3, seed=1)

    place = get_rank(member_id=10**12, kind="season")

    assert (place.rank, place.score) == (None, 0)
    assert get_around(member_id=10**12, kind="season") == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: get_board(kind="decade"),
        lambda: get_board(kind="all", size=0),
        lambda: get_board(kind="all", size=101),
        lambda: get_board(kind="all", offset=-1),
        lambda: get_rank(member_id=1, kind="ALL"),
        lambda: get_around(member_id=1, kind="all", radius=0),
        lambda: get_around(member_id=1, kind="all", radius=26),
    ],
)
def test_what_is_refused(call: Any) -> None:
    with pytest.raises(InvalidInputError):
        call()


@pytest.mark.parametrize("kind", ["all", "season", "week"])
def test_each_answer_is_one_statement_whatever_the_size(kind: str, acme: TenantContext) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    town = build_town(30, seed=3)
    somebody = town.ranking()[5]

    with CaptureQueriesContext(connection) as seen:
        get_board(kind=kind, size=3)
        get_board(kind=kind, size=30)
        get_rank(member_id=somebody, kind=kind)
        get_around(member_id=somebody, kind=kind)

    assert len(seen) == 4


def test_the_tenant_in_hand_is_known_where_only_the_schema_was_set(acme: TenantContext) -> None:
    from saas.core.schemas import enter_schema

    assert current_tenant() is acme
    with enter_schema("public"), enter_schema(acme.schema):
        assert current_tenant() == acme


def test_another_communitys_board_is_its_own(globex: TenantContext) -> None:
    build_town(5, seed=1)

    with enter_tenant(globex):
        assert get_board(kind="all").total == 0
    assert get_board(kind="all").total > 0
