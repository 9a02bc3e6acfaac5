"""A plan as a card and as a column of a table: the same on the pricing page and on the dashboard. Made of what billing declares."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Final
from urllib.parse import quote, urlencode

from django.conf import settings

from billing.plans import METERS, Plan
from billing.pricing import GROWS, Cell, pricing_table
from frontend_api.money import write_money
from tenants.entitlements import UNLIMITED

SUGGESTED: Final = frozenset({"growth", "scale", "course"})
_SHORT: Final = ("members", "rules", "seats", "history_days", "boost_hours", "api_keys")  # on a plan's card
INTERVAL_NAMES: Final = {"month": "By the month", "year": "By the year · two months free"}


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class CardRow:
    title: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    price: str
    unit: str
    note: str
    lines: tuple[str, ...]
    rows: tuple[CardRow, ...]
    primary: bool = False
    href: str = ""  # empty: nothing can be done with it here
    action: str = ""
    tag: str = ""


# How a limit reads on a card: counted, and not counted.
_SAYS: Final = {
    "members": ("{} members", "Any number of members"),
    "rules": ("{} rules", "Any number of rules"),
    "seats": ("{} people on the team", "Any number of people on the team"),
    "history_days": ("{} days of history", "All of the history"),
    "boost_hours": ("{} boost hours a month", "Boosts at any time"),
    "api_keys": ("{} API keys", "Any number of API keys"),
}


def describe_card(
    plan: Plan,
    interval: str,
    currency: str,
    *,
    href: str = "",
    action: str = "",
    primary: bool = False,
    tag: str = "",
) -> Card:
    rows = tuple(CardRow(row.title, row.cells[0]) for group in pricing_table((plan,)) for row in group.rows)
    return Card(
        name=plan.name,
        price=write_money(plan.price(interval, currency), currency),
        unit=_unit(plan, interval),
        note=_note(plan, interval, currency),
        lines=tuple(_list_lines(plan)),
        rows=rows,
        primary=primary,
        href=href,
        action=action,
        tag=tag,
    )


def write_to_us(subject: str) -> str:
    """A link for what is set up by hand."""
    return f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}?{urlencode({'subject': subject}, quote_via=quote)}"


def _unit(plan: Plan, interval: str) -> str:
    if plan.is_free:
        return "for ever"
    return f"a {plan.per} and {interval}" if plan.per else f"a {interval}"


def _note(plan: Plan, interval: str, currency: str) -> str:
    if plan.is_free:
        return plan.pitch
    year = write_money(plan.price("year", currency), currency)
    month = write_money(round(plan.price("year", currency) / 12), currency)
    paid = f"{month} a month, paid by the year." if interval == "year" else f"Or {year} a year."
    return f"{plan.pitch} {paid}"


def _list_lines(plan: Plan) -> list[str]:
    lines = []
    for name in _SHORT:
        number = plan.limit(name)
        counted, open_ended = _SAYS[name]
        if number:
            grows = GROWS if name in plan.grows else ""
            lines.append(
                open_ended
                if number >= UNLIMITED
                else _singular(counted.format(f"{number:,}"), number) + grows
            )
    active = plan.included("active_members")
    if active is not None:
        lines.insert(0, f"{active:,} active members a month")
        lines = [line for line in lines if line != _SAYS["members"][1]]
    return lines


def _singular(text: str, number: int) -> str:
    return text.removesuffix("s") if number == 1 else text


def list_metered(plans: tuple[Plan, ...], currency: str) -> list[str]:
    found = [name for name in METERS if any(plan.included(name) is not None for plan in plans)]
    return [
        f"{METERS[name].title}: {write_money(METERS[name].price(currency), currency)} for each {METERS[name].unit}. "
        f"{METERS[name].what}"
        for name in found
    ]
