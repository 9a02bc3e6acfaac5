"""The catalogue as a file: out as CSV, and in again with every difference shown before anything is changed."""

from __future__ import annotations

from typing import Final

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.audit.services import record_audit
from engagement.rewards.exchange import (
    apply_table,
    begin_table,
    get_run,
    undo_table,
    write_catalogue,
)
from engagement.rewards.models import CatalogueRun
from engagement.rewards.table_rows import COLUMNS, MOST_ROWS
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm
from saas.core import clock
from saas.core.errors import ConflictError
from saas.core.ids import new_ulid

_SHOWN: Final = 300  # lines on a page; errors come first
_RANKS: Final = {"wrong": 0, "new": 1, "changed": 2, "same": 3}


class TableForm(DeskForm):
    file = forms.FileField(
        label="Table",
        help_text=f"CSV in UTF-8, UTF-16 or Latin-1, up to {MOST_ROWS:,} lines. Nothing is changed before you have seen the differences.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty. Choose another one."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_rewards")
def show_exchange(request: HttpRequest, desk: Desk) -> HttpResponse:
    form = TableForm(request.POST or None, request.FILES or None) if request.method == "POST" else TableForm()
    token = request.POST.get("token", "")[:26] or new_ulid()
    if request.method == "POST":
        desk.require("change_rewards")
        if form.is_valid():
            file = form.cleaned_data["file"]
            run = form.try_to(
                lambda: begin_table(
                    context=desk.context,
                    name=file.name,
                    data=file.read(),
                    actor=desk.actor,
                    key=f"table:{token}",
                )
            )
            if run is not None:
                return go_to(request, reverse("dashboard-rewards-table", args=[run.pk]))
    facts = {
        "form": form,
        "token": token,
        "columns": COLUMNS,
        "runs": CatalogueRun.objects.filter(kind=CatalogueRun.Kind.TABLE)
        .defer("lines", "before")
        .order_by("-pk")[:10],
    }
    return render(
        request,
        "dashboard/rewards/exchange.html",
        facts,
        status=422 if form.is_bound and form.errors else 200,
    )


@require_safe
@dashboard_page("view_rewards")
def export_catalogue(request: HttpRequest, desk: Desk) -> HttpResponse:
    with transaction.atomic():
        record_audit(
            actor=desk.actor, action="reward.exported", target_kind="rewards", target_name=desk.context.name
        )
    response = HttpResponse(b"".join(write_catalogue()), content_type="text/csv; charset=utf-8")
    day = clock.local_day(clock.now(), desk.context.timezone)
    response["Content-Disposition"] = f'attachment; filename="{desk.context.slug}-rewards-{day}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@dashboard_page("change_rewards")
def show_table(request: HttpRequest, desk: Desk, table_id: int) -> HttpResponse:
    """What a table would change, or has changed; for htmx, which polls while a job is at work, its progress alone."""
    run = get_run(run_id=table_id, kind=CatalogueRun.Kind.TABLE)
    if request.headers.get("HX-Target") == "progress":
        if run.state == CatalogueRun.State.RUNNING:
            return render(request, "dashboard/rewards/table_progress.html", {"run": run})
        done = HttpResponse()
        done["HX-Refresh"] = "true"
        return done
    lines = sorted(run.lines, key=lambda line: (_RANKS[line["act"]], line["line"]))
    told = [line for line in lines if line["act"] != "same"]
    facts = {
        "run": run,
        "lines": told[:_SHOWN],
        "more": max(len(told) - _SHOWN, 0),
        "changes": run.added + run.changed,
    }
    return render(request, "dashboard/rewards/table.html", facts)


@require_POST
@dashboard_page("change_rewards")
def act_on_table(request: HttpRequest, desk: Desk, table_id: int) -> HttpResponse:
    """`do` is apply or undo."""
    back = reverse("dashboard-rewards-table", args=[table_id])
    try:
        if request.POST.get("do") == "undo":
            left = undo_table(run_id=table_id, context=desk.context, actor=desk.actor)
            if left:
                names = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
                text = f"Taken back, but for what somebody changed since, which stays: {names}."
                return go_to(request, back, text, kind="warn")
            return go_to(request, back, "The table is taken back. What it made is in the archive.")
        apply_table(run_id=table_id, actor=desk.actor)
    except ConflictError as error:
        return go_to(request, back, error.message, kind="warn")
    return go_to(request, back)
