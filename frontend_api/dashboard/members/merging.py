"""Two members who are one person: chosen by name, shown what it would do, merged."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.members.errors import CannotMergeError
from engagement.members.selectors import find_members, get_member
from engagement.progression.merging import MergePreview, merge_members, preview_merge
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.member_picker import MAX_TEXT, picked_member
from frontend_api.figures import write_unit

PICKED = 12


@require_safe
@dashboard_page("view_members")
def pick_members(request: HttpRequest, desk: Desk) -> HttpResponse:
    """For the picker of every form: members by name, as radio buttons."""
    text = " ".join(request.GET.get("member_text", "").replace("\x00", "").split())[:MAX_TEXT]
    found = find_members(text=text, limit=PICKED) if text else []
    return render(request, "parts/member_picker_found.html", {"found": found, "text": text})


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("delete_members")
def merge(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    """`member_id` stays; who is chosen goes over into them."""
    kept = get_member(member_id=member_id)
    back = reverse("dashboard-member", args=[member_id])
    choice = picked_member(request)
    facts = {"desk": desk, "kept": kept, "back": back, "picker": choice}
    if choice.member is None:
        return render(request, "dashboard/members/merge.html", facts, status=422 if choice.error else 200)
    try:
        preview = preview_merge(kept_id=member_id, gone_id=choice.member.pk, context=desk.context)
    except CannotMergeError as error:
        facts["picker"] = choice.refused(error.message)
        return render(request, "dashboard/members/merge.html", facts, status=422)
    page = _ask(preview, back, desk)
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    merged = merge_members(
        kept_id=member_id, gone_id=choice.member.pk, actor=desk.actor, context=desk.context
    )
    return go_to(request, back, f"{preview.gone.name} and {merged.display_name} are one member now.")


def _ask(preview: MergePreview, back: str, desk: Desk) -> Confirm:
    kept, gone, points = preview.kept, preview.gone, desk.context.points_name
    lines = [
        Consequence(
            f"{kept.name} has {write_unit(kept.lifetime, points)}, {gone.name} {write_unit(gone.lifetime, points)}. "
            f"Together: {write_unit(preview.lifetime, points)}, level {preview.level}; "
            f"{write_unit(preview.current, points)} to spend.",
            "coins",
        ),
        Consequence("Every day counts as it did: weeks, months and seasons keep their sums.", "calendar"),
        Consequence(
            f"{write_unit(len(gone.identities), 'accounts')} of {gone.name}"
            f"{' and the login' if gone.has_login else ''} will lead to {kept.name} from now on.",
            "link",
        ),
        Consequence(f"Name, picture and visibility stay {kept.name}’s.", "user"),
        Consequence("This cannot be undone.", "alert-triangle"),
    ]
    if preview.debt:
        lines.insert(1, Consequence(f"{write_unit(preview.debt, points)} of debt remain.", "coins"))
    return Confirm(
        title=f"Merge {gone.name} into {kept.name}?",
        submit="Merge the two",
        back=back,
        consequences=lines,
        typed=gone.name,
        hidden=[("member", str(gone.member_id))],
    )
