"""From a subscription to dated phases: whatever date comes, the right plan is in force with no event at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.errors import PlanNotFoundError
from billing.models import Subscription
from billing.phases import (
    FIRST_PAYMENT_GRACE_DAYS,
    GRACE_DAYS,
    LATE_DAYS,
    Gift,
    build_phases,
    grace_until,
)
from billing.plans import get_plan
from tenants.entitlements import Entitlements

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def subscription(status: str = "active", **fields: Any) -> Subscription:
    """A month of Growth that began ten days ago."""
    usual = {
        "plan": "growth",
        "currency": "usd",
        "created_at": NOW - 40 * DAY,
        "period_start": NOW - 10 * DAY,
        "period_end": NOW + 20 * DAY,
        "seen_at": NOW,
    }
    return Subscription(status=status, **usual | fields)


def at(moment: datetime, bought: Subscription | None, gift: Gift | None = None) -> tuple[str, str]:
    plan = Entitlements.parse({"phases": build_phases(bought, NOW, gift)}, 1).phase_at(moment)
    return (plan.plan, plan.why) if plan else ("free", "")


def test_without_a_subscription_there_is_nothing_to_date() -> None:
    assert build_phases(None, NOW) == []


def test_what_is_paid_runs_a_little_past_its_end_and_then_stops() -> None:
    bought = subscription()
    assert at(NOW, bought) == ("growth", "paid")
    assert at(NOW + 20 * DAY, bought) == ("growth", "paid")
    assert at(NOW + (20 + LATE_DAYS) * DAY - timedelta(seconds=1), bought) == ("growth", "paid")
    assert at(NOW + (20 + LATE_DAYS) * DAY, bought) == ("free", "")


def test_a_cancelled_one_ends_to_the_minute() -> None:
    bought = subscription(cancel_at=NOW + 20 * DAY)
    assert at(NOW + 20 * DAY - timedelta(seconds=1), bought) == ("growth", "paid")
    assert at(NOW + 20 * DAY, bought) == ("free", "")


def test_a_cancellation_in_a_later_period_does_not_lengthen_this_one() -> None:
    bought = subscription(cancel_at=NOW + 300 * DAY)
    assert at(NOW + 40 * DAY, bought) == ("free", "")


def test_a_trial_ends_on_its_day() -> None:
    bought = subscription("trialing", trial_end=NOW + 4 * DAY, period_end=NOW + 4 * DAY)
    assert at(NOW, bought) == ("growth", "trial")
    assert at(NOW + 4 * DAY, bought) == ("free", "")


def test_a_trial_with_something_to_charge_is_not_cut_off_while_the_news_is_late() -> None:
    bought = subscription("trialing", trial_end=NOW + 4 * DAY, has_method=True)
    assert at(NOW + 4 * DAY, bought) == ("growth", "paid")
    assert at(NOW + (4 + LATE_DAYS) * DAY, bought) == ("free", "")


def test_a_cancelled_trial_ends_when_it_would_have_cost() -> None:
    bought = subscription("trialing", trial_end=NOW + 4 * DAY, cancel_at=NOW + 4 * DAY, has_method=True)
    assert at(NOW + 4 * DAY, bought) == ("free", "")


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_what_was_not_paid_has_its_grace_and_is_frozen_after_it(status: str) -> None:
    bought = subscription(status, unpaid_since=NOW - DAY)
    assert at(NOW - 2 * DAY, bought) == ("growth", "paid")
    assert at(NOW, bought) == ("growth", "grace")
    assert grace_until(bought) == NOW + (GRACE_DAYS - 1) * DAY
    assert at(NOW + (GRACE_DAYS - 1) * DAY, bought) == ("free", "frozen")


def test_the_first_payment_after_a_trial_has_a_shorter_grace() -> None:
    bought = subscription("past_due", unpaid_since=NOW, trial_end=NOW, first_unpaid=True)
    end = NOW + FIRST_PAYMENT_GRACE_DAYS * DAY
    assert grace_until(bought) == end
    assert at(end - timedelta(seconds=1), bought) == ("growth", "grace")
    assert at(end, bought) == ("free", "frozen")
    assert FIRST_PAYMENT_GRACE_DAYS < GRACE_DAYS


def test_looking_again_does_not_lengthen_the_grace() -> None:
    first, later = subscription("past_due"), subscription("past_due", seen_at=NOW + 9 * DAY)
    assert build_phases(first, NOW) == build_phases(later, NOW + 9 * DAY)
    assert grace_until(later) == NOW + (GRACE_DAYS - 10) * DAY


def test_a_grace_ends_with_the_cancellation_where_that_is_sooner() -> None:
    bought = subscription("past_due", unpaid_since=NOW, cancel_at=NOW + 2 * DAY)
    assert at(NOW + 2 * DAY, bought) == ("free", "")
    early = subscription("past_due", unpaid_since=NOW, cancel_at=NOW - DAY)
    assert at(NOW + DAY, early) == ("free", "")


def test_a_plan_chosen_for_the_next_period_begins_with_it() -> None:
    bought = subscription(next_plan="starter")
    assert at(NOW + 20 * DAY - timedelta(seconds=1), bought) == ("growth", "paid")
    assert at(NOW + 20 * DAY, bought) == ("starter", "paid")
    assert at(NOW + (20 + LATE_DAYS) * DAY, bought) == ("free", "")


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "paused", "canceled", "new_word"])
def test_what_was_never_paid_gives_nothing(status: str) -> None:
    assert build_phases(subscription(status), NOW) == []


def test_one_that_has_ended_gives_nothing_whatever_it_says() -> None:
    assert build_phases(subscription("active", ended_at=NOW), NOW) == []


@pytest.mark.parametrize(
    "late",
    [
        subscription("trialing", created_at=NOW, trial_end=NOW - DAY),
        subscription("active", created_at=NOW, period_end=NOW - 9 * DAY),
        subscription("past_due", created_at=NOW, unpaid_since=NOW - 60 * DAY),
    ],
    ids=["trial", "paid", "grace"],
)
def test_one_that_we_learn_of_after_its_end_opens_nothing(late: Subscription) -> None:
    assert at(NOW, late)[0] == "free"
    assert at(NOW + 400 * DAY, late)[0] == "free"


def test_the_same_subscription_gives_the_same_phases_at_any_time() -> None:
    bought = subscription(next_plan="pro")
    assert build_phases(bought, NOW) == build_phases(bought, NOW + 5 * DAY)


def test_a_phase_holds_what_its_plan_gives_times_the_quantity() -> None:
    (first, *_) = build_phases(subscription(plan="course", quantity=3), NOW)
    assert first["features"] == sorted(get_plan("course").features)
    assert first["limits"]["members"] == 3 * get_plan("course").limit("members")


def test_a_plan_that_is_not_declared_is_an_error_and_not_free() -> None:
    with pytest.raises(PlanNotFoundError):
        build_phases(subscription(plan="platinum"), NOW)


def test_a_gift_counts_where_it_gives_more_and_until_its_day() -> None:
    gift = Gift("pro", NOW - DAY, NOW + 5 * DAY)
    assert at(NOW, None, gift) == ("pro", "given")
    assert at(NOW + 5 * DAY, None, gift) == ("free", "")
    bought = subscription()
    assert at(NOW - 2 * DAY, bought, gift) == ("growth", "paid")
    assert at(NOW, bought, gift) == ("pro", "given")
    assert at(NOW + 5 * DAY, bought, gift) == ("growth", "paid")
    assert at(NOW, bought, Gift("starter", NOW - DAY)) == ("growth", "paid")


def test_a_gift_without_an_end_catches_what_ends() -> None:
    bought = subscription("past_due", unpaid_since=NOW - 30 * DAY)
    assert at(NOW, bought, Gift("starter", NOW - DAY)) == ("starter", "given")
    assert at(NOW + 900 * DAY, None, Gift("starter", NOW - DAY)) == ("starter", "given")


def test_a_gift_is_stored_and_read_back() -> None:
    for gift in (Gift("pro", NOW), Gift("scale", NOW, NOW + DAY, "A pilot.")):
        assert Gift.parse(gift.to_data()) == gift
    assert Gift.parse({}) is None
