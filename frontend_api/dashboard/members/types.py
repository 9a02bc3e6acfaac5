"""The community's member types."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.members.models import MemberType
from engagement.members.types import set_member_types
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

from .forms import TypesForm


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_members")
def edit_types(request: HttpRequest, desk: Desk) -> HttpResponse:
    initial = {"names": "\n".join(MemberType.objects.order_by("name").values_list("name", flat=True))}
    values = as_posted(TypesForm(initial=initial))
    now = Opened(version_of(values), values)
    back = reverse("dashboard-members")
    title = "Member types"
    form = TypesForm(settle(request.POST)) if request.method == "POST" else TypesForm(initial=initial)
    opened = read_opened(request.POST)
    if form.is_bound and form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", title=title, back=back
            )
        names = form.cleaned_data["names"].splitlines()
        made = form.try_to(lambda: set_member_types(names=names, actor=desk.actor))
        if made is not None:
            return go_to(
                request,
                back,
                f"{len(made)} member types are in use." if made else "No member types any more.",
            )
    lead = "Your own words for kinds of members. They are a filter of the list and a field of each member."
    page = FormPage(
        form,
        title=title,
        lead=lead,
        submit="Save",
        back=back,
        opened=request.POST.get("opened", "") if form.is_bound else seal(now),
    )
    return show_form(request, page)
