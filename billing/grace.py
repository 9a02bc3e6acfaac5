"""When a payment failed: how long everything stays on, and when somebody is reminded of what. Pure.

The grace begins when the oldest open invoice should have been paid, as Stripe says, so that it is as long however late we
hear of it; it ends by the dated phases of the entitlements (billing.phases.grace_until), with no event at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .phases import GRACE_DAYS

GRACE: Final = timedelta(days=GRACE_DAYS)
_A_DAY: Final = timedelta(days=1)
_TRIAL_WARNINGS: Final = (("three_days", 3 * _A_DAY), ("one_day", _A_DAY))
# Before the end. One that would come within a day of the start says nothing new.
_GRACE_WARNINGS: Final = (("half", GRACE / 2), *_TRIAL_WARNINGS)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be told at a moment."""

    name: str
    at: datetime


def grace_steps(unpaid_since: datetime, end: datetime) -> tuple[Step, ...]:
    """At the start, a week, three days and one day before the end as far as it is that long, and at the end."""
    warnings = [
        Step(name, end - before) for name, before in _GRACE_WARNINGS if end - before >= unpaid_since + _A_DAY
    ]
    return (Step("start", unpaid_since), *warnings, Step("over", end))


def trial_steps(trial_end: datetime) -> tuple[Step, ...]:
    """Three days and one day before the end."""
    return tuple(Step(name, trial_end - before) for name, before in _TRIAL_WARNINGS)


def list_due(
    steps: tuple[Step, ...], sent: Collection[str], now: datetime
) -> tuple[Step | None, tuple[str, ...]]:
    """(what is to be told now, the names of all that are settled by it).

    Of several that were missed only the last is told: nobody needs four mails because a worker slept for a week.
    """
    due = [step for step in steps if step.at <= now and step.name not in sent]
    if not due:
        return None, ()
    passed = [step for step in steps if step.at <= now]
    # A later one was told already: the earlier ones are settled without a word.
    told = due[-1] if due[-1] == passed[-1] else None
    return told, tuple(step.name for step in due)
