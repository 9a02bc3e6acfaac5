"""A member's local day: against the standard library, on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.rules.evaluation import MemberState
from saas.core import days

from .material import HOUR, a_message, amounts, rule_set

ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]


@given(st.integers(946_684_800_000, 2**41), st.sampled_from(ZONES))
def test_day_hour_and_weekday_are_those_of_the_standard_library(moment_ms: int, zone: str) -> None:
    local = datetime.fromtimestamp(moment_ms // 1000, UTC).astimezone(ZoneInfo(zone))

    assert days.local_day(zone, moment_ms) == local.date().toordinal()
    assert days.local_hour(zone, moment_ms) == local.hour
    assert days.local_weekday(zone, moment_ms) == local.weekday()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", datetime(2025, 3, 30), 23),
        ("Europe/Berlin", datetime(2025, 10, 26), 25),
        ("America/New_York", datetime(2025, 3, 9), 23),
        ("America/New_York", datetime(2025, 11, 2), 25),
        ("Asia/Kolkata", datetime(2025, 3, 30), 24),
    ],
)
def test_a_day_of_23_or_25_hours_is_one_day(zone: str, day: datetime, hours: int) -> None:
    start = int(day.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    rules = rule_set({"triggers": ["message"], "amount": 1, "daily_count_cap": 1})
    moments = [start - 1, start, start + hours * HOUR - 1, start + hours * HOUR]

    given_points = amounts(
        [a_message(n, at=moment) for n, moment in enumerate(moments)], MemberState(1, timezone=zone), rules
    )

    assert given_points == [1, 1, 0, 1]


def test_a_day_that_a_place_skipped_does_not_exist() -> None:
    before = datetime(2011, 12, 29, 23, 59, tzinfo=ZoneInfo("Pacific/Apia"))
    after = before.astimezone(UTC) + timedelta(minutes=1)

    difference = days.local_day("Pacific/Apia", int(after.timestamp() * 1000)) - before.date().toordinal()

    assert difference == 2


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "a\x00b", "Europe"])
def test_an_unknown_zone_counts_as_utc(zone: str) -> None:
    assert days.offset_ms(zone, 1_760_097_600_000) == 0


def test_a_full_cache_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "_MAX_CACHED", 3)
    days._offsets.clear()
    for hour in range(10):
        days.local_day("Europe/Berlin", hour * HOUR)

    assert len(days._offsets) <= 3
