"""What a rule would have given, before anybody switches it on: the pure evaluation of live ingest over stored activities.

Invariants: nothing is written, nothing is locked; the work is bounded by SAMPLE activities however busy the community is, and
the answer says how much it looked at. What is not stored as it was then is taken as it is now: the member's level, days in the
community, and roles where the source did not tell them. Cooldowns and caps count from the first activity looked at.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from engagement.activity.models import Activity
from engagement.ledger.models import POINTS, LedgerBalance
from engagement.members.models import Member, Visibility
from engagement.members.selectors import shown_name
from engagement.progression.models import MemberProgress
from engagement.rules.definition import NEVER_EARNING, Definition, parse_definition
from engagement.rules.errors import InvalidRuleError
from engagement.rules.evaluation import Effect, MemberState, Refusal, apply_usage, evaluate
from engagement.rules.models import Rule
from engagement.rules.ruleset import RuleRow, RuleSet, compile_rules
from engagement.rules.selectors import get_rules_settings, list_live_rows
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

DAYS: Final = 7
SAMPLE: Final = 10_000  # activities, the newest
EXAMPLES: Final = 8
REASONS: Final = 5
NOT_JUDGED: Final = "the place or the member's role earns nothing here at all, or no rule rewarded it"
DRAFT_ID: Final = -1  # the id of a rule that does not exist yet


@dataclass(frozen=True, slots=True)
class Given:
    """What a rule gave: how often, how much, to how many, and the most to one of them."""

    awards: int = 0
    points: int = 0
    members: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One activity: what it would earn, what it earns by the rule as it stands, and why nothing."""

    member_id: int
    member_name: str
    avatar_url: str
    type: str
    channel_id: str
    occurred_at: datetime
    points: int
    standing_points: int
    reason: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """`looked_at` activities since `since` were of a kind that the rule rewards, out of `sampled` in all; `is_whole` tells whether
    those were all that happened in the days asked for. `standing` is None for a rule that is new or off."""

    since: datetime
    days: int
    sampled: int
    is_whole: bool
    looked_at: int
    given: Given
    standing: Given | None
    reasons: list[tuple[str, int]]
    examples: list[Example]

    @property
    def a_day(self) -> int:
        """Points on a typical day."""
        return round(self.given.points / self.days)


@dataclass(slots=True)
class _Tally:
    """A rule at work on the sample."""

    rules: RuleSet
    rule_id: int
    states: dict[int, MemberState]
    by_member: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    awards: int = 0

    def judge(self, activity: StoredActivity) -> tuple[int, str]:
        """The rule's points for it, and why none."""
        state = self.states[activity.member_id]
        notes: list[Refusal] = []
        effects = evaluate(activity, state, self.rules, notes)
        apply_usage(state, activity, effects)
        points = _points_of(effects, self.rule_id)
        if points:
            self.awards += 1
            self.by_member[activity.member_id] += points
            return points, ""
        reason = next((note.reason for note in notes if note.rule_id == self.rule_id), NOT_JUDGED)
        self.reasons[reason] += 1
        return 0, reason

    def sum_up(self) -> Given:
        values = self.by_member.values()
        return Given(self.awards, sum(values), len(self.by_member), max(values, default=0))


@dataclass(slots=True)
class StoredActivity:
    """A stored activity as evaluation reads it."""

    source_id: str
    type: str
    occurred_ms: int
    attributes: dict[str, Any]
    member_id: int
    occurred_at: datetime


def dry_run_rule(
    *, definition: Mapping[str, Any], key: str, now: datetime, context: TenantContext, days: int = DAYS
) -> DryRun:
    """What `definition` would have given over the last `days` days, against the rule `key` as it stands; an empty key is a new rule.

    Reads at most SAMPLE activities, the newest, in four queries. Looking back further than DAYS needs the plan's gate. Raises
    InvalidRuleError, GateClosedError.
    """
    if days > DAYS:
        require_gate("advanced_analytics", context)
    draft = parse_definition(definition)
    standing = _find_standing(key)
    rule_id = DRAFT_ID if standing is None else standing.rule_id
    version_id = DRAFT_ID if standing is None else standing.version_id
    # The same version's number draws the same amounts from the same range: what differs is the rule, not the dice.
    row = RuleRow(rule_id, version_id, key or "draft", "", 0, True, definition)
    since = now - timedelta(days=days)
    sample, is_whole = _read_sample(since, now)
    faces, states = read_members({activity.member_id for activity in sample}, context)
    candidate = _Tally(_compile(row, draft), rule_id, copy_states(states))
    watched = _watched(draft)
    current = None
    if standing is not None and standing.enabled:
        before = _parse_stored(standing.definition)
        if before is not None:
            current = _Tally(_compile(standing, before), rule_id, copy_states(states))
            watched |= _watched(before)
    looked = [one for one in sample if (not watched or one.type in watched) and one.member_id in states]
    examples = _judge_all(looked, faces, candidate, current)
    return DryRun(
        since=since,
        days=days,
        sampled=len(sample),
        is_whole=is_whole,
        looked_at=len(looked),
        given=candidate.sum_up(),
        standing=None if current is None else current.sum_up(),
        reasons=candidate.reasons.most_common(REASONS),
        examples=examples,
    )


