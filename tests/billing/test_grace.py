"""When a payment failed: the steps of the grace, and which of them is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.grace import grace_steps, list_due, trial_steps
from tests.billing.objects import NOON

DAY = timedelta(days=1)
STEPS = grace_steps(NOON, NOON + 14 * DAY)


def test_the_steps_stand_on_their_days() -> None:
    assert [(step.name, (step.at - NOON).days) for step in STEPS] == [
        ("start", 0), ("half", 7), ("three_days", 11), ("one_day", 13), ("over", 14),
    ]  # fmt: skip
    assert [(step.name, (NOON - step.at).days) for step in trial_steps(NOON)] == [
        ("three_days", 3),
        ("one_day", 1),
    ]


@pytest.mark.parametrize(
    ("days", "named"),
    [
        (3, [("start", 0), ("one_day", 2), ("over", 3)]),
        (5, [("start", 0), ("three_days", 2), ("one_day", 4), ("over", 5)]),
        (1, [("start", 0), ("over", 1)]),
    ],
)
def test_a_shorter_one_has_the_steps_that_are_a_day_away(days: int, named: list[tuple[str, int]]) -> None:
    """After a trial, or where a cancellation ends it sooner."""
    steps = grace_steps(NOON, NOON + days * DAY)
    assert [(step.name, (step.at - NOON).days) for step in steps] == named


def test_each_is_told_once_and_on_its_day() -> None:
    sent: set[str] = set()
    told = []
    for hour in range(0, 24 * 20, 5):
        step, settled = list_due(STEPS, sent, NOON + timedelta(hours=hour))
        sent.update(settled)
        if step:
            told.append((step.name, hour // 24))
    assert told == [("start", 0), ("half", 7), ("three_days", 11), ("one_day", 13), ("over", 14)]


def test_of_several_that_were_missed_the_last_is_told() -> None:
    step, settled = list_due(STEPS, {"start"}, NOON + 12 * DAY)
    assert step is not None
    assert (step.name, settled) == ("three_days", ("half", "three_days"))
    assert list_due(STEPS, {"start", *settled}, NOON + 12 * DAY) == (None, ())


def test_one_that_was_overtaken_is_not_told_afterwards() -> None:
    assert list_due(STEPS, {"three_days"}, NOON + 12 * DAY) == (None, ("start", "half"))


def test_nothing_is_due_before_it() -> None:
    assert list_due(STEPS, (), NOON - DAY) == (None, ())
