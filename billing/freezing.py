"""What another plan would freeze and which promises it keeps, told before anybody chooses it. Reads only, and says what the gates and
limits themselves will do (`freezes` and `spares` in tenants.gates; each is acted out in tests/billing/test_promises.py).

Frozen is derived from the plan in force and never stored, so that a better plan thaws exactly what was frozen. Spared are promises
already made: members who are tracked stay, with all they have, and only newcomers wait; nobody is removed from the team; boosts that
were planned run, drops that were announced are given out, sponsors with an agreed end are named until then. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engagement.boosts.selectors import list_live_boosts
from engagement.credits.models import CreditType
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Member
from engagement.rewards.models import Reward, RewardState, Sponsor
from engagement.rewards.sponsors import has_agreed_end
from engagement.rules.freezing import list_frozen_ids
from engagement.rules.selectors import list_rules
from engagement.submissions.freezing import active_types
from engagement.supporters.selectors import count_running, list_tiers
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.api_keys import is_in_force, list_api_keys
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import UNLIMITED
from tenants.gates import GATES, LIMITS, is_open, limit_of
from tenants.team import list_team

from .metering.promising import planned_hours
from .plans import get_plan

NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Freeze:
    """`name` is the gate's or the limit's. `count` of them freeze or are spared, which `text` says; `names` are the first ones. 0 where
    nothing is concerned that is there now, but something changes all the same."""

    name: str
    title: str
    count: int
    names: tuple[str, ...]
    text: str

    @property
    def sentence(self) -> str:
        """For a list of consequences."""
        more = self.count - len(self.names)
        named = ", ".join(self.names) + (f" and {more:,} more" if self.names and more > 0 else "")
        return f"{self.title}: {named}. {self.text}" if named else f"{self.title}: {self.text}"


def list_freezes(context: TenantContext, plan_key: str, quantity: int = 1) -> list[Freeze]:
    """What would freeze under that plan, in the order of the declaration; what is frozen already under the present one too.

    Enters the tenant. A fixed number of queries. Raises PlanNotFoundError.
    """
    plan = get_plan(plan_key)
    found: list[Freeze] = []
    for name, list_some in _LIMITS.items():
        allowed = plan.limit(name, quantity)
        if allowed < UNLIMITED:
            found += list_some(context, allowed)
    if "boosts" in plan.features and (allowed := plan.limit("boost_hours", quantity)) < UNLIMITED:
        found += _boost_hours(context, allowed)
    return [*found, *_list_closing(context, plan.features)]


def _members(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_tenant(context):
        people = Member.objects.filter(is_bot=False, deleted_at=None, departed_at=None)
        tracked = people.filter(waiting_since=None).count()
    if tracked < allowed:
        return
    stay = "Everybody who is tracked now stays, with all they have."
    text = f"{tracked:,} are tracked and the plan includes {allowed:,}. {stay} Newcomers wait, and what they do is kept."
    yield Freeze("members", LIMITS["members"].title, 0, (), text)


def _rules(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_tenant(context):
        rules = list_rules()
    frozen = list_frozen_ids(rules, allowed)
    names = [rule.name for rule in sorted(rules, key=lambda rule: rule.pk) if rule.pk in frozen]
    if names:
        text = f"The oldest {allowed:,} go on; these reward nothing until there is room."
        yield Freeze("rules", LIMITS["rules"].title, len(names), tuple(names[:NAMED]), text)


def _submission_types(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_tenant(context):
        names = list(active_types().order_by("pk").values_list("name", flat=True)[allowed:])
    if names:
        text = f"The oldest {allowed:,} go on; these take nothing until there is room. What waits is decided as promised."
        title = LIMITS["submission_types"].title
        yield Freeze("submission_types", title, len(names), tuple(names[:NAMED]), text)


def _seats(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_schema(PUBLIC):
        team = sorted(list_team(tenant_id=context.tenant_id), key=lambda row: getattr(row, "seat", 0))
    over = [row for row in team if row.role != "owner" and getattr(row, "seat", 0) > allowed]
    if over:
        names = tuple(str(row.user) for row in over[:NAMED])
        text = "They can look and change nothing. Nobody is removed."
        yield Freeze("seats", LIMITS["seats"].title, len(over), names, text)


def _api_keys(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    now = clock.now()
    keys = [key for key in list_api_keys(tenant_id=context.tenant_id) if is_in_force(key, now)]
    lines = {key.line or key.pk: key.name for key in sorted(keys, key=lambda key: key.pk)}
    names = [lines[line] for line in sorted(lines)][allowed:]
    if names:
        text = "Programs with these keys are refused until there is room."
        yield Freeze("api_keys", LIMITS["api_keys"].title, len(names), tuple(names[:NAMED]), text)


def _credit_types(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_tenant(context):
        names = list(
            CreditType.objects.filter(archived_at=None).order_by("pk").values_list("name", flat=True)
        )
    if over := names[allowed:]:
        text = f"The oldest {allowed:,} go on; these cannot be requested until there is room. What members have can be spent."
        yield Freeze("credit_types", LIMITS["credit_types"].title, len(over), tuple(over[:NAMED]), text)


def _api_rate(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    now = limit_of("api_rate", context.entitlements, clock.now())
    if allowed < now:
        before = "as many as each program may now" if now >= UNLIMITED else f"{now:,}"
        text = f"All programs together may ask {allowed:,} times a minute instead of {before}."
        yield Freeze("api_rate", LIMITS["api_rate"].title, 0, (), text)


def _commands(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    now = limit_of("commands", context.entitlements, clock.now())
    if allowed < now:
        before = "as many as they like" if now >= UNLIMITED else f"{now:,}"
        text = f"Members together may use {allowed:,} in a minute instead of {before}; above that they wait for some seconds."
        yield Freeze("commands", LIMITS["commands"].title, 0, (), text)


def _history_days(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    since = clock.now() - timedelta(days=allowed)
    with enter_tenant(context):
        # By when it happened, as it is shown: what was imported or booked late is older than its row.
        hides = LedgerEntry.objects.filter(occurred_at__lt=since).exists()
    if hides:
        text = f"The last {allowed:,} days are shown. Older history is kept, and hidden."
        yield Freeze("history_days", LIMITS["history_days"].title, 0, (), text)


def _rewards(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    with enter_tenant(context):
        names = list(
            Reward.objects.filter(state=RewardState.ACTIVE)
            .order_by("pk")
            .values_list("name", flat=True)[allowed:]
        )
    if names:
        text = f"The oldest {allowed:,} stay in the shop; these leave it until there is room. What was redeemed goes its way."
        yield Freeze("rewards", LIMITS["rewards"].title, len(names), tuple(names[:NAMED]), text)


def _list_closing(context: TenantContext, features: frozenset[str]) -> Iterator[Freeze]:
    """Gates that are open now and would not be."""
    now = clock.now()
    for name, gate in GATES.items():
        if not gate.built or name in features or not is_open(name, context.entitlements, now):
            continue
        if name in _GATES:
            yield from _GATES[name](context)
        else:
            yield Freeze(name, gate.title, 0, (), f"{gate.freezes} {gate.spares}".strip())


def _boosts(context: TenantContext) -> Iterator[Freeze]:
    with enter_tenant(context):
        names = [line.boost.name for line in list_live_boosts()]
    yield _kept("boosts", names, "They run to their end, as members were told. None can be planned.")


def _boost_hours(context: TenantContext, allowed: int) -> Iterator[Freeze]:
    """Months in which more is planned than the plan includes; what is planned costs nothing more (billing.metering.promising)."""
    now = clock.now()
    with enter_tenant(context):
        planned = planned_hours(now)
    over = [month for month, hours in planned.items() if hours > allowed]
    if over:
        first = min(over)
        text = (
            f"{planned[first]:,} are planned in {first:%B %Y}, and the plan includes {allowed:,}. They run to their end and cost nothing "
            "more; none can be added to them."
        )
        yield Freeze("boost_hours", LIMITS["boost_hours"].title, 0, (), text)


def _drops(context: TenantContext) -> Iterator[Freeze]:
    with enter_tenant(context):
        rows = Reward.objects.filter(is_drop=True, state=RewardState.ACTIVE).order_by("pk")
        names = list(rows.values_list("name", flat=True))
    yield _kept(
        "drops",
        names,
        "They are given out as announced, to whoever queues before they begin. None can be announced.",
    )


def _sponsors(context: TenantContext) -> Iterator[Freeze]:
    with enter_tenant(context):
        rows = list(Sponsor.objects.filter(archived_at=None).order_by("pk"))
    names = [row.name for row in rows]
    agreed = [row.name for row in rows if has_agreed_end(row)]
    kept = f"With {len(agreed):,} an end was agreed: until then they are named. " if agreed else ""
    text = f"Rewards name them no longer. {kept}What they paid for stays attributed. None can be added or changed."
    yield _kept("sponsors", names, text if names else "")


def _supporters(context: TenantContext) -> Iterator[Freeze]:
    with enter_tenant(context):
        names = [line.tier.name for line in list_tiers(on_sale_only=True)]
        running = count_running()
    go_on = (
        f"{running:,} who support go on, with every benefit and the fee that was agreed. " if running else ""
    )
    yield _kept("supporters", names, f"{go_on}Nobody new can begin, and no tier is put on sale.")


def _kept(name: str, names: list[str], text: str) -> Freeze:
    gate = GATES[name]
    return Freeze(name, gate.title, len(names), tuple(names[:NAMED]), text if names else gate.freezes)


_GATES: Final = {"boosts": _boosts, "drops": _drops, "sponsors": _sponsors, "supporters": _supporters}


_LIMITS: Final = {
    "members": _members,
    "rules": _rules,
    "submission_types": _submission_types,
    "seats": _seats,
    "api_keys": _api_keys,
    "credit_types": _credit_types,
    "api_rate": _api_rate,
    "commands": _commands,
    "history_days": _history_days,
    "rewards": _rewards,
}
