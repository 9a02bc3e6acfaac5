"""A plan that somebody chose on the pricing page, carried in addresses through signing up, confirming and making the community.

It names a plan, an interval and a currency; what that costs is decided where it is sold (billing.plans). What is no plan is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from billing.plans import CURRENCIES, INTERVALS, PLANS, Plan

FIELDS: Final = ("plan", "interval", "currency")


@dataclass(frozen=True, slots=True)
class PlanChoice:
    plan: Plan
    interval: str
    currency: str

    @property
    def query(self) -> str:
        return urlencode({"plan": self.plan.key, "interval": self.interval, "currency": self.currency})

    @property
    def fields(self) -> list[tuple[str, str]]:
        """As hidden fields of a form."""
        return [("plan", self.plan.key), ("interval", self.interval), ("currency", self.currency)]


def read_choice(given: Mapping[str, str]) -> PlanChoice | None:
    """The plan that an address or a form names; None for Free, for what is no plan, and where none is named."""
    plan = PLANS.get(given.get("plan", ""))
    if plan is None or plan.is_free or not plan.sold:
        return None
    return PlanChoice(plan, read_interval(given), read_currency(given))


def read_interval(given: Mapping[str, str]) -> str:
    interval = given.get("interval", "")
    return interval if interval in INTERVALS else INTERVALS[0]


def read_currency(given: Mapping[str, str]) -> str:
    currency = given.get("currency", "").lower()
    return currency if currency in CURRENCIES else CURRENCIES[0]
