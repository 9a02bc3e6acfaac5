"""(activity, member state, rules) → effects. Pure: the same function serves ingest, dry run and replay.

Invariants, whatever the batching and whatever other members do meanwhile:
- windows use `occurred_ms`, judging follows arrival: no two awards of a rule with a cooldown to one member lie nearer than
  the cooldown, in either direction, however late an activity arrives;
- no cap of a member's local day is exceeded;
- a range's amount depends on (source id, rule version) alone;
- a boost multiplies what occurred while it ran, whenever that arrives, and before the caps, as the rule's own multiplier does.

A member's usage holds the latest KEPT_TIMES awards and KEPT_DAYS days of a rule. What is too late to be judged by them
earns nothing, since it could break the invariants. Usage is JSON: {"<rule id>": [[ms, …], [[day, count, points], …]]}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol
from zlib import crc32

from saas.core.days import DAY_MS, local_day, local_hour

from .boosting import NO_BOOST, LiveBoost
from .ruleset import CompiledRule, RuleSet

KEPT_TIMES: Final = 4
KEPT_DAYS: Final = 3
_NOTHING: Final[list[list[Any]]] = [[], []]


class ActivityLike(Protocol):
    """What evaluation reads of an activity."""

    source_id: str
    type: str
    occurred_ms: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class MemberState:
    """A member as the rules see them. `apply_usage` moves it on between the activities of a batch."""

    member_id: int
    joined_at_ms: int | None = None
    level: int = 0
    lifetime: int = 0
    timezone: str = "UTC"
    role_ids: frozenset[str] = frozenset()
    is_bot: bool = False
    departed: bool = False
    type_id: int | None = None
    usage: dict[str, Any] = field(default_factory=dict)


class Effect(NamedTuple):
    """One award. `cause_id` is None for the activity itself, else the local day that the bonus is for. `boost_id` is 0, and
    `boost_percent` 100, where no boost was at work."""

    rule_id: int
    version_id: int
    kind: str
    amount: int
    base_amount: int
    multiplier_percent: int
    capped: bool
    cause_kind: str
    cause_id: int | None
    title: str
    day: int | None
    keeps_time: bool
    boost_id: int = 0
    boost_percent: int = NO_BOOST


class Refusal(NamedTuple):
    """Why a rule that watches for this type of activity awarded nothing."""

    rule_id: int
    version_id: int
    reason: str
    is_fault: bool = False


def evaluate(
    activity: ActivityLike, state: MemberState, rules: RuleSet, notes: list[Refusal] | None = None
) -> list[Effect]:
    """The awards of one activity, in the rules' order. Changes nothing: `apply_usage` does.

    Bots and departed members earn nothing; ingest marks a departed member who is seen again as back first.
    `notes` collects the refusals, for dry runs and explanations.
    """
    candidates = rules.by_type.get(activity.type)
    if candidates is None or state.is_bot or state.departed or activity.attributes.get("bot"):
        return []
    if rules.has_exclusions and _is_excluded(activity, state, rules):
        return []
    boosts = () if rules.boosts is None else _boosts_of(activity, state, rules)
    effects: list[Effect] = []
    for rule in candidates:
        outcome = _judge(rule, activity, state, activity.source_id, boosts)
        if outcome.__class__ is Effect:
            effects.append(outcome)
        elif notes is not None:
            notes.append(_refusal(rule, outcome))
    if effects and rules.daily:
        for rule in rules.daily:
            seed = f"daily:{state.member_id}:{local_day(state.timezone, activity.occurred_ms)}"
            outcome = _judge(rule, activity, state, seed, boosts)
            if outcome.__class__ is Effect:
                effects.append(outcome)
            elif notes is not None:
                notes.append(_refusal(rule, outcome))
    return effects


def apply_usage(
    state: MemberState,
    activity: ActivityLike,
    effects: list[Effect],
    level_for: Callable[[int], int] | None = None,
) -> None:
    """Move the state on past an activity and its effects, in place.

    With `level_for` (lifetime points → level) lifetime and level move too, so that a rule for level 5 and above judges
    the next activity of the same batch as it would in the next batch.
    """
    gained = 0
    for effect in effects:
        gained += effect.amount
        if not effect.keeps_time and effect.day is None:
            continue
        times, days = state.usage.setdefault(str(effect.rule_id), [[], []])
        if effect.keeps_time:
            times.append(activity.occurred_ms)
            if len(times) > 1:
                times.sort()
                del times[:-KEPT_TIMES]
        if effect.day is not None:
            _count(days, effect.day, effect.amount)
    if level_for is not None and gained:
        state.lifetime += gained
        state.level = level_for(state.lifetime)


def amount_from(seed: str, version_id: int, low: int, high: int) -> int:
    """A number from `low` to `high`, each as likely, the same for the same (seed, version) forever."""
    mixed = ((crc32(seed.encode()) ^ (version_id * 0x9E3779B1)) & 0xFFFFFFFF) * 0x9E3779B97F4A7C15
    return low + ((((mixed >> 32) & 0xFFFFFFFF) * (high - low + 1)) >> 32)


def _judge(
    rule: CompiledRule,
    activity: ActivityLike,
    state: MemberState,
    seed: str,
    boosts: tuple[LiveBoost, ...],
) -> Effect | str:
    """The award, or in words why there is none."""
    if rule.has_filters:
        reason = _filtered(rule, activity, state)
        if reason is not None:
            return reason
    day, points = None, 0
    if rule.needs_usage:
        reason, day, points = _used_up(rule, activity.occurred_ms, state)
        if reason is not None:
            return reason
    boost = _highest(boosts, rule, activity.type) if boosts else None
    return _award(rule, seed, boost, day, points)


def _used_up(rule: CompiledRule, at: int, state: MemberState) -> tuple[str | None, int | None, int]:
    """In words why the cooldown or the day leaves nothing; else the local day that an award counts for, and its points so far."""
    times, days = state.usage.get(rule.key, _NOTHING)
    if rule.cooldown_ms:
        for time in times:
            if -rule.cooldown_ms < at - time < rule.cooldown_ms:
                return "the cooldown of an earlier award was running", None, 0
        if len(times) >= KEPT_TIMES and at < times[0]:
            return "it arrived too late to be held against the cooldown", None, 0
    if not rule.counts_days:
        return None, None, 0
    day = local_day(state.timezone, at)
    count, points = _counted(days, day)
    if count is None:
        return "it arrived too late to be held against the day's caps", None, 0
    if rule.is_daily:
        if count:
            return "the day's bonus was already given", None, 0
    elif rule.definition.daily_count_cap is not None and count >= rule.definition.daily_count_cap:
        return "the day's limit of awards was reached", None, 0
    return None, day, points


def _award(
    rule: CompiledRule, seed: str, boost: LiveBoost | None, day: int | None, points: int
) -> Effect | str:
    """What it comes to after multipliers and caps, or in words why that is nothing. `points`: of the day so far."""
    definition = rule.definition
    base = _base_amount(rule, seed)
    percent = definition.multiplier_percent
    amount = base if percent == 100 else (base * percent + 50) // 100
    if boost is not None:
        # Rounded once, not twice.
        amount = (base * percent * boost.percent + 5_000) // 10_000
    capped = False
    if definition.daily_points_cap is not None and amount > definition.daily_points_cap - points:
        amount = definition.daily_points_cap - points
        capped = True
        if amount <= 0:
            return "the day's limit of points was reached"
    if amount <= 0:
        return "the multiplier leaves nothing"
    return Effect(
        rule.rule_id,
        rule.version_id,
        "award",
        amount,
        base,
        percent,
        capped,
        "daily" if rule.is_daily else "activity",
        day if rule.is_daily else None,
        rule.name,
        day,
        rule.cooldown_ms > 0,
        0 if boost is None else boost.boost_id,
        NO_BOOST if boost is None else boost.percent,
    )


def _boosts_of(activity: ActivityLike, state: MemberState, rules: RuleSet) -> tuple[LiveBoost, ...]:
    """What ran when it occurred and is for this place and member, the highest first."""
    running = () if rules.boosts is None else rules.boosts.at(activity.occurred_ms)
    if not running:
        return ()
    roles = _roles(activity, state)
    return tuple(boost for boost in running if boost.fits_member(activity.attributes, roles, state.type_id))


def _highest(boosts: tuple[LiveBoost, ...], rule: CompiledRule, type: str) -> LiveBoost | None:
    return next((boost for boost in boosts if boost.fits_rule(rule.rule_id, rule.is_daily, type)), None)


def _base_amount(rule: CompiledRule, seed: str) -> int:
    low, high = rule.definition.low, rule.definition.high
    return low if low == high else amount_from(seed, rule.version_id, low, high)


def _is_excluded(activity: ActivityLike, state: MemberState, rules: RuleSet) -> bool:
    """Whether the community has said that this place or this member's roles earn nothing at all."""
    place = activity.attributes
    return (
        place.get("channel") in rules.excluded_channels
        or place.get("parent") in rules.excluded_channels
        or place.get("category") in rules.excluded_categories
        or (bool(rules.excluded_roles) and not rules.excluded_roles.isdisjoint(_roles(activity, state)))
    )


