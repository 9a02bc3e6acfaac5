"""The rewards and kinds of submissions that a template begins with: planned, brought, put away again.

Invariants: only what a template brought is touched, and that only while nobody has changed, redeemed or handed in anything of it: a
digest of each, as a template left it, is kept in the tenant's setup. Nothing is deleted. What the plan has no room for comes as a draft,
or switched off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.db import transaction

from engagement.audit.actor import SYSTEM
from engagement.ledger.statements import ledger_unit
from engagement.rewards.catalogue import (
    archive_reward,
    create_reward,
    describe_reward,
    offer_reward,
    restore_reward,
)
from engagement.rewards.freezing import REWARDS
from engagement.rewards.kinds import get_kind, is_pool, list_missing
from engagement.rewards.locks import lock_catalogue
from engagement.rewards.models import Redemption, Reward, RewardState
from engagement.submissions.freezing import TYPES, active_types
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.scoring import most_points
from engagement.submissions.templates import TEMPLATES, form_of_template, install_template
from engagement.submissions.type_values import VALUES
from engagement.submissions.types import archive_type, lock_types, switch_type
from saas.core import clock
from saas.core.counts import write_count
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now
from tenants.gates import limit_of

from .lines import ADD, KEEP, OFF, ON, PlanLine
from .packs import Pack, RewardIdea, list_packs

REMEMBERED: Final = "starters"  # in the tenant's setup: {"rewards": {key: digest}, "types": {key: digest}}
_PEN: Final = SYSTEM
_AWAY: Final = "This template does without it"
_BACK: Final = "A former template had put it away"


@dataclass(slots=True)
class Starters:
    """Keys of what is new, comes back, or is put away; and what is said of it."""

    lines: list[PlanLine] = field(default_factory=list)
    add: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.add or self.back or self.away)


@contextmanager
def template_unit() -> Iterator[None]:
    """The transaction in which templates are put on and taken off: the ledger's lock, and before it those of all that a template may
    have brought, because whoever redeems or approves takes these first."""
    with transaction.atomic():
        lock_catalogue()
        lock_types()
        list(_reward_rows().select_for_update().values_list("pk", flat=True))
        list(_type_rows().select_for_update(no_key=True).values_list("pk", flat=True))
        with ledger_unit():
            yield


# --- planning, reads alone


def plan_rewards(
    pack: Pack, brought: Mapping[str, str], context: TenantContext, points_name: str
) -> Starters:
    """Two queries, and one of the plan where something is new."""
    here = {row.key: row for row in _reward_rows()}
    used = _used(Redemption.objects.filter(reward__in=[row.pk for row in here.values()]), "reward__key")
    ideas = {idea.key: idea for idea in pack.rewards}
    plan = _plan(
        ideas,
        {
            key: (row.name, row.state == RewardState.ARCHIVED, _digest_reward(row))
            for key, row in here.items()
        },
        brought,
        used,
        lambda key: PlanLine(ADD, ideas[key].name, _words_of_reward(ideas[key], points_name)),
    )
    ready = [key for key in plan.add if not _is_missing(ideas[key])]
    _say_what_finds_no_room(plan, len(ready) + len(plan.back) - reward_room(context), "rewards", "as drafts")
    return plan


def plan_types(pack: Pack, brought: Mapping[str, str], context: TenantContext) -> Starters:
    """As plan_rewards."""
    here = _types_by_template()
    used = _used(Submission.objects.filter(type__in=[row.pk for row in here.values()]), "type__template")
    plan = _plan(
        dict.fromkeys(pack.submissions),
        {key: (row.name, row.archived_at is not None, _digest_type(row)) for key, row in here.items()},
        brought,
        used,
        lambda key: PlanLine(ADD, TEMPLATES[key].name, _words_of_type(key)),
    )
    over = len(plan.add) + len(plan.back) - type_room(context)
    _say_what_finds_no_room(plan, over, "kinds of submissions", "switched off")
    return plan


def reward_room(context: TenantContext) -> int:
    active = Reward.objects.filter(state=RewardState.ACTIVE).count()
    return max(0, limit_of(REWARDS, entitlements_now(context), clock.now()) - active)


def type_room(context: TenantContext) -> int:
    return max(0, limit_of(TYPES, entitlements_now(context), clock.now()) - active_types().count())


# --- writing, within template_unit


def write_starters(
    rewards: Starters, types: Starters, pack: Pack, remembered: Mapping[str, Any], context: TenantContext
) -> dict[str, Any]:
    """Do what was planned; answers what is to be remembered."""
    ideas = {idea.key: idea for idea in pack.rewards}
    _put_rewards_away(rewards.away)
    for key in rewards.add:
        create_reward(context=context, kind=ideas[key].kind, facts=ideas[key].facts, actor=_PEN, key=key)
    _bring_rewards([*rewards.add, *rewards.back], context)
    _put_types_away(types.away)
    for key in types.add:
        install_template(context=context, key=key, actor=_PEN)
    _bring_types(types.back, context)
    return {
        "rewards": _remember(remembered.get("rewards", {}), rewards, _reward_digests()),
        "types": _remember(remembered.get("types", {}), types, _type_digests()),
    }


def undo_starters(
    rewards: Mapping[str, list[str]],
    types: Mapping[str, list[str]],
    remembered: Mapping[str, Any],
    context: TenantContext,
) -> dict[str, Any]:
    """`rewards` and `types`: the keys of what was brought (`new`) and put away (`gone`). What somebody changed or used since stays."""
    known_rewards, known_types = remembered.get("rewards", {}), remembered.get("types", {})
    used = _used(Redemption.objects.filter(reward__key__in=rewards["new"]), "reward__key")
    now = _reward_digests()
    away = [key for key in rewards["new"] if now.get(key) == known_rewards.get(key, "") and key not in used]
    _put_rewards_away(away)
    back = [key for key in rewards["gone"] if now.get(key) == known_rewards.get(key, "")]
    _bring_rewards(back, context)
    used = _used(Submission.objects.filter(type__template__in=types["new"]), "type__template")
    now = _type_digests()
    types_away = [key for key in types["new"] if now.get(key) == known_types.get(key, "") and key not in used]
    _put_types_away(types_away)
    types_back = [key for key in types["gone"] if now.get(key) == known_types.get(key, "")]
    _bring_types(types_back, context)
    return {
        "rewards": _remember(known_rewards, Starters(back=back, away=away), _reward_digests()),
        "types": _remember(known_types, Starters(back=types_back, away=types_away), _type_digests()),
    }


def _bring_rewards(keys: Iterable[str], context: TenantContext) -> None:
    """On offer as far as the plan has room and nothing is missing; the others wait."""
    room = reward_room(context)
    rows = {row.key: row for row in Reward.objects.filter(key__in=list(keys))}
    for key in keys:
        row = rows[key]
        if row.state == RewardState.ARCHIVED:
            row = restore_reward(reward_id=row.pk, actor=_PEN)
        lacks = list_missing(row.kind, row.settings) or (is_pool(row.kind, row.settings) and not row.stock)
        if room > 0 and not lacks:
            offer_reward(context=context, reward_id=row.pk, actor=_PEN)
            room -= 1


def _put_rewards_away(keys: Iterable[str]) -> None:
    for pk in Reward.objects.filter(key__in=list(keys)).order_by("pk").values_list("pk", flat=True):
        archive_reward(reward_id=pk, actor=_PEN)


def _bring_types(keys: Iterable[str], context: TenantContext) -> None:
    for key in keys:
        row = install_template(context=context, key=key, actor=_PEN)
        if not row.active and type_room(context) > 0:
            switch_type(context=context, type_id=row.pk, active=True, actor=_PEN)


def _put_types_away(keys: Iterable[str]) -> None:
    here = _types_by_template()
    for key in keys:
        archive_type(type_id=here[key].pk, actor=_PEN)


# --- what is here, and whether it is as a template left it


def _plan(
    wanted: Mapping[str, Any],
    here: Mapping[str, tuple[str, bool, str]],
    brought: Mapping[str, str],
    used: frozenset[str],
    say: Callable[[str], PlanLine],
) -> Starters:
    """`here`: key → (name, whether it is archived, digest)."""
    plan = Starters()
    for key in wanted:
        if key not in here:
            plan.add.append(key)
            plan.lines.append(say(key))
            continue
        name, archived, digest = here[key]
        if archived and brought.get(key) == digest:
            plan.back.append(key)
            plan.lines.append(PlanLine(ON, name, _BACK))
        elif archived:
            plan.lines.append(PlanLine(KEEP, name, "You archived it, so it stays away"))
    for key, (name, archived, digest) in here.items():
        if key in wanted or key not in brought or archived:
            continue
        if brought[key] == digest and key not in used:
            plan.away.append(key)
            plan.lines.append(PlanLine(OFF, name, _AWAY))
        else:
            plan.lines.append(PlanLine(KEEP, name, "It was changed or used, so it stays"))
    return plan


def _say_what_finds_no_room(plan: Starters, over: int, what: str, how: str) -> None:
    if over > 0 and (plan.add or plan.back):
        text = f"More {what} than your plan includes, so they wait {how}"
        plan.lines.append(PlanLine(KEEP, f"{over} of the new {what}", text))


def _remember(before: Mapping[str, str], done: Starters, digests: Mapping[str, str]) -> dict[str, str]:
    touched = {key: digests[key] for key in (*done.add, *done.back, *done.away) if key in digests}
    return {**before, **touched}


def _used(rows: Any, name: str) -> frozenset[str]:
    return frozenset(rows.values_list(name, flat=True).distinct())


def _reward_rows() -> Any:
    keys = [idea.key for pack in list_packs() for idea in pack.rewards]
    return Reward.objects.filter(key__in=keys).order_by("pk")


def _type_rows() -> Any:
    keys = {key for pack in list_packs() for key in pack.submissions}
    return SubmissionType.objects.filter(template__in=keys).order_by("pk")


def _types_by_template() -> dict[str, SubmissionType]:
    """Of several of one template the one that is not archived, else the oldest."""
    found: dict[str, SubmissionType] = {}
    for row in _type_rows():
        known = found.get(row.template)
        if known is None or (known.archived_at is not None and row.archived_at is None):
            found[row.template] = row
    return found


def _reward_digests() -> dict[str, str]:
    return {row.key: _digest_reward(row) for row in _reward_rows()}


def _type_digests() -> dict[str, str]:
    return {key: _digest_type(row) for key, row in _types_by_template().items()}


def _digest_reward(row: Reward) -> str:
    return _digest(describe_reward(row))


def _digest_type(row: SubmissionType) -> str:
    facts = {name: getattr(row, name) for name in VALUES}
    return _digest({**facts, "active": row.active, "archived": row.archived_at is not None})


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


# --- words


def _is_missing(idea: RewardIdea) -> bool:
    settings = idea.facts.get("settings", {})
    return bool(list_missing(idea.kind, settings)) or is_pool(idea.kind, settings)


def _words_of_reward(idea: RewardIdea, points_name: str) -> str:
    kind = get_kind(idea.kind).title
    text = f"New reward for {write_count(idea.price, points_name)}: {kind[:1].lower()}{kind[1:]}"
    if not _is_missing(idea):
        return text
    missing = [one.label.lower() for one in list_missing(idea.kind, idea.facts.get("settings", {}))]
    return f"{text}; a draft until you add its {(missing or ['codes'])[0]}"


def _words_of_type(key: str) -> str:
    most = most_points(form_of_template(TEMPLATES[key]))
    return f"New kind of submission, worth up to {most:,}" if most else "New kind of submission"
