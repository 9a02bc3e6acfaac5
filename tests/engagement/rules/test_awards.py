"""What one rule awards: amounts, multipliers, cooldowns, caps, the daily bonus."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from engagement.rules.evaluation import MemberState, Refusal, amount_from, evaluate

from .material import DAY, HOUR, MINUTE, NOON, a_message, amounts, judge, rule_set


def test_a_fixed_amount_is_awarded_with_what_explains_it() -> None:
    rules = rule_set({"triggers": ["message"], "amount": 20, "multiplier_percent": 150})

    (effect,) = evaluate(a_message(), MemberState(1), rules)

    assert (effect.kind, effect.amount, effect.base_amount, effect.multiplier_percent) == (
        "award",
        30,
        20,
        150,
    )
    assert (effect.rule_id, effect.version_id, effect.title) == (1, 101, "Rule 1")
    assert (effect.cause_kind, effect.cause_id, effect.capped) == ("activity", None, False)


def test_a_range_depends_on_source_and_version_alone_and_is_uniform() -> None:
    first = [
        amount_from(f"discord:message:{1300000000000000000 + n * 4194304}", 7, 15, 25) for n in range(11_000)
    ]
    again = [
        amount_from(f"discord:message:{1300000000000000000 + n * 4194304}", 7, 15, 25) for n in range(11_000)
    ]
    other = [
        amount_from(f"discord:message:{1300000000000000000 + n * 4194304}", 8, 15, 25) for n in range(11_000)
    ]
    counts = Counter(first)

    assert first == again != other
    assert sorted(counts) == list(range(15, 26))
    assert (
        sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 29.6
    )  # chi-square, 10 degrees, 0.1 %


def test_two_rules_on_one_activity_each_award_in_their_order() -> None:
    rules = rule_set({"triggers": ["reply"], "amount": 1}, {"triggers": ["message", "reply"], "amount": 2})

    assert [e.amount for e in evaluate(a_message(type="reply"), MemberState(1), rules)] == [1, 2]


def test_the_cooldown_holds_in_both_directions_and_ends_exactly() -> None:
    rules = rule_set({"triggers": ["message"], "amount": 5, "cooldown_seconds": 60})
    state = MemberState(1)
    moments = [0, 59_999, 60_000, -59_999, -60_000, 30_000]

    given = amounts([a_message(n, at=NOON + after) for n, after in enumerate(moments)], state, rules)

    assert given == [5, 0, 5, 0, 5, 0]


def test_what_is_too_late_to_be_judged_earns_nothing() -> None:
    rules = rule_set({"triggers": ["message"], "amount": 5, "cooldown_seconds": 60})
    state = MemberState(1)
    amounts([a_message(n, at=NOON + n * 10 * MINUTE) for n in range(6)], state, rules)
    notes: list[Refusal] = []

    assert evaluate(a_message(9, at=NOON + 5 * MINUTE), state, rules, notes) == []
    assert notes[0].reason == "it arrived too late to be held against the cooldown"


def test_the_daily_cap_of_points_gives_the_rest_and_says_so() -> None:
    rules = rule_set({"triggers": ["voice_minute"], "amount": 7, "daily_points_cap": 16})
    state = MemberState(1)

    effects = [judge(a_message(n, type="voice_minute"), state, rules) for n in range(4)]

    assert [[(e.amount, e.capped) for e in found] for found in effects] == [
        [(7, False)],
        [(7, False)],
        [(2, True)],
        [],
    ]


def test_caps_start_anew_at_the_members_own_midnight() -> None:
    rules = rule_set({"triggers": ["message"], "amount": 1, "daily_count_cap": 1})
    berlin, new_york = MemberState(1, timezone="Europe/Berlin"), MemberState(2, timezone="America/New_York")
    evening = [
        a_message(1, at=NOON + 9 * HOUR),
        a_message(2, at=NOON + 11 * HOUR),
    ]  # 23:00 and 01:00 in Berlin

    assert amounts(evening, berlin, rules) == [1, 1]
    assert amounts(evening, new_york, rules) == [1, 0]


def test_the_daily_bonus_comes_with_the_first_earning_of_a_local_day() -> None:
    rules = rule_set(
        {"triggers": ["message"], "amount": 5, "cooldown_seconds": 60},
        {"triggers": ["daily_bonus"], "amount": {"from": 10, "to": 90}},
    )
    state = MemberState(1)

    first = judge(a_message(1), state, rules)
    later = judge(a_message(2, at=NOON + HOUR), state, rules)
    tomorrow = judge(a_message(3, at=NOON + DAY), state, rules)

    assert [e.cause_kind for e in first] == ["activity", "daily"]
    assert [e.cause_kind for e in later] == ["activity"]
    bonuses = [first[1], tomorrow[1]]
    assert [b.cause_id - a.cause_id for a, b in pairwise(bonuses) if a.cause_id and b.cause_id] == [1]


def test_no_daily_bonus_for_an_activity_that_earns_nothing() -> None:
    rules = rule_set({"triggers": ["message"], "amount": 5}, {"triggers": ["daily_bonus"], "amount": 10})

    assert evaluate(a_message(type="left"), MemberState(1), rules) == []
    assert evaluate(a_message(type="voice_minute"), MemberState(1), rules) == []


@pytest.mark.parametrize("state", [MemberState(1, is_bot=True), MemberState(1, departed=True)])
def test_bots_and_departed_members_earn_nothing(state: MemberState) -> None:
    assert evaluate(a_message(), state, rule_set({"triggers": ["message"], "amount": 5})) == []


def test_an_activity_marked_as_a_bots_earns_nothing() -> None:
    assert (
        evaluate(a_message(bot=True), MemberState(1), rule_set({"triggers": ["message"], "amount": 5})) == []
    )