def _find_standing(key: str) -> RuleRow | None:
    if not key:
        return None
    rule = (
        Rule.objects.select_related("latest").filter(key=key, archived_at=None, latest__isnull=False).first()
    )
    if rule is None or rule.latest is None:
        return None
    return RuleRow(
        rule.pk, rule.latest.pk, rule.key, rule.name, rule.position, rule.enabled, rule.latest.definition
    )


def _compile(row: RuleRow, definition: Definition) -> RuleSet:
    """The rule alone; a daily bonus with the others, because it is given for what they reward."""
    others = (
        [one for one in list_live_rows() if one.rule_id != row.rule_id] if definition.is_daily_bonus else []
    )
    return compile_rules([*others, row], get_rules_settings())


def _parse_stored(definition: Mapping[str, Any]) -> Definition | None:
    try:
        return parse_definition(definition)
    except InvalidRuleError:
        return None  # ingest leaves it out as well


def _watched(definition: Definition) -> set[str]:
    """The types that it looks at; empty for a daily bonus, which looks at all."""
    return set() if definition.is_daily_bonus else set(definition.triggers)


def _read_sample(since: datetime, now: datetime) -> tuple[list[StoredActivity], bool]:
    """The newest activities, oldest first, and whether there were no more. Bounded by the arrival number, so that a type that
    hardly ever happens costs no walk through the week."""
    columns = ("source_id", "type", "occurred_at", "attributes", "member_id")
    newest = list(Activity.objects.order_by("-pk").values_list(*columns)[: SAMPLE + 1])
    sample = [
        StoredActivity(source_id, type, int(at.timestamp() * 1000), attributes, member_id, at)
        for source_id, type, at, attributes, member_id in reversed(newest[:SAMPLE])
        if since <= at <= now and type not in NEVER_EARNING
    ]
    return sample, len(newest) <= SAMPLE or newest[-1][2] < since


def read_members(
    member_ids: set[int], context: TenantContext
) -> tuple[dict[int, tuple[str, str]], dict[int, MemberState]]:
    """Faces (name and picture as shown) and states, with nothing used up."""
    levels = dict(MemberProgress.objects.filter(pk__in=member_ids).values_list("member_id", "level"))
    earned = LedgerBalance.objects.filter(member_id__in=member_ids, currency=POINTS)
    lifetimes = dict(earned.values_list("member_id", "lifetime"))
    faces, states = {}, {}
    for member in Member.objects.filter(pk__in=member_ids):
        aliased = member.visibility == Visibility.ALIAS
        faces[member.pk] = (shown_name(member), "" if aliased else member.avatar_url)
        states[member.pk] = MemberState(
            member_id=member.pk,
            joined_at_ms=None if member.joined_at is None else int(member.joined_at.timestamp() * 1000),
            level=levels.get(member.pk, 0),
            lifetime=lifetimes.get(member.pk, 0),
            timezone=member.timezone or context.timezone,
            role_ids=frozenset(member.role_ids),
            is_bot=member.is_bot,
            type_id=member.type_id,
        )
    return faces, states


def copy_states(states: Mapping[int, MemberState]) -> dict[int, MemberState]:
    """For one more run: as they were, with nothing used up."""
    return {member_id: replace(state, usage={}) for member_id, state in states.items()}


def _judge_all(
    looked: Sequence[StoredActivity],
    faces: Mapping[int, tuple[str, str]],
    candidate: _Tally,
    current: _Tally | None,
) -> list[Example]:
    """The newest examples of what would earn and of what would not, half of each where there are both."""
    earning: deque[Example] = deque(maxlen=EXAMPLES)
    refused: deque[Example] = deque(maxlen=EXAMPLES)
    for activity in looked:
        points, reason = candidate.judge(activity)
        standing = 0 if current is None else current.judge(activity)[0]
        (earning if points else refused).append(_example(activity, faces, points, standing, reason))
    kept = min(len(refused), max(EXAMPLES // 2, EXAMPLES - len(earning)))
    chosen = [*list(earning)[-(EXAMPLES - kept) :], *(list(refused)[-kept:] if kept else [])]
    return sorted(chosen, key=lambda one: one.occurred_at, reverse=True)


def _example(
    activity: StoredActivity, faces: Mapping[int, tuple[str, str]], points: int, standing: int, reason: str
) -> Example:
    name, avatar_url = faces[activity.member_id]
    return Example(
        member_id=activity.member_id,
        member_name=name,
        avatar_url=avatar_url,
        type=activity.type,
        channel_id=str(activity.attributes.get("channel") or ""),
        occurred_at=activity.occurred_at,
        points=points,
        standing_points=standing,
        reason=reason,
    )


def _points_of(effects: Iterable[Effect], rule_id: int) -> int:
    return sum(effect.amount for effect in effects if effect.rule_id == rule_id)
