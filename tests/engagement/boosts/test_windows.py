"""When a boost runs, over summer and winter time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.boosts.windows import (
    OVER,
    PLANNED,
    RUNNING,
    STOPPED,
    current_or_next,
    milliseconds,
    moment_of,
    resolve,
    state_of,
    windows_of,
)

BERLIN = "Europe/Berlin"
ZONES = ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")


@dataclass
class Plan:
    starts_at: datetime
    ends_at: datetime
    timezone: str = BERLIN
    repeats_until: date | None = None
    stopped_at: datetime | None = None
    stopped_by: str = "Ada"
    pauses: list[list[int]] = field(default_factory=list)


def local(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def shown(plan: Plan) -> list[str]:
    zone = ZoneInfo(plan.timezone)
    return [
        f"{moment_of(span.start).astimezone(zone):%d.%m. %H:%M} {moment_of(span.end).astimezone(zone):%H:%M} "
        f"{(span.end - span.start) / 3_600_000:g}"
        for span in windows_of(plan)
    ]


def test_a_weekly_boost_keeps_to_the_clock_over_the_end_of_summer_time() -> None:
    plan = Plan(local("2026-10-18 01:00"), local("2026-10-18 05:00"), repeats_until=date(2026, 11, 1))

    assert shown(plan) == ["18.10. 01:00 05:00 4", "25.10. 01:00 05:00 5", "01.11. 01:00 05:00 4"]


def test_a_time_that_the_clock_skips_is_the_moment_of_the_skip() -> None:
    plan = Plan(local("2026-03-22 02:30"), local("2026-03-22 03:30"), repeats_until=date(2026, 4, 5))

    assert shown(plan) == ["22.03. 02:30 03:30 1", "29.03. 03:00 03:30 0.5", "05.04. 02:30 03:30 1"]


def test_a_week_whose_whole_window_is_skipped_has_none() -> None:
    plan = Plan(local("2026-03-22 02:10"), local("2026-03-22 02:50"), repeats_until=date(2026, 4, 5))

    assert [line[:5] for line in shown(plan)] == ["22.03", "05.04"]


def test_it_repeats_up_to_its_last_day_and_no_further() -> None:
    plan = Plan(local("2026-06-06 22:00"), local("2026-06-07 02:00"), repeats_until=date(2026, 6, 20))

    assert [line[:6] for line in shown(plan)] == ["06.06.", "13.06.", "20.06."]


def test_states_follow_the_clock() -> None:
    plan = Plan(local("2026-06-06 10:00"), local("2026-06-06 12:00"), repeats_until=date(2026, 6, 13))

    def at(text: str) -> str:
        return state_of(plan, local(text))

    assert at("2026-06-06 09:59") == PLANNED
    assert at("2026-06-06 10:00") == at("2026-06-06 11:59") == RUNNING
    assert at("2026-06-06 12:00") == PLANNED  # until next week
    assert at("2026-06-13 12:00") == OVER
    following = current_or_next(plan, local("2026-06-06 12:00"))
    assert following is not None
    assert moment_of(following.start) == local("2026-06-13 10:00")


def test_a_stop_cuts_the_window_and_calls_off_the_rest() -> None:
    plan = Plan(
        local("2026-06-06 10:00"),
        local("2026-06-06 12:00"),
        repeats_until=date(2026, 6, 20),
        stopped_at=local("2026-06-13 11:00"),
    )

    assert shown(plan) == ["06.06. 10:00 12:00 2", "13.06. 10:00 11:00 1"]
    assert state_of(plan, local("2026-06-13 11:00")) == STOPPED


def test_a_pause_is_left_out() -> None:
    pause = [milliseconds(local("2026-06-06 10:30")), milliseconds(local("2026-06-06 10:40"))]
    plan = Plan(local("2026-06-06 10:00"), local("2026-06-06 11:00"), pauses=[pause])

    assert [line[7:18] for line in shown(plan)] == ["10:00 10:30", "10:40 11:00"]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.sampled_from(ZONES))
def test_every_reading_of_the_clock_is_a_moment_that_shows_it_or_a_skip(moment: datetime, zone: str) -> None:
    local_time, where = moment.replace(second=0, microsecond=0), ZoneInfo(zone)

    found = resolve(local_time, where).astimezone(where).replace(tzinfo=None)

    assert found == local_time or timedelta() < found - local_time <= timedelta(hours=1)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.integers(5, 7 * 24 * 60),
    st.integers(1, 52),
    st.sampled_from(ZONES),
)
def test_windows_are_in_order_apart_and_begin_at_one_hour_of_the_week(
    start: datetime, minutes: int, weeks: int, zone: str
) -> None:
    starts_at = start.replace(microsecond=0, tzinfo=UTC)
    plan = Plan(
        starts_at,
        starts_at + timedelta(minutes=minutes),
        timezone=zone,
        repeats_until=starts_at.astimezone(ZoneInfo(zone)).date() + timedelta(weeks=weeks),
    )

    spans = windows_of(plan)

    hour = timedelta(hours=1) / timedelta(milliseconds=1)
    assert all(span.start < span.end for span in spans)
    assert all(first.end <= second.start + hour for first, second in itertools.pairwise(spans))
    assert weeks <= len(spans) <= weeks + 1
    readings = [moment_of(span.start).astimezone(ZoneInfo(zone)) for span in spans]
    first = readings[0].replace(tzinfo=None)
    for reading in readings:
        off = (reading.replace(tzinfo=None) - first) % timedelta(days=7)
        assert off <= timedelta(hours=1)  # later only where the clock skipped it


@pytest.mark.parametrize("text", ["2026-03-29T01:00:00+00:00", "1969-12-31T23:59:59.999+00:00"])
def test_moments_and_milliseconds_are_the_same_thing(text: str) -> None:
    moment = datetime.fromisoformat(text)

    assert moment_of(milliseconds(moment)) == moment
