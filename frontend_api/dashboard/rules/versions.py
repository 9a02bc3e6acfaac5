"""What a rule has said so far: who changed what, in words, and the way back."""

from __future__ import annotations

from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.rules.differences import describe_differences, describe_rule
from engagement.rules.selectors import get_rule_by_id, get_rule_version, list_rule_versions
from engagement.rules.services import revert_rule
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from integrations.discord.directory import get_directory

SHOWN = 50


@require_safe
@dashboard_page("view_rules")
def show_versions(request: HttpRequest, desk: Desk, rule_id: int) -> HttpResponse:
    """The newest SHOWN, each against the one before it."""
    rule = get_rule_by_id(rule_id=rule_id)
    names = get_directory(desk.context).names
    versions = list_rule_versions(key=rule.key)
    lines = [
        {
            "version": new,
            "differences": describe_differences(
                (old.name, old.definition), (new.name, new.definition), names
            ),
        }
        for new, old in pairwise(versions[: SHOWN + 1])
    ]
    first = versions[-1]
    if len(versions) <= SHOWN:
        lines.append(
            {"version": first, "differences": [], "says": describe_rule(first.name, first.definition, names)}
        )
    return render(request, "dashboard/rules/versions.html", {"rule": rule, "lines": lines, "desk": desk})


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rules")
def take_version(request: HttpRequest, desk: Desk, rule_id: int, number: int) -> HttpResponse:
    """Back to what a version said, after its difference from what stands was seen."""
    rule = get_rule_by_id(rule_id=rule_id)
    wanted = get_rule_version(key=rule.key, number=min(number, 2**31 - 1))
    assert rule.latest is not None
    names = get_directory(desk.context).names
    differences = describe_differences(
        (rule.latest.name, rule.latest.definition), (wanted.name, wanted.definition), names
    )
    seen = request.POST.get("seen", "")
    page = Confirm(
        title=f"Go back to version {wanted.number}?",
        lead=f"“{rule.name}” stands at version {rule.latest.number}. This makes a new version that says what version "
        f"{wanted.number} said; points already given stay.",
        submit=f"Go back to version {wanted.number}",
        back=reverse("dashboard-rule-versions", args=[rule_id]),
        consequences=[
            Consequence(f"{one.label}: {one.before} → {one.after}", "arrow-right") for one in differences
        ]
        or [Consequence("Nothing: it says the same as what stands.")],
        hidden=[("seen", str(rule.latest.number))],
        danger=False,
    )
    # Somebody was faster: what was confirmed is no longer what would happen, so it is shown anew.
    if not is_confirmed(request, page) or seen != str(rule.latest.number):
        return show_confirm(request, page)
    revert_rule(key=rule.key, number=wanted.number, actor=desk.actor, expected_version=int(seen))
    text = f"“{wanted.name}” says again what it said in version {wanted.number}."
    return go_to(request, page.back, text)
