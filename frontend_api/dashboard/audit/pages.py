"""The audit log: its list, one entry, its file."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from engagement.audit.actions import GROUPS, words_of
from engagement.audit.selectors import find_seal, get_entry, get_head
from engagement.audit.services import record_audit
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list
from tenants.gatekeeping import require_gate
from tenants.team import list_team

from .difference import describe_change
from .listing import DOORS, KINDS, build_audit_file, build_audit_list, describe

GATE = "audit_export"


@require_safe
@dashboard_page("view_audit")
def show_audit(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Searched by name, reason, kind of act, person, outcome and day; all of it in the address."""
    return show_list(
        request,
        desk,
        build_audit_list(list_team(tenant_id=desk.context.tenant_id), request.GET),
        template="dashboard/audit/list.html",
        export_action="export_audit",
        export_gate=GATE,
    )


@require_safe
@dashboard_page("view_audit")
def show_entry(request: HttpRequest, desk: Desk, entry_id: int) -> HttpResponse:
    """One entry: who, from where, what was before and after, and its place in the chain."""
    entry = get_entry(entry_id)
    facts = {
        "entry": entry,
        "title": describe(entry),
        "words": words_of(entry.action),
        "group": GROUPS.get(entry.action.partition(".")[0], ""),
        "door": DOORS.get(entry.via, entry.via),
        "kind": KINDS.get(entry.actor_kind, entry.actor_kind),
        "lines": describe_change(entry),
        "seal": find_seal(entry.pk),
        "list_href": reverse("dashboard-audit"),
    }
    return render(request, "dashboard/audit/entry.html", facts)


@require_safe
@dashboard_page("export_audit")
def export_audit(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """What the address narrows the log to, as a file; who took it along is recorded first, with the chain's head."""
    if format not in FORMATS:
        raise Http404("The log is exported as csv or json.")
    require_gate(GATE, desk.context)
    kind = build_audit_file(list_team(tenant_id=desk.context.tenant_id), request.GET)
    head = get_head()
    with transaction.atomic():
        record_audit(
            actor=desk.actor,
            action="audit.exported",
            target_kind="audit",
            target_name=desk.context.name,
            after={"format": format, "narrowed": request.GET.urlencode()[:500], "head": head},
        )
    return export_list(request, desk, kind, format=format)