def _filtered(rule: CompiledRule, activity: ActivityLike, state: MemberState) -> str | None:
    """Where, who and under which condition: everything that does not depend on earlier awards."""
    definition, place = rule.definition, activity.attributes
    if rule.has_places:
        channel, parent, category = place.get("channel"), place.get("parent"), place.get("category")
        if definition.channels_in and not (
            channel in definition.channels_in or parent in definition.channels_in
        ):
            return "the channel is not one of the rule's"
        if channel in definition.channels_out or parent in definition.channels_out:
            return "the channel is left out by the rule"
        if definition.categories_in and category not in definition.categories_in:
            return "the category is not one of the rule's"
        if category in definition.categories_out:
            return "the category is left out by the rule"
    if rule.has_roles:
        roles = _roles(activity, state)
        if definition.roles_in and definition.roles_in.isdisjoint(roles):
            return "the member had none of the rule's roles"
        if not definition.roles_out.isdisjoint(roles):
            return "the member had a role that the rule leaves out"
    if state.level < definition.min_level:
        return f"the member was below level {definition.min_level}"
    if definition.min_membership_days:
        if state.joined_at_ms is None:
            return "it is not known since when the member is here"
        if activity.occurred_ms - state.joined_at_ms < definition.min_membership_days * DAY_MS:
            return f"the member was here for less than {definition.min_membership_days} days"
    if rule.condition is not None:
        return rule.condition.refusal(_values(rule.condition.names, activity, state))
    return None


