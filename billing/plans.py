"""What is sold: the plans, as data [floor 4, no Stripe].

Invariants: every price, number and gate of a plan stands here and nowhere else; amounts are integers of minor units (cents) with
their currency beside them; a year costs ten months; Free is what tenants.gates declares as free; within a family a dearer plan
never gives less. `manage.py sync_plans` brings Stripe to what stands here, by lookup keys; the pricing page and ops/plans.md are
made of it. A plan that is no longer sold stays, with `sold=False`, as long as somebody pays for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import GATES, LIMITS

from .errors import PlanNotFoundError

Audience = Literal["server", "product", "course"]
INTERVALS: Final = ("month", "year")
CURRENCIES: Final = ("usd", "eur", "gbp")  # the first is what is shown to whoever chose none
YEAR_IN_MONTHS: Final = 10  # what a year costs
TRIAL_DAYS: Final = 14
FREE: Final = "free"
# Which family of plans a community's kind is offered, by Tenant.Kind.
_AUDIENCES: Final[Mapping[str, Audience]] = {
    "discord": "server",
    "creator": "server",
    "course": "course",
    "saas": "product",
    "brand": "product",
}


@dataclass(frozen=True, slots=True)
class Meter:
    """Something that is sold by use above what a plan includes, each calendar month (UTC). Only what goes over is reported to
    Stripe, each unit once, so that a price is simply the amount of one unit."""

    name: str
    title: str
    unit: str
    what: str
    prices: Mapping[str, int]  # one unit in minor units, by currency

    def lookup_key(self, interval: str) -> str:
        """By which Stripe's price is found: how often it is billed is the plan's interval."""
        return f"{self.name}_{_known(interval, INTERVALS, 'interval')}"

    def price(self, currency: str) -> int:
        return self.prices[_known(currency, CURRENCIES, "currency")]


@dataclass(frozen=True, slots=True)
class Plan:
    """`limits` and `metered` are of one unit of what is sold: of a cohort where `per` says so, else of the community."""

    key: str
    name: str
    audience: Audience
    pitch: str
    rank: int
    prices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # currency → interval → minor units
    features: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)
    metered: Mapping[str, int] = field(default_factory=dict)  # meter → units a month that are included
    trial_days: int = 0
    by_invoice: bool = False
    support_fee: int = (
        0  # percent of what supporters pay their community, where the gate `supporters` is open
    )
    per: Literal["", "cohort"] = ""
    grows: frozenset[str] = frozenset()  # limits and meters that each further unit of `per` adds to
    sold: bool = True

    @property
    def is_free(self) -> bool:
        return not self.prices

    def lookup_key(self, interval: str) -> str:
        """By which Stripe's price is found, such as growth_month."""
        return f"{self.key}_{_known(interval, INTERVALS, 'interval')}"

    def price(self, interval: str, currency: str, quantity: int = 1) -> int:
        """Minor units; 0 for Free."""
        _known(interval, INTERVALS, "interval")
        _known(currency, CURRENCIES, "currency")
        return 0 if self.is_free else self.prices[currency][interval] * quantity

    def limit(self, name: str, quantity: int = 1) -> int:
        """UNLIMITED where the plan counts nothing. Raises KeyError for a limit that was never declared."""
        LIMITS[name]
        found = self.limits.get(name, UNLIMITED)
        return found * quantity if name in self.grows and found < UNLIMITED else found

    def limits_at(self, quantity: int = 1) -> dict[str, int]:
        """What an entitlements' phase holds: the limits that count, by name."""
        return {name: self.limit(name, quantity) for name in self.limits}

    def included(self, meter: str, quantity: int = 1) -> int | None:
        """Units a month before any of them costs; None where the plan does not sell more of it."""
        found = self.metered.get(meter)
        return found if found is None or meter not in self.grows else found * quantity


def _known(value: str, among: Iterable[str], what: str) -> str:
    if value not in among:
        raise PlanNotFoundError(f"There is no {what} “{str(value)[:40]}”. There are: {', '.join(among)}.")
    return value


def _prices(usd: int, eur: int, gbp: int) -> Mapping[str, Mapping[str, int]]:
    """Whole units of money a month."""
    months = {"usd": usd * 100, "eur": eur * 100, "gbp": gbp * 100}
    return MappingProxyType(
        {
            currency: MappingProxyType({"month": month, "year": month * YEAR_IN_MONTHS})
            for currency, month in months.items()
        }
    )


def _free_limits() -> dict[str, int]:
    return {limit.name: limit.free for limit in LIMITS.values() if limit.free < UNLIMITED}


_FREE_FEATURES = frozenset(gate.feature for gate in GATES.values() if gate.free)
_GROWTH_FEATURES = _FREE_FEATURES | {
    "boosts",
    "advanced_analytics",
    "team_grants",
    "sponsors",
    "drops",
    "supporters",
}
_ALL_FEATURES = frozenset(GATES)

METERS: Final[Mapping[str, Meter]] = {
    meter.name: meter
    for meter in (
        Meter(
            "boost_hours",
            "Boost hours",
            "hour",
            "Hours of boosts above those that the plan includes.",
            MappingProxyType({"usd": 10, "eur": 10, "gbp": 10}),
        ),
        Meter(
            "active_members",
            "Monthly active members",
            "member",
            "Members who earn something in a calendar month, above those that the plan includes.",
            MappingProxyType({"usd": 1, "eur": 1, "gbp": 1}),
        ),
    )
}

