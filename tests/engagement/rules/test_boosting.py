"""Boosts in the pure evaluation: which one counts, and that batching and order change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engagement.rules.boosting import LiveBoost, Window, build_timeline
from engagement.rules.evaluation import MemberState, evaluate

from .material import HOUR, NOON, a_message, amounts, rule_set
from .test_invariants import RULES, built, interleaved, run, traffic

TEN = rule_set({"triggers": ["message"], "amount": 10}, {"triggers": ["daily_bonus"], "amount": 30})


def test_nothing_is_asked_where_there_never_was_a_boost() -> None:
    assert build_timeline([]) is None
    assert build_timeline([(5, 5, LiveBoost(1, "empty", 200))]) is None


def test_among_equals_the_older_one_counts() -> None:
    windows = [(NOON, NOON + HOUR, LiveBoost(number, "", 200)) for number in (2, 1)]
    rules = replace(TEN, boosts=build_timeline(windows))

    effects = evaluate(a_message(), MemberState(1), rules)

    assert [(effect.amount, effect.boost_id) for effect in effects] == [(20, 1), (60, 1)]


def test_the_daily_bonus_is_a_type_of_its_own() -> None:
    def boosted(*triggers: str) -> int:
        live = LiveBoost(1, "", 200, triggers=frozenset(triggers))
        rules = replace(TEN, boosts=build_timeline([(NOON, NOON + HOUR, live)]))
        return amounts([a_message()], MemberState(1), rules)[0]

    assert boosted() == 80
    assert boosted("message") == 50
    assert boosted("daily_bonus") == 70


def test_where_the_higher_is_for_others_the_lower_counts() -> None:
    windows = [
        (NOON, NOON + HOUR, LiveBoost(1, "", 150)),
        (NOON, NOON + HOUR, LiveBoost(2, "", 300, roles=frozenset({"9"}))),
    ]
    rules = replace(rule_set({"triggers": ["message"], "amount": 10}), boosts=build_timeline(windows))

    assert amounts([a_message(1), a_message(2, roles=["9"])], MemberState(1), rules) == [15, 30]


boosts = st.lists(
    st.tuples(
        st.integers(-4 * 24, 4 * 24),
        st.integers(1, 72),
        st.sampled_from([110, 133, 150, 200, 1000]),
        st.sampled_from([frozenset(), frozenset({"message"}), frozenset({"voice_minute", "daily_bonus"})]),
    ),
    max_size=6,
)


def windows(drawn: list[Any]) -> list[Window]:
    return [
        (
            NOON + start * HOUR,
            NOON + (start + lasts) * HOUR,
            LiveBoost(number, "", percent, triggers=triggers),
        )
        for number, (start, lasts, percent, triggers) in enumerate(drawn, 1)
    ]


@given(boosts, st.integers(-5 * 24 * 60, 9 * 24 * 60))
def test_the_timeline_knows_what_runs_at_every_moment(drawn: list[Any], minutes: int) -> None:
    planned, moment = windows(drawn), NOON + minutes * 60_000
    timeline = build_timeline(planned)

    running = () if timeline is None else timeline.at(moment)

    assert {boost.boost_id for boost in running} == {
        boost.boost_id for start, end, boost in planned if start <= moment < end
    }
    assert list(running) == sorted(running, key=lambda boost: (-boost.percent, boost.boost_id))


@given(boosts, traffic, st.sets(st.integers(0, 60)), st.randoms(use_true_random=False))
def test_any_batching_and_any_order_of_members_gives_the_same(
    drawn: list[Any], facts: list[tuple[int, str, int]], cuts: set[int], random: Any
) -> None:
    rules = replace(RULES, boosts=build_timeline(windows(drawn)))
    activities = built(facts)
    whole = run(activities, set(), rules)

    assert run(activities, cuts, rules) == whole
    assert run(interleaved(activities, random), cuts, rules) == whole


@given(boosts, traffic)
def test_an_award_has_the_highest_that_fits_and_no_cap_is_passed(
    drawn: list[Any], facts: list[tuple[int, str, int]]
) -> None:
    planned = windows(drawn)
    rules = replace(RULES, boosts=build_timeline(planned))
    activities = built(facts)
    kinds = {activity.source_id: activity for _member, activity in activities}

    effects, _rows = run(activities, set(), rules)

    for source_id, found in effects.items():
        activity = kinds[source_id]
        for effect in found:
            kind = "daily_bonus" if effect.cause_id is not None else activity.type
            fitting = [
                boost.percent
                for start, end, boost in planned
                if start <= activity.occurred_ms < end and (not boost.triggers or kind in boost.triggers)
            ]
            assert effect.boost_percent == max(fitting, default=100)
            whole = (effect.base_amount * effect.multiplier_percent * effect.boost_percent + 5_000) // 10_000
            assert effect.amount == whole or (effect.capped and effect.amount < whole)
