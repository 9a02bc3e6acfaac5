"""The kinds of credits: the list, the editor, archiving, and who is trusted to decide."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.credits.approvers import add_approver, list_approvers, remove_approver
from engagement.credits.automatic import describe_automatic
from engagement.credits.models import CreditType
from engagement.credits.selectors import list_types
from engagement.credits.types import (
    LIMIT,
    archive_type,
    change_type,
    create_type,
    get_type_by_id,
    restore_type,
)
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.conflicts import (
    Opened,
    as_posted,
    read_opened,
    seal,
    settle,
    show_conflict,
    version_of,
)
from frontend_api.dashboard.parts.forms import FormPage, show_form
from integrations.discord.directory import get_directory
from saas.core import clock
from saas.core.errors import NotAllowedError
from tenants.gates import LimitReachedError, limit_of
from tenants.models import Membership

from .forms import ApproverForm, TypeForm, initial_of
from .frame import list_tabs


@require_safe
@dashboard_page("view_credits")
def show_types(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Each with its limits, its rule and what waits; frozen ones say why."""
    lines = list_types(context=desk.context, with_archived=True, with_waiting=True)
    used = sum(line.type.archived_at is None for line in lines)
    allowed = limit_of(LIMIT, desk.context.entitlements, clock.now())
    facts = {
        "desk": desk,
        "tabs": list_tabs(request),
        "lines": [
            (line, describe_automatic(line.type.automatic, f"{line.type.name} {line.type.unit}"))
            for line in lines
        ],
        "used": used,
        "allowed": allowed,
        "limited": allowed < 10_000,
        "frozen": sum(line.frozen for line in lines),
        "has_room": used < allowed,
    }
    return render(request, "dashboard/credits/types.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_credits")
def add_type(request: HttpRequest, desk: Desk) -> HttpResponse:
    form = TypeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = form.try_to(lambda: create_type(context=desk.context, draft=form.draft(), actor=desk.actor))
        if made is not None:
            return go_to(
                request,
                reverse("dashboard-credit-types"),
                f"{made.name} credits are there. Members can request them.",
            )
    page = FormPage(
        form,
        title="Make a kind of credits",
        lead="A currency of your own beside points: requested by members, granted by you, spent by your programs.",
        submit="Make it",
        back=reverse("dashboard-credit-types"),
    )
    return show_form(request, page, template="dashboard/credits/type.html")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_credits")
def edit_type(request: HttpRequest, desk: Desk, credit_type_id: int) -> HttpResponse:
    row = get_type_by_id(credit_type_id)
    now = _opened(row)
    if request.method != "POST":
        return _show(request, desk, _form(row, None), row, seal(now))
    opened = read_opened(request.POST)
    form = _form(row, settle(request.POST))
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="Somebody of the team",
                title=f"Change {row.name} credits", back=reverse("dashboard-credit-types"),
            )  # fmt: skip
        draft = form.draft(channel_id=row.channel_id)
        try:
            made = form.try_to(
                lambda: change_type(context=desk.context, type_id=row.pk, draft=draft, actor=desk.actor)
            )
        except NotAllowedError as error:
            form.add_problem(error)
            made = None
        if made is not None:
            return go_to(request, reverse("dashboard-credit-types"), f"{made.name} credits are saved.")
    return _show(request, desk, form, row, request.POST.get("opened", ""))


@require_POST
@dashboard_page("change_credits")
def archive(request: HttpRequest, desk: Desk, credit_type_id: int) -> HttpResponse:
    row = archive_type(context=desk.context, type_id=credit_type_id, actor=desk.actor)
    return go_to(
        request,
        reverse("dashboard-credit-types"),
        f"{row.name} credits are archived: nobody can request them, and what members have can be spent.",
        undo=reverse("dashboard-credit-type-restore", args=[row.pk]),
    )


@require_POST
@dashboard_page("change_credits")
def restore(request: HttpRequest, desk: Desk, credit_type_id: int) -> HttpResponse:
    here = reverse("dashboard-credit-types")
    try:
        row = restore_type(context=desk.context, type_id=credit_type_id, actor=desk.actor)
    except LimitReachedError as error:
        return go_to(request, here, error.message, kind="warn")
    return go_to(request, here, f"{row.name} credits are back.")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_credits")
def trust(request: HttpRequest, desk: Desk, credit_type_id: int) -> HttpResponse:
    """A person of the team or a Discord role, with a quota."""
    row = get_type_by_id(credit_type_id)
    team = Membership.objects.filter(tenant_id=desk.context.tenant_id).select_related("user")
    form = ApproverForm(
        request.POST if request.method == "POST" else None,
        people=sorted(
            ((str(one.user_id), str(one.user)) for one in team), key=lambda pair: pair[1].casefold()
        ),
        roles=[(role.id, f"@{role.name}") for role in get_directory(desk.context).roles],
    )
    back = reverse("dashboard-credit-type", args=[row.pk])
    if form.is_valid():
        who, name = form.chosen()
        data = form.cleaned_data
        made = form.try_to(
            lambda: add_approver(
                type_id=row.pk, name=name, actor=desk.actor, quota=data["quota"], period=data["period"], **who
            )
        )
        if made is not None:
            return go_to(request, back, f"{made.name} may decide on {row.name} credits.")
    page = FormPage(
        form,
        title=f"Let somebody decide on {row.name} credits",
        lead="They find what waits on their own page, under Credits.",
        submit="Let them decide",
        back=back,
    )
    return show_form(request, page)


@require_POST
@dashboard_page("change_credits")
def trust_no_longer(request: HttpRequest, desk: Desk, credit_type_id: int, approver_id: int) -> HttpResponse:
    remove_approver(approver_id=approver_id, type_id=credit_type_id, actor=desk.actor)
    back = reverse("dashboard-credit-type", args=[credit_type_id])
    return go_to(request, back, "They decide no longer. What they decided stays.")


def _form(row: CreditType, sent: object) -> TypeForm:
    return TypeForm(sent, initial=initial_of(row), fixed_key=True, plans=row.automatic.get("plans", ()))


def _opened(row: CreditType) -> Opened:
    values = as_posted(_form(row, None))
    return Opened(version_of(values), values)


def _show(request: HttpRequest, desk: Desk, form: TypeForm, row: CreditType, opened: str) -> HttpResponse:
    page = FormPage(
        form,
        title=f"{row.name} credits",
        lead="What you change holds for requests from now on; those that wait are decided as they were made.",
        submit="Save",
        back=reverse("dashboard-credit-types"),
        opened=opened,
        facts={"row": row, "approvers": list_approvers(context=desk.context, type_id=row.pk), "desk": desk},
    )
    return show_form(request, page, template="dashboard/credits/type.html")
