"""The organiser's home: today's figures, what needs attention, the newest entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engagement.activity.poison import count_poison
from engagement.analytics.selectors import get_home_figures, list_gaps, list_recent_entries
from engagement.analytics.week import list_daily_points
from engagement.boosts.selectors import BoostLine, list_running_boosts
from engagement.boosts.words import ScopeNames, read_scope_names, scope_text
from engagement.departures.services import list_returned, words_of
from engagement.members.claims import list_locked_claimants
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.attention import (
    Attention,
    list_credit_attention,
    list_guild_attention,
    list_redemption_attention,
    list_rule_attention,
    list_submission_attention,
)
from frontend_api.dashboard.chart import draw_columns
from frontend_api.dashboard.setup.pages import read_steps
from frontend_api.dashboard.supporters.news import list_home_news
from frontend_api.figures import write_whole
from integrations.discord.directory import recall_directory
from integrations.discord.problems import list_problems
from saas.core import clock
from saas.events.log import get_end
from tenants.context import TenantContext

FEED_SIZE = 15
GAPS_SHOWN = 5
PROBLEMS_SHOWN = 5
TROUBLE = {
    "role": "A level role cannot be given",
    "channel": "Level-ups cannot be announced",
    "review": "Submissions cannot be posted in Discord",
    "team": "The team cannot be asked in Discord",
    "thanks": "Supporters cannot be thanked in Discord",
}
GAPS_KEPT = timedelta(days=7)  # older ones need nobody's attention any more


@require_safe
@dashboard_page("view_dashboard")
def show_home(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The page; for htmx (a poll) its body alone."""
    if request.headers.get("HX-Target") == "home":
        return render(request, "dashboard/home_body.html", read_home(desk.context))
    setup = None if desk.context.live else read_steps(desk.context)
    facts = {**read_home(desk.context), "setup": setup, "news": list_home_news(desk)}
    return render(request, "dashboard/home.html", facts)


def read_home(context: TenantContext) -> dict[str, Any]:
    """What the page shows. One function for the page, the poll and the live socket."""
    position, now = get_end(), clock.now()
    attention = list_attention(context, now=now)
    return {
        "position": position,
        "figures": get_home_figures(now=now, context=context),
        "columns": draw_columns(list_daily_points(now=now, context=context)),
        "feed": list_recent_entries(limit=FEED_SIZE),
        "attention": attention,
        "waiting": sum(line.count for line in attention),
        "boosts": list_boosts_running(context, now=now),
    }


def list_boosts_running(context: TenantContext, *, now: datetime) -> list[tuple[BoostLine, str]]:
    """What multiplies points at the moment, each with what it is for. One query, and two more where there is one."""
    lines = list_running_boosts(now=now)
    names = read_scope_names(recall_directory(context).names) if lines else ScopeNames()
    return [(line, scope_text(line.boost.scope, names)) for line in lines]


def list_attention(context: TenantContext, *, now: datetime) -> list[Attention]:
    """What members wait for, what became of the server, what was set aside, gaps in the bot's hearing of the last days, what Discord
    refused."""
    lines = [
        *list_redemption_attention(),
        *list_submission_attention(),
        *list_credit_attention(),
        *list_guild_attention(context),
        *list_rule_attention(),
        *_gap_attention(now),
        *_problem_attention(),
        *_claim_attention(),
        *_departure_attention(context, now),
    ]
    waiting = count_poison(tenant_id=context.tenant_id)
    if waiting:
        lines.insert(
            0,
            Attention(
                "alert-triangle",
                "1 activity set aside" if waiting == 1 else f"{write_whole(waiting)} activities set aside",
                "What happened could not be read, so it earned nothing yet. Our staff can replay it.",
            ),
        )
    return lines


def _gap_attention(now: datetime) -> list[Attention]:
    return [
        Attention(
            "ear-off",
            f"The bot heard nothing for {write_span(gap.started_at, gap.ended_at)}",
            f"What was said meanwhile earned nothing. {gap.reason}",
            gap.ended_at,
        )
        for gap in list_gaps(limit=GAPS_SHOWN)
        if gap.ended_at > now - GAPS_KEPT
    ]


def _problem_attention() -> list[Attention]:
    return [
        Attention(
            "alert-triangle",
            TROUBLE.get(problem.kind, TROUBLE["role"]),
            problem.message,
            problem.last_seen_at,
        )
        for problem in list_problems()[:PROBLEMS_SHOWN]
    ]


def _claim_attention() -> list[Attention]:
    return [
        Attention(
            "shield-lock",
            f"{one.name or 'Somebody'} entered three wrong claim codes",
            "They are locked out for an hour. If they forgot theirs, make them a new code on the member’s page.",
        )
        for one in list_locked_claimants()[:PROBLEMS_SHOWN]
    ]


def _departure_attention(context: TenantContext, now: datetime) -> list[Attention]:
    return [
        Attention(
            "archive",
            f"{line.name} was deleted with things pending",
            f"Cancelled with that: {words_of(line.returned, context.points_name)}. Restoring them brings the points, not what was pending.",
            line.at,
        )
        for line in list_returned(limit=PROBLEMS_SHOWN, now=now)
    ]


def write_span(start: datetime, end: datetime) -> str:
    """`3 minutes`: how long a spell was, rounded to what a person would say."""
    seconds = max(0, round((end - start).total_seconds()))
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * 2:
            return f"{round(seconds / size)} {name}s"
    return f"{seconds} seconds"
