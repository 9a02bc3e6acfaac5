"""How the economy is: what is owed, what came and went, whether points lose their worth, what runs out, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from engagement.analytics.economy import Economy, IssueCause, get_economy
from engagement.analytics.flows import IMPORT, SUBMISSION, SUPPORT, TEAM
from engagement.analytics.forecast import CONFIDENCE, MOST_WEEKS
from engagement.analytics.stock import StockLine, list_stock
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.figures import write_day
from saas.core import clock

from .charts import RangeBar, draw_line, draw_range, draw_weeks, path_of

LOSING: Final = 10.0  # percent of inflation in a month from which the page says so
SOON: Final = 0.5  # the chance of being sold out within a month from which it says so
_KINDS: Final = {
    TEAM: "Given by the team",
    SUBMISSION: "Approved submissions",
    IMPORT: "Brought over from another bot",
    SUPPORT: "Paid periods of supporters",
}


@dataclass(frozen=True, slots=True)
class CauseLine:
    name: str
    href: str
    cause: IssueCause


@dataclass(frozen=True, slots=True)
class StockRow:
    """`when` says the forecast in a sentence."""

    line: StockLine
    bar: RangeBar | None
    when: str
    is_soon: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """`name` is an organiser's own and stands before the title."""

    icon: str
    title: str
    text: str
    name: str = ""


@require_safe
@dashboard_page("view_economy")
def show_economy(request: HttpRequest, desk: Desk) -> HttpResponse:
    now = clock.now()
    economy = get_economy(context=desk.context, now=now)
    stock = [describe_stock(line, now) for line in list_stock(now=now)]
    causes = [describe_cause(cause, link=desk.may("view_rules")) for cause in economy.causes]
    line = draw_line(economy.weeks)
    facts = {
        "economy": economy,
        "whole": economy.weeks[-2],
        "before": economy.weeks[-3],
        "pairs": draw_weeks(economy.weeks),
        "line": line,
        "line_path": path_of(line),
        "causes": causes,
        "stock": stock,
        "advice": advise(economy, causes, stock),
        "confidence": round(CONFIDENCE * 100),
        "is_empty": not economy.circulation and not any(week.issued for week in economy.weeks),
    }
    return render(request, "dashboard/economy/health.html", facts)


def describe_cause(cause: IssueCause, *, link: bool = False) -> CauseLine:
    name = cause.name or _KINDS.get(
        cause.kind, "A rule that is gone" if cause.rule_id else "Awards without a rule"
    )
    return CauseLine(name, reverse("dashboard-rules") if link and cause.rule_id else "", cause)


def describe_stock(line: StockLine, now: datetime) -> StockRow:
    """In days where it is close, by dates otherwise."""
    outlook = line.outlook
    if not line.free:
        return StockRow(line, draw_range(line), "Nothing is left", True)
    if outlook is None:
        return StockRow(line, None, "Nobody redeemed it in the last 8 weeks", False)
    first, middle, last = (
        _write(line.moment(weeks, now), now) for weeks in (outlook.low, outlook.middle, outlook.high)
    )
    if outlook.low >= MOST_WEEKS:
        return StockRow(line, draw_range(line), "Lasts for years", False)
    when = f"About {middle or 'ten years from now'}: between {first} and {last or 'later than ten years from now'}"
    return StockRow(line, draw_range(line), when, outlook.chance >= SOON)


def _write(moment: datetime | None, now: datetime) -> str:
    """`9 December`, with the year where it is another one."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{local:%-d %B}" if local.year == timezone.localtime(now).year else write_day(local)


def advise(economy: Economy, causes: Sequence[CauseLine], stock: Sequence[StockRow]) -> list[Advice]:
    """What needs attention, and what to do; nothing where all is well."""
    lines = []
    found = economy.inflation
    if found is not None and found.percent >= LOSING:
        most = (
            f" The most comes from “{causes[0].name}”, {causes[0].cause.share:g} % of it." if causes else ""
        )
        lines.append(
            Advice(
                "chart-bar",
                f"Points lose their worth: {found.percent:g} % more of them per active member in {found.weeks} weeks",
                f"Members can buy more and more.{most} Give less for it, raise prices, or offer something dear.",
            )
        )
    liability = economy.liability
    if liability.spendable and not liability.on_offer:
        lines.append(
            Advice(
                "gift",
                "There is nothing to spend points on",
                "Put a reward into the shop, so that what was earned is worth something.",
            )
        )
    lines += [
        Advice(
            "hourglass",
            row.when,
            "Add stock, or take it out of the shop in time."
            if row.line.free
            else "Add stock, or take it out of the shop.",
            row.line.name,
        )
        for row in stock
        if row.is_soon
    ][:5]
    return lines