def _roles(activity: ActivityLike, state: MemberState) -> Any:
    """The roles as they were then, when the source tells them."""
    roles = activity.attributes.get("roles")
    return roles if isinstance(roles, list) else state.role_ids


def _counted(days: list[list[int]], day: int) -> tuple[int | None, int]:
    """(awards, points) of the rule on that local day; (None, 0) when the day is no longer remembered."""
    for known, count, points in days:
        if known == day:
            return count, points
    if len(days) >= KEPT_DAYS and day < days[0][0]:
        return None, 0
    return 0, 0


def _count(days: list[list[int]], day: int, amount: int) -> None:
    for line in days:
        if line[0] == day:
            line[1] += 1
            line[2] += amount
            return
    days.append([day, 1, amount])
    if len(days) > 1:
        days.sort()
        del days[:-KEPT_DAYS]


def _values(names: tuple[str, ...], activity: ActivityLike, state: MemberState) -> dict[str, Any]:
    return {name: _READERS[name](activity, state) for name in names}


def _text(name: str) -> Callable[[ActivityLike, MemberState], Any]:
    def read(activity: ActivityLike, state: MemberState) -> Any:
        return activity.attributes.get(name, "")

    return read


def _membership_days(activity: ActivityLike, state: MemberState) -> int | None:
    return None if state.joined_at_ms is None else (activity.occurred_ms - state.joined_at_ms) // DAY_MS


_READERS: Final[Mapping[str, Callable[[ActivityLike, MemberState], Any]]] = {
    **{name: _text(name) for name in ("channel", "category", "parent", "emoji")},
    "type": lambda activity, state: activity.type,
    "length": lambda activity, state: activity.attributes.get("length"),
    "thread": lambda activity, state: bool(activity.attributes.get("thread")),
    "roles": lambda activity, state: list(_roles(activity, state)),
    "level": lambda activity, state: state.level,
    "lifetime": lambda activity, state: state.lifetime,
    "membership_days": _membership_days,
    "hour": lambda activity, state: local_hour(state.timezone, activity.occurred_ms),
    "weekday": lambda activity, state: (local_day(state.timezone, activity.occurred_ms) - 1) % 7,
}


def _refusal(rule: CompiledRule, reason: Any) -> Refusal:
    return Refusal(rule.rule_id, rule.version_id, reason, reason.startswith("the condition failed"))
