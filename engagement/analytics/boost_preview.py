"""What a boost would have given in the last week that matches its window: the pure evaluation of live ingest over stored activities,
once without and once with it.

Invariants: nothing is written, nothing is locked; the work is bounded by SAMPLE activities, and the answer says whether those were all.
Other boosts are left out on both sides. Levels, types and roles that the source did not tell are taken as they are now; cooldowns and
caps count from the window's beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from engagement.activity.models import Activity
from engagement.boosts.models import Boost
from engagement.boosts.scope import compile_boost
from engagement.boosts.windows import WEEK, milliseconds, resolve
from engagement.rules.boosting import build_timeline
from engagement.rules.definition import NEVER_EARNING
from engagement.rules.evaluation import MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleSet
from engagement.rules.selectors import load_rule_set
from tenants.context import TenantContext

from .dry_run import StoredActivity, copy_states, read_members

SAMPLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class BoostPreview:
    """From `since` to before `until` it would have given `points` more, to `members`; without it `plain` points were given to those
    who earned. `is_whole`: all of that time's `sampled` activities were looked at."""

    since: datetime
    until: datetime
    points: int
    members: int
    plain: int
    sampled: int
    is_whole: bool


def preview_boost(*, boost: Boost, context: TenantContext, now: datetime) -> BoostPreview:
    """What the boost, which may be unsaved, would have given in the last window of its weekdays and times. Six queries at most."""
    since, until = last_matching_window(boost, now)
    sample, is_whole = _read(since, until)
    _faces, states = read_members({activity.member_id for activity in sample}, context)
    rules = load_rule_set()
    live = compile_boost(boost.pk or 0, boost.name, boost.percent, boost.scope)
    window = [(milliseconds(since), milliseconds(until), live)]
    plain = _judge(sample, states, replace(rules, boosts=None))
    boosted = _judge(sample, states, replace(rules, boosts=build_timeline(window)))
    more = {member_id: points - plain[member_id] for member_id, points in boosted.items()}
    return BoostPreview(
        since=since,
        until=until,
        points=sum(more.values()),
        members=sum(points > 0 for points in more.values()),
        plain=plain.total(),
        sampled=len(sample),
        is_whole=is_whole,
    )


def last_matching_window(boost: Boost, now: datetime) -> tuple[datetime, datetime]:
    """The boost's first window, so many whole weeks earlier on the community's clock that it is over."""
    zone = ZoneInfo(boost.timezone)
    lasts = boost.ends_at - boost.starts_at
    weeks = max(-((now - boost.ends_at) // WEEK), 0)
    local = boost.starts_at.astimezone(zone).replace(tzinfo=None) - weeks * WEEK
    since = resolve(local, zone)
    if since + lasts > now:  # an hour off, where the clocks were changed in between
        since = resolve(local - WEEK, zone)
    return since, since + lasts


def _read(since: datetime, until: datetime) -> tuple[list[StoredActivity], bool]:
    """In the order of arrival. Not sorted by the database, which would walk through everything to bound it."""
    columns = ("pk", "source_id", "type", "occurred_at", "attributes", "member_id")
    found = Activity.objects.filter(occurred_at__gte=since, occurred_at__lt=until)
    rows = list(found.order_by().values_list(*columns)[: SAMPLE + 1])
    sample = [
        StoredActivity(source_id, type, milliseconds(at), attributes, member_id, at)
        for _pk, source_id, type, at, attributes, member_id in sorted(rows[:SAMPLE], key=lambda row: row[0])
        if type not in NEVER_EARNING
    ]
    return sample, len(rows) <= SAMPLE


def _judge(sample: list[StoredActivity], states: Mapping[int, MemberState], rules: RuleSet) -> Counter[int]:
    """Points by member."""
    fresh = copy_states(states)
    given: Counter[int] = Counter()
    for activity in sample:
        state = fresh.get(activity.member_id)
        if state is None:
            continue
        effects = evaluate(activity, state, rules)
        apply_usage(state, activity, effects)
        given[activity.member_id] += sum(effect.amount for effect in effects)
    return given