_PLANS: Final = (
    Plan(
        FREE,
        "Free",
        "server",
        "Points, levels and a leaderboard for a community that begins.",
        rank=0,
        features=_FREE_FEATURES,
        limits=MappingProxyType(_free_limits()),
    ),
    Plan(
        "starter",
        "Starter",
        "server",
        "A growing server: five times the members, a year of history, a first boost.",
        rank=10,
        prices=_prices(10, 10, 8),
        features=_FREE_FEATURES | {"boosts"},
        limits=MappingProxyType(
            {
                "members": 5_000, "rules": 25, "seats": 5, "api_keys": 3, "api_rate": 120, "commands": 300, "history_days": 365,
                "boost_hours": 12, "rewards": 25, "submission_types": 10, "credit_types": 2, "active_challenges": 5, "webhooks": 3,
            }
        ),
        metered=MappingProxyType({"boost_hours": 12}),
        trial_days=TRIAL_DAYS,
    ),
    Plan(
        "growth",
        "Growth",
        "server",
        "A busy server with a team: rules tried on the past, permissions for one person, more boosts.",
        rank=20,
        prices=_prices(25, 25, 20),
        support_fee=8,
        features=_GROWTH_FEATURES,
        limits=MappingProxyType(
            {
                "members": 25_000, "rules": 75, "seats": 15, "api_keys": 10, "api_rate": 300, "commands": 600, "history_days": 730,
                "boost_hours": 60, "rewards": 100, "submission_types": 30, "credit_types": 5, "active_challenges": 20, "webhooks": 10,
            }
        ),
        metered=MappingProxyType({"boost_hours": 60}),
        trial_days=TRIAL_DAYS,
    ),
    Plan(
        "pro",
        "Pro",
        "server",
        "A large server: everything is on, and all of its history.",
        rank=30,
        prices=_prices(50, 50, 40),
        support_fee=5,
        features=_ALL_FEATURES,
        limits=MappingProxyType(
            {
                "members": 100_000, "rules": 200, "seats": 50, "api_keys": 25, "api_rate": 600, "commands": 1_200,
                "boost_hours": 240, "rewards": 500, "submission_types": 100, "credit_types": 20, "active_challenges": 100, "webhooks": 25,
            }
        ),
        metered=MappingProxyType({"boost_hours": 240}),
        trial_days=TRIAL_DAYS,
    ),
    Plan(
        "course",
        "Course",
        "course",
        "A course or cohort programme: everything a teacher needs, paid for the cohorts that run.",
        rank=25,
        prices=_prices(20, 20, 16),
        support_fee=8,
        features=_GROWTH_FEATURES,
        limits=MappingProxyType(
            {
                # One cohort has at least what Free has.
                "members": 1_000, "rules": 75, "seats": 10, "api_keys": 5, "api_rate": 300, "commands": 600, "history_days": 730,
                "boost_hours": 24, "rewards": 100, "submission_types": 30, "credit_types": 5, "active_challenges": 20, "webhooks": 10,
            }
        ),
        metered=MappingProxyType({"boost_hours": 24}),
        trial_days=TRIAL_DAYS,
        per="cohort",
        grows=frozenset({"members", "seats", "boost_hours"}),
    ),
    Plan(
        "scale",
        "Scale",
        "product",
        "A product or brand community that pays by the members who are active.",
        rank=40,
        prices=_prices(100, 100, 80),
        support_fee=5,
        features=_ALL_FEATURES,
        limits=MappingProxyType(
            {"rules": 500, "seats": 100, "api_keys": 50, "api_rate": 1_200, "commands": 2_400, "boost_hours": 500, "webhooks": 50}
        ),
        metered=MappingProxyType({"active_members": 5_000, "boost_hours": 500}),
        trial_days=TRIAL_DAYS,
    ),
    Plan(
        "enterprise",
        "Enterprise",
        "product",
        "A product or brand community of any size, paid by invoice.",
        rank=50,
        prices=_prices(1_000, 1_000, 800),
        support_fee=3,
        features=_ALL_FEATURES,
        limits=MappingProxyType({"api_rate": 6_000, "boost_hours": 2_000}),
        metered=MappingProxyType({"active_members": 100_000, "boost_hours": 2_000}),
        by_invoice=True,
    ),
)  # fmt: skip
PLANS: Final[Mapping[str, Plan]] = MappingProxyType({plan.key: plan for plan in _PLANS})


def get_plan(key: str) -> Plan:
    """Raises PlanNotFoundError."""
    plan = PLANS.get(key)
    if plan is None:
        raise PlanNotFoundError(f"There is no plan “{str(key)[:40]}”. There are: {', '.join(PLANS)}.")
    return plan


def plan_at(entitlements: Entitlements, moment: datetime) -> Plan:
    """The plan in force. Where nothing is sold it means nothing: ask settings.BILLING_ON first."""
    phase = entitlements.phase_at(moment)
    return get_plan(phase.plan if phase and phase.plan else FREE)


def plans_for(kind: str) -> tuple[Plan, ...]:
    """What a community of this kind (Tenant.Kind) can choose from, Free first, then by rank."""
    audience = _AUDIENCES.get(kind, "server")
    offered = [plan for plan in PLANS.values() if plan.sold and (plan.is_free or plan.audience == audience)]
    return tuple(sorted(offered, key=lambda plan: plan.rank))


def cheapest_with(name: str, at_least: int | None = None, *, kind: str = "") -> Plan | None:
    """The cheapest plan that opens the gate `name`, or whose limit `name` is `at_least`; of those that `kind` can choose,
    or of all. None where no plan does. Raises KeyError for a name that was never declared."""
    offered = plans_for(kind) if kind else tuple(plan for plan in PLANS.values() if plan.sold)
    if name in GATES:
        fitting = [plan for plan in offered if name in plan.features]
    else:
        fitting = [plan for plan in offered if plan.limit(name) >= (1 if at_least is None else at_least)]
    return min(fitting, key=lambda plan: (plan.price("month", CURRENCIES[0]), plan.rank), default=None)
