"""Properties that hold for any traffic: batching, interleaving, replay, cooldowns, caps."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from engagement.activity.messages import Activity
from engagement.rules.evaluation import Effect, MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleSet
from saas.core.days import local_day

from .material import DAY, HOUR, NOON, rule_set

RULES = rule_set(
    {"triggers": ["message", "reply"], "amount": {"from": 15, "to": 25}, "cooldown_seconds": 60},
    {"triggers": ["reply"], "amount": 5, "daily_count_cap": 2},
    {"triggers": ["voice_minute"], "amount": 7, "daily_points_cap": 20, "multiplier_percent": 150},
    {"triggers": ["message"], "amount": 3, "min_level": 2, "daily_count_cap": 3},
    {"triggers": ["daily_bonus"], "amount": {"from": 1, "to": 50}},
)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Los_Angeles")

activity_facts = st.tuples(
    st.integers(1, 4),  # member
    st.sampled_from(["message", "reply", "voice_minute", "left"]),
    st.one_of(
        st.integers(0, 5 * 60_000), st.integers(-4 * DAY, 4 * DAY), st.integers(0, 30).map(lambda n: n * HOUR)
    ),
)
traffic = st.lists(activity_facts, max_size=60)


def level_for(lifetime: int) -> int:
    return lifetime // 50


def built(facts: list[tuple[int, str, int]]) -> list[tuple[int, Activity]]:
    return [
        (
            member,
            Activity(f"discord:message:{number}", "discord:77", f"discord:{member}", type_, NOON + after, {}),
        )
        for number, (member, type_, after) in enumerate(facts)
    ]


def fresh(member: int) -> MemberState:
    return MemberState(member, timezone=ZONES[member % len(ZONES)])


def stored(state: MemberState) -> dict[str, Any]:
    return {"usage": orjson.dumps(state.usage), "level": state.level, "lifetime": state.lifetime}


def loaded(member: int, row: dict[str, Any]) -> MemberState:
    state = fresh(member)
    state.usage, state.level, state.lifetime = orjson.loads(row["usage"]), row["level"], row["lifetime"]
    return state


def run(
    activities: list[tuple[int, Activity]], cuts: set[int], rules: RuleSet = RULES
) -> tuple[dict[str, list[Effect]], dict[int, Any]]:
    """Judge in order; at each cut every state goes to the database and back, as between two batches."""
    rows: dict[int, dict[str, Any]] = {}
    states: dict[int, MemberState] = {}
    effects: dict[str, list[Effect]] = {}
    for position, (member, activity) in enumerate(activities):
        if position in cuts:
            rows.update({number: stored(state) for number, state in states.items()})
            states = {}
        if member not in states:
            states[member] = loaded(member, rows[member]) if member in rows else fresh(member)
        found = evaluate(activity, states[member], rules)
        apply_usage(states[member], activity, found, level_for)
        effects[activity.source_id] = found
    rows.update({number: stored(state) for number, state in states.items()})
    return effects, rows


def interleaved(activities: list[tuple[int, Activity]], random: Any) -> list[tuple[int, Activity]]:
    """The same for each member, in another order of members."""
    queues: dict[int, list[tuple[int, Activity]]] = defaultdict(list)
    for member, activity in activities:
        queues[member].append((member, activity))
    shuffled = []
    while queues:
        member = random.choice(sorted(queues))
        shuffled.append(queues[member].pop(0))
        if not queues[member]:
            del queues[member]
    return shuffled


@given(traffic, st.sets(st.integers(0, 60)))
def test_any_batching_gives_the_same_result(facts: list[tuple[int, str, int]], cuts: set[int]) -> None:
    activities = built(facts)

    assert run(activities, cuts) == run(activities, set())


@given(traffic, st.randoms(use_true_random=False))
def test_any_interleaving_of_different_members_gives_the_same_result(
    facts: list[tuple[int, str, int]], random: Any
) -> None:
    activities = built(facts)
    shuffled = interleaved(activities, random)

    assert run(shuffled, set()) == run(activities, set())


@given(traffic)
def test_evaluation_changes_nothing_and_repeats_itself(facts: list[tuple[int, str, int]]) -> None:
    state = fresh(1)
    for _, activity in built(facts):
        before = stored(state)
        first = evaluate(activity, state, RULES)

        assert stored(state) == before
        assert evaluate(activity, state, RULES) == first
        apply_usage(state, activity, first, level_for)


@given(traffic)
def test_no_two_awards_lie_nearer_than_the_cooldown_however_late_they_arrive(
    facts: list[tuple[int, str, int]],
) -> None:
    activities = built(facts)
    effects, _ = run(activities, set())
    moments: dict[int, list[int]] = defaultdict(list)
    for member, activity in activities:
        if any(effect.rule_id == 1 for effect in effects[activity.source_id]):
            moments[member].append(activity.occurred_ms)

    for times in moments.values():
        times.sort()
        assert all(later - earlier >= 60_000 for earlier, later in itertools.pairwise(times))


@given(traffic)
def test_no_cap_of_a_local_day_is_exceeded(facts: list[tuple[int, str, int]]) -> None:
    activities = built(facts)
    effects, _ = run(activities, set())
    counts: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for member, activity in activities:
        day = local_day(fresh(member).timezone, activity.occurred_ms)
        for effect in effects[activity.source_id]:
            counts[member, effect.rule_id, day].append(effect.amount)

    for (_, rule, _), awarded in counts.items():
        assert rule != 2 or len(awarded) <= 2
        assert rule != 3 or sum(awarded) <= 20
        assert rule != 4 or len(awarded) <= 3
        assert rule != 5 or len(awarded) == 1


@given(traffic)
def test_usage_stays_small(facts: list[tuple[int, str, int]]) -> None:
    _, rows = run(built(facts), set())

    assert all(len(row["usage"]) < 700 for row in rows.values())
