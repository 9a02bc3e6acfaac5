"""Ready-made kinds in packs: seen before they are there, installed all or some, taken out again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.submissions.templates import (
    THERE,
    PackPreview,
    install_pack,
    list_packs,
    preview_pack,
    remove_pack,
)
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.figures import write_unit
from frontend_api.portal.submissions.words import worth_of
from frontend_api.questions import build_questions


@require_safe
@dashboard_page("change_submission_types")
def show_packs(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The packs with what is in them. Three queries."""
    packs = list_packs(context=desk.context)
    facts = {"desk": desk, "packs": packs, "room": packs[0].room if packs else 0}
    return render(request, "dashboard/submissions/packs.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_submission_types")
def show_pack(request: HttpRequest, desk: Desk, pack: str) -> HttpResponse:
    """Each kind as members will see it, with a tick. `do` of what is sent: `install` or `remove`."""
    preview = preview_pack(pack=pack, context=desk.context)
    if request.method == "POST":
        return _act(request, desk, preview)
    items = [
        {
            "item": item,
            "template": item.template,
            "there": item.state == THERE,
            "worth": worth_of(item.form, desk.context),
            "questions": build_questions(desk.context, item.form, {}),
        }
        for item in preview.items
    ]
    facts = {"desk": desk, "pack": preview.pack, "preview": preview, "items": items}
    return render(request, "dashboard/submissions/pack.html", facts)


def _act(request: HttpRequest, desk: Desk, preview: PackPreview) -> HttpResponse:
    pack = preview.pack
    if request.POST.get("do") == "remove":
        gone = remove_pack(pack=pack.key, actor=desk.actor)
        text = f"“{pack.name}” is taken out: {write_unit(gone.deleted, 'kinds')} deleted, {write_unit(gone.archived, 'kinds')} archived with what was handed in."
        return go_to(request, reverse("dashboard-submission-types"), text)
    known = {item.template.key for item in preview.items}
    keys = [key for key in request.POST.getlist("keys") if key in known]
    if not keys:
        here = reverse("dashboard-submission-pack", args=[pack.key])
        return go_to(request, here, "Tick the kinds that you want. Nothing was installed.", kind="warn")
    made = install_pack(context=desk.context, pack=pack.key, actor=desk.actor, keys=keys)
    off = sum(not one.active for one in made)
    text = f"{write_unit(len(made), 'kinds')} added."
    if off:
        text += f" {write_unit(off, 'kinds')} of them {'is' if off == 1 else 'are'} switched off: the plan has no room for more."
    return go_to(request, reverse("dashboard-submission-types"), text, kind="warn" if off else "good")
