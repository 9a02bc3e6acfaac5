"""The list of rules, and the acts on one of them that need no form: on, off, archive, back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.analytics.rules import DAYS, RuleFigures, get_rule_figures
from engagement.rules.definition import DAILY_BONUS, parse_definition
from engagement.rules.errors import InvalidRuleError
from engagement.rules.freezing import list_frozen_ids, rules_allowed
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rule_by_id, list_rules
from engagement.rules.services import archive_rule, restore_rule, set_rule_enabled
from engagement.rules.words import rule_text
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit
from frontend_api.portal.earn import ICONS
from saas.core import clock
from tenants.gates import LimitReachedError


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in the list. `problem` says why ingest leaves it out; `is_frozen`: the plan includes fewer."""

    rule: Rule
    text: str
    problem: str
    icon: str
    figures: RuleFigures
    changed_by: str
    changed_at: datetime | None
    is_frozen: bool = False


@require_safe
@dashboard_page("view_rules")
def show_rules(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All rules of the community: at most a hundred, in two queries."""
    with_archived = request.GET.get("archived") == "1"
    found = list_rules(include_archived=True)
    figures = get_rule_figures(now=clock.now())
    allowed = rules_allowed(desk.context)
    frozen = list_frozen_ids(found, allowed)
    lines = [describe(rule, figures, desk.context.points_name, rule.pk in frozen) for rule in found]
    facts: dict[str, Any] = {
        "lines": [line for line in lines if line.rule.archived_at is None],
        "archived": [line for line in lines if line.rule.archived_at is not None],
        "with_archived": with_archived,
        "days": DAYS,
        "frozen": len(frozen),
        "allowed": allowed,
        "given": sum(line.figures.points for line in lines),
    }
    return render(request, "dashboard/rules/list.html", facts)


def describe(rule: Rule, figures: dict[int, RuleFigures], unit: str, is_frozen: bool = False) -> RuleLine:
    definition = rule.latest.definition if rule.latest else {}
    try:
        parsed = parse_definition(definition)
        text, problem = rule_text(parsed, unit), ""
        first = DAILY_BONUS if parsed.is_daily_bonus else parsed.triggers[0]
    except InvalidRuleError as error:
        text, problem, first = "", error.message, ""
    return RuleLine(
        rule=rule,
        text=text,
        problem=problem,
        icon=ICONS.get(first, "bolt"),
        figures=figures.get(rule.pk, RuleFigures()),
        changed_by=rule.latest.created_by if rule.latest else "",
        changed_at=rule.latest.created_at if rule.latest else None,
        is_frozen=is_frozen,
    )


@require_POST
@dashboard_page("change_rules")
def switch_rule(request: HttpRequest, desk: Desk, rule_id: int) -> HttpResponse:
    """On or off, as `on` in the address or the form says."""
    wanted = request.POST.get("on", request.GET.get("on", "")) == "1"
    key = get_rule_by_id(rule_id=rule_id).key
    try:
        rule = set_rule_enabled(key=key, enabled=wanted, actor=desk.actor)
    except LimitReachedError as error:
        return go_to(request, reverse("dashboard-rules"), error.message, kind="warn")
    undo = f"{reverse('dashboard-rule-switch', args=[rule_id])}?on={0 if wanted else 1}"
    text = f"“{rule.name}” is {'on' if wanted else 'off'}, from the next activity on."
    return go_to(request, reverse("dashboard-rules"), text, undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rules")
def remove_rule(request: HttpRequest, desk: Desk, rule_id: int) -> HttpResponse:
    rule = get_rule_by_id(rule_id=rule_id)
    given = get_rule_figures(now=clock.now()).get(rule.pk, RuleFigures())
    page = Confirm(
        title=f"Archive “{rule.name}”?",
        submit="Archive",
        back=reverse("dashboard-rule", args=[rule_id]),
        consequences=[
            Consequence("It rewards nothing from the next activity on.", "ban"),
            Consequence(
                f"In the last {DAYS} days it gave {write_unit(given.points, desk.context.points_name)} in {given.awards:,} awards. "
                "What members earned stays theirs, and goes on explaining itself.",
                "history",
            ),
            Consequence(
                "You can bring it back from the list of archived rules at any time.", "arrow-back-up"
            ),
        ],
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    archive_rule(key=rule.key, actor=desk.actor)
    undo = reverse("dashboard-rule-restore", args=[rule_id])
    return go_to(request, reverse("dashboard-rules"), f"“{rule.name}” is archived.", undo=undo)


@require_POST
@dashboard_page("change_rules")
def bring_rule_back(request: HttpRequest, desk: Desk, rule_id: int) -> HttpResponse:
    rule = restore_rule(key=get_rule_by_id(rule_id=rule_id).key, actor=desk.actor)
    text = f"“{rule.name}” is back, switched off. Switch it on when you are ready."
    return go_to(request, reverse("dashboard-rules"), text)
