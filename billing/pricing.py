"""What a plan gives, as a table: the pricing page, the dashboard's page of plans and ops/plans.md are all made of it.

Only what is built is shown. Words for numbers stand here, money and markup with whoever shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from saas.core.counts import write_count
from tenants.entitlements import UNLIMITED
from tenants.gates import GATES, LIMITS

from .plans import METERS, Plan

GROWS: Final = " for each cohort"
# What is sold by use and has no limit of its own: after which limit it stands, and what happens above what the plan includes.
_ABOVE: Final = {
    "active_members": (
        "members",
        "Those who earn something in a calendar month. Above the number newcomers wait for the next month, unless you allow it to cost.",
    )
}


@dataclass(frozen=True, slots=True)
class Cell:
    """`kind` is yes, no or text."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A gate or a limit; a cell for each plan."""

    title: str
    what: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[Row, ...]


def pricing_table(plans: Sequence[Plan]) -> list[Group]:
    """The plans side by side, in the order of the gates' declaration."""
    limits: list[Row] = []
    for one in LIMITS.values():
        if one.built:
            limits.append(Row(one.title, one.what, tuple(_limit_cell(plan, one.name) for plan in plans)))
            limits += _metered_rows(plans, after=one.name)
    gates = tuple(
        Row(
            one.title,
            one.what,
            tuple(_gate_cell(plan, one.feature) for plan in plans),
        )
        for one in GATES.values()
        if one.built
    )
    return [Group("How much", tuple(limits)), Group("What is on", gates)]


def _metered_rows(plans: Sequence[Plan], *, after: str) -> list[Row]:
    """Where one of the plans sells it: without it a plan without a limit would seem to have no end."""
    return [
        Row(METERS[name].title, what, tuple(_metered_cell(plan, name) for plan in plans))
        for name, (limit, what) in _ABOVE.items()
        if limit == after and any(plan.included(name) is not None for plan in plans)
    ]


def _metered_cell(plan: Plan, meter: str) -> Cell:
    included = plan.included(meter)
    return Cell("no") if included is None else Cell("text", write_count(included, f"{METERS[meter].unit}s"))


def _gate_cell(plan: Plan, feature: str) -> Cell:
    if feature not in plan.features:
        return Cell("no")
    if feature == "supporters":
        return Cell("text", f"{plan.support_fee} % of what they pay")
    return Cell("yes")


def _limit_cell(plan: Plan, name: str) -> Cell:
    number = plan.limit(name)
    if number >= UNLIMITED:
        return Cell("text", "Unlimited")
    if number == 0:
        return Cell("no")
    counted = write_count(number, LIMITS[name].unit)
    return Cell("text", counted + (GROWS if name in plan.grows else ""))
