"""Whether a member may have a reward: pure, and the words that say why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engagement.rewards.eligibility import MemberFacts, find_refusal, period_end, period_start
from engagement.rewards.models import Reward

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)  # a Sunday; clocks go forward in Berlin that night
SOMEBODY = MemberFacts(1, level=3, joined_at=NOW - timedelta(days=10), points=500)


def reward(**facts: Any) -> Reward:
    return Reward(**{"name": "Mug", "price": 100, "state": "active", "eligibility": {}, **facts})


@pytest.mark.parametrize(
    ("facts", "member", "code"),
    [
        ({}, {}, None),
        ({"state": "paused"}, {}, "not_on_offer"),
        ({"starts_at": NOW + timedelta(hours=1)}, {}, "not_yet"),
        ({"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}, {}, None),
        ({"ends_at": NOW}, {}, "offer_over"),
        ({"eligibility": {"level": 4}}, {}, "level_too_low"),
        ({"eligibility": {"level": 3}}, {}, None),
        ({"eligibility": {"roles": ["123456789012345678"]}}, {}, "role_missing"),
        ({"eligibility": {"roles": ["1", "2"]}}, {"role_ids": frozenset({"2"})}, None),
        ({"eligibility": {"days": 11}}, {}, "too_new"),
        ({"eligibility": {"days": 10}}, {}, None),
        ({"eligibility": {"days": 1}}, {"joined_at": None}, "too_new"),
        ({"eligibility": {"figures": [{"name": "badges", "least": 2}]}}, {}, "figure_too_low"),
        ({"eligibility": {"figures": [{"name": "badges", "least": 2}]}}, {"figures": {"badges": 2}}, None),
        ({"eligibility": {"types": [4]}}, {}, "type_missing"),
        ({"eligibility": {"types": [4]}}, {"type_id": 4}, None),
        ({"eligibility": {"level": 3, "days": 99}}, {}, "too_new"),
        ({"limit_count": 1}, {"taken": 1}, "limit_used_up"),
        ({"limit_count": 2}, {"taken": 1}, None),
        ({"stock": 5, "reserved": 5}, {}, "sold_out"),
        ({"stock": 5, "reserved": 4}, {}, None),
        ({"stock": 0}, {}, "sold_out"),
        ({"price": 501}, {}, "not_enough_points"),
        ({"price": 500}, {}, None),
        ({"price": 501}, {"points": None}, None),
        ({"price": 10**9, "stock": 0, "limit_count": 1, "state": "paused"}, {"taken": 9}, "not_on_offer"),
    ],
)
def test_the_first_thing_in_the_way_is_named(
    facts: dict[str, Any], member: dict[str, Any], code: str | None
) -> None:
    refusal = find_refusal(reward(**facts), replace(SOMEBODY, **member), NOW)

    assert (refusal and refusal.code) == code


def test_it_says_how_many_points_are_missing_and_when_it_will_be_another_way() -> None:
    dear = find_refusal(reward(price=540), SOMEBODY, NOW)
    new = find_refusal(reward(eligibility={"days": 11}), SOMEBODY, NOW)
    weekly = find_refusal(reward(limit_count=1, limit_period="week"), replace(SOMEBODY, taken=1), NOW)

    assert dear is not None
    assert (dear.missing, "40 more" in dear.text) == (40, True)
    assert new is not None
    assert new.until == NOW + timedelta(days=1)
    assert weekly is not None
    assert weekly.text == "You can redeem “Mug” once a week."
    assert weekly.until == datetime(2026, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "first_weekday", "start", "end"),
    [
        ("ever", "UTC", 0, None, None),
        ("day", "Europe/Berlin", 0, "2026-03-28T23:00", "2026-03-29T22:00"),
        ("week", "UTC", 0, "2026-03-23T00:00", "2026-03-30T00:00"),
        ("week", "UTC", 6, "2026-03-29T00:00", "2026-04-05T00:00"),
        ("month", "America/New_York", 0, "2026-03-01T05:00", "2026-04-01T04:00"),
    ],
)
def test_periods_follow_the_communitys_clock(
    period: str, zone: str, first_weekday: int, start: str | None, end: str | None
) -> None:
    def moment(text: str | None) -> datetime | None:
        return None if text is None else datetime.fromisoformat(f"{text}+00:00")

    assert period_start(period, NOW, zone, first_weekday) == moment(start)
    assert period_end(period, NOW, zone, first_weekday) == moment(end)
