"""Numbers, changes and moments in the words of the look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from frontend_api import figures
from frontend_api.dashboard.chart import draw_columns, shorten
from frontend_api.portal.earn import name_unit

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_numbers_are_whole_with_their_unit() -> None:
    assert figures.write_unit(1284, "points") == "1,284 points"
    assert figures.write_unit(1, "points") == "1 point"
    assert figures.write_unit(1, "kudos") == "1 kudo"
    assert figures.write_unit(1, "communities") == "1 community"
    assert figures.write_unit(1, "cookies") == "1 cookie"
    assert figures.write_unit(0, "points") == "0 points"
    assert figures.write_signed(-1200) == "−1,200"
    assert figures.write_signed(5) == "+5"


@pytest.mark.parametrize(
    ("now", "before", "direction", "text"),
    [
        (112, 100, "up", "▲ 12 %"),
        (50, 100, "down", "▼ 50 %"),
        (100, 100, "flat", "no change"),
        (5, 0, "up", "▲ 5"),
        (1001, 1000, "up", "▲ under 1 %"),
        (-5, 0, "down", "▼ 5"),
    ],
)
def test_a_change_is_held_against_what_was(now: int, before: int, direction: str, text: str) -> None:
    assert figures.compare(now, before) == figures.Change(direction, text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "just now"),
        (59, "59 seconds ago"),
        (61, "1 minute ago"),
        (3 * 86400, "3 days ago"),
        (-7200, "in 2 hours"),
    ],
)
def test_times_are_relative(seconds: int, text: str) -> None:
    assert figures.write_ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_the_exact_moment_names_its_zone() -> None:
    assert figures.write_moment(NOW) == "Sat 21 Nov 2026, 12:00 UTC"


@pytest.mark.parametrize(
    ("name", "initials"), [("Ada Lovelace", "AL"), ("zoë", "Z"), ("  ", "?"), ("🌟", "🌟"), ("さくら", "さ")]
)
def test_initials_stand_in_for_a_picture(name: str, initials: str) -> None:
    assert figures.initials_of(name) == initials


def test_amounts_name_the_tenants_own_word() -> None:
    assert name_unit("15–25", "points") == "15–25 points"
    assert name_unit("2 a minute", "gems") == "2 gems a minute"
    assert name_unit("1", "points") == "1 point"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1284, "1.3k"),
        (130_016, "130k"),
        (2_000_000, "2m"),
        (-1500, "−1.5k"),
        (-122, "−122"),
    ],
)
def test_charts_shorten(number: int, text: str) -> None:
    assert shorten(number) == text


def test_a_chart_of_nothing_and_of_losses_stays_inside() -> None:
    from engagement.analytics.week import DayFigure

    days = [DayFigure(NOW.date(), points, False) for points in (0, -50, 0, 10)]
    columns = draw_columns(days)
    assert [column.height for column in columns][:3] == [0, 0, 0]
    assert all(0 <= column.y <= 190 for column in columns)
    assert draw_columns([]) == []
