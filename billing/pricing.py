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

from .plans import Plan

GROWS: Final = " for each cohort"


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
    limits = tuple(
        Row(one.title, one.what, tuple(_limit_cell(plan, one.name) for plan in plans))
        for one in LIMITS.values()
        if one.built
    )
    gates = tuple(
        Row(
            one.title,
            one.what,
            tuple(_gate_cell(plan, one.feature) for plan in plans),
        )
        for one in GATES.values()
        if one.built
    )
    return [Group("How much", limits), Group("What is on", gates)]


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
