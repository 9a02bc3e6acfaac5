"""Billing periods follow each other without gap or overlap, counted from their anchor."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.stripe.engine.periods import INTERVALS, add_months, boundary, period_at

MOMENTS = st.integers(946_684_800, 2_524_608_000)  # 2000 to 2050
TERMS = st.tuples(st.sampled_from(INTERVALS), st.integers(1, 3))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "2028-02-29"), (2, "2028-03-31"), (3, "2028-04-30"), (-1, "2027-12-31"), (13, "2029-02-28")],
)
def test_an_anchor_on_the_last_day_keeps_it(number: int, expected: str) -> None:
    assert boundary(at("2028-01-31T10:20:30"), "month", 1, number) == at(f"{expected}T10:20:30")


def test_a_year_from_a_leap_day_ends_on_the_28th_and_returns_to_the_29th() -> None:
    anchor = at("2028-02-29")
    assert boundary(anchor, "year", 1, 1) == at("2029-02-28")
    assert boundary(anchor, "year", 1, 4) == at("2032-02-29")


def test_a_period_before_a_later_anchor_ends_at_the_anchor() -> None:
    period = period_at(at("2027-03-01"), "month", 1, at("2027-02-11"))
    assert period == (at("2027-02-01"), at("2027-03-01"))


def test_months_are_added_to_the_last_day_where_the_month_is_short() -> None:
    assert add_months(at("2027-08-31"), 6) == at("2028-02-29")


@given(anchor=MOMENTS, terms=TERMS, moment=MOMENTS)
def test_every_moment_lies_in_exactly_one_period(anchor: int, terms: tuple[str, int], moment: int) -> None:
    period = period_at(anchor, *terms, moment)
    assert period.start <= moment < period.end
    assert period_at(anchor, *terms, period.start) == period
    assert period_at(anchor, *terms, period.end).start == period.end
    assert period_at(anchor, *terms, period.start - 1).end == period.start


@given(anchor=MOMENTS, terms=TERMS, number=st.integers(-50, 50))
def test_boundaries_rise(anchor: int, terms: tuple[str, int], number: int) -> None:
    assert boundary(anchor, *terms, number) < boundary(anchor, *terms, number + 1)
