"""One member as the team sees them, and what can be done there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.analytics.selectors import get_profile, list_history
from engagement.analytics.team_view import MemberSheet, get_member_sheet
from engagement.analytics.window import has_older_history
from engagement.audit.selectors import list_history as list_audit
from engagement.members.claims import issue_claim_code
from engagement.members.errors import MemberChangedError
from engagement.members.models import Member
from engagement.members.selectors import get_member
from engagement.progression.people import (
    PURGE_AFTER,
    change_member,
    delete_member,
    describe_member,
    has_outside_name,
    register_member,
    restore_member,
)
from engagement.progression.services import adjust_points, undo_adjustment
from engagement.supporters.selectors import get_support
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
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
from frontend_api.dashboard.supporters.listing import show_state
from frontend_api.figures import write_signed, write_unit, write_whole
from frontend_api.plan_locks import describe_history
from integrations.discord.directory import get_directory

from .forms import MemberForm, PointsForm, initial_of

TABS = {"": "Overview", "history": "Points", "changes": "Changes"}
ENTRIES = 30


@require_safe
@dashboard_page("view_members")
def show_one(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    """Facts, identities, standing; on the tabs the entries with their why, and what the team changed."""
    sheet = get_member_sheet(member_id=member_id)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    before = request.GET.get("before", "")
    here = reverse("dashboard-member", args=[member_id])
    facts: dict[str, Any] = {
        "desk": desk,
        "sheet": sheet,
        "tab": tab,
        "tabs": [(f"{here}?tab={key}" if key else here, name, key == tab) for key, name in TABS.items()],
        "purge_days": PURGE_AFTER.days,
    }
    if not tab:
        directory = get_directory(desk.context)
        facts["roles"] = [directory.name_of(role) for role in sheet.member.role_ids]
        support = get_support(member_id=member_id) if desk.may("view_supporters") else None
        if support is not None:
            facts |= {"support": support, "support_state": show_state(support.supporter)}
    if tab == "history":
        before_id = int(before) if before.isdecimal() and len(before) < 19 else None
        entries = list_history(member_id=member_id, limit=ENTRIES + 1, before_id=before_id)
        facts |= {
            "entries": entries[:ENTRIES],
            "more": entries[ENTRIES - 1].entry_id if len(entries) > ENTRIES else None,
        }
        if not facts["more"] and has_older_history(member_id=member_id):
            facts["older_note"] = describe_history(desk.context, desk.person.rights)
    elif not sheet.is_deleted:
        facts["profile"] = get_profile(member_id=member_id)
    return render(request, "dashboard/members/detail.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_members")
def register(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Somebody without a Discord account; the claim code is the next step."""
    form = MemberForm(request.POST or None, initial={"request_key": uuid4().hex})
    if form.is_valid():
        made = form.try_to(
            lambda: register_member(
                facts=form.facts(desk.context.timezone),
                request_key=form.cleaned_data["request_key"],
                actor=desk.actor,
                context=desk.context,
            )
        )
        if made is not None:
            return go_to(request, _address(made.pk), f"{made.display_name} is registered.")
    page = FormPage(
        form,
        title="Register a member",
        lead="For people without a Discord account. Whoever it is can claim the points later, with a code that you make.",
        submit="Register",
        back=reverse("dashboard-members"),
    )
    return show_form(request, page)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_members")
def edit(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    member = get_member(member_id=member_id)
    fixed = has_outside_name(member_id)
    now = _opened(member, fixed)
    if request.method != "POST":
        form = MemberForm(initial=initial_of(member), fixed_name=fixed)
        return show_form(request, _edit_page(form, member, seal(now)))
    opened = read_opened(request.POST)
    form = MemberForm(settle(request.POST), fixed_name=fixed)
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return _show_difference(request, form, opened, now, member)
        expected = describe_member(member)
        try:
            made = form.try_to(
                lambda: change_member(
                    member_id=member_id,
                    facts=form.facts(desk.context.timezone),
                    expected=expected,
                    actor=desk.actor,
                )
            )
        except MemberChangedError:
            member = get_member(member_id=member_id)
            return _show_difference(request, form, opened, _opened(member, fixed), member)
        if made is not None:
            return go_to(request, _address(member_id), f"{made.display_name} is saved.")
    return show_form(request, _edit_page(form, member, request.POST.get("opened", "")))


def _opened(member: Member, fixed: bool) -> Opened:
    values = as_posted(MemberForm(initial=initial_of(member), fixed_name=fixed))
    return Opened(version_of(values), values)


def _edit_page(form: MemberForm, member: Member, opened: str) -> FormPage:
    return FormPage(
        form, title=f"Change {member.display_name}", submit="Save", back=_address(member.pk), opened=opened
    )


def _show_difference(
    request: HttpRequest, form: MemberForm, opened: Opened | None, now: Opened, member: Member
) -> HttpResponse:
    return show_conflict(
        request,
        form=form,
        opened=opened,
        now=now,
        changed_by=_last_to_change(member.pk),
        title=f"Change {member.display_name}",
        back=_address(member.pk),
    )


def _last_to_change(member_id: int) -> str:
    """Whom the difference is with; empty where nobody is known."""
    newest = list_audit(target_kind="member", target_id=member_id, limit=1)
    return newest[0].actor_name if newest else ""


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("adjust_points")
def adjust(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    """Give or take points; the page afterwards offers to undo it."""
    member = get_member(member_id=member_id)
    form = PointsForm(request.POST or None, initial={"request_key": uuid4().hex})
    if form.is_valid():
        made = form.try_to(
            lambda: adjust_points(
                member_id=member_id,
                amount=form.signed_amount(),
                reason=form.cleaned_data["reason"],
                actor=desk.actor,
                idempotency_key=f"desk:{desk.user_id}:{form.cleaned_data['request_key']}",
                context=desk.context,
            )
        )
        if made is not None:
            said = (
                f"{write_signed(made.amount)} {desk.context.points_name} for {member.display_name}, "
                f"who now has {write_whole(made.current)}."
            )
            undo = reverse("dashboard-member-undo", args=[member_id, made.adjustment_id])
            return go_to(request, _address(member_id), said, undo=undo)
    page = FormPage(
        form,
        title=f"Give or take {desk.context.points_name}",
        lead=f"{member.display_name}: level and boards follow at once.",
        submit="Book",
        back=_address(member_id),
    )
    return show_form(request, page)


@require_POST
@dashboard_page("undo_adjustment")
def undo(request: HttpRequest, desk: Desk, member_id: int, adjustment_id: int) -> HttpResponse:
    result = undo_adjustment(
        adjustment_id=adjustment_id,
        actor=desk.actor,
        idempotency_key=f"desk:undo:{adjustment_id}",
        context=desk.context,
    )
    return go_to(
        request, _address(member_id), f"Undone: {write_signed(result.amount)} {desk.context.points_name}."
    )


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("delete_members")
def delete(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    sheet = get_member_sheet(member_id=member_id)
    member = get_member(member_id=member_id)
    page = Confirm(
        title=f"Delete {member.display_name}?",
        submit="Delete the member",
        back=_address(member_id),
        consequences=list(_what_deleting_does(sheet, desk)),
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    delete_member(member_id=member_id, actor=desk.actor, context=desk.context)
    said = f"{member.display_name} is deleted. You can restore them for {PURGE_AFTER.days} days."
    return go_to(
        request, _address(member_id), said, undo=reverse("dashboard-member-restore", args=[member_id])
    )


def _what_deleting_does(sheet: MemberSheet, desk: Desk) -> list[Consequence]:
    points = write_unit(sheet.lifetime, desk.context.points_name)
    return [
        Consequence(f"They vanish from boards, lists, search and their own page, with {points}.", "eye-off"),
        Consequence("Whatever they go on doing in the server earns nothing until you restore them.", "ban"),
        Consequence(
            f"For {PURGE_AFTER.days} days you can restore them with everything they have.", "arrow-back-up"
        ),
        Consequence(
            "After that name, picture, note and accounts are erased for good. The sums of the ledger stay, under no name.",
            "trash",
        ),
    ]


@require_POST
@dashboard_page("delete_members")
def restore(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    member = restore_member(member_id=member_id, actor=desk.actor, context=desk.context)
    return go_to(request, _address(member_id), f"{member.display_name} is back, with everything they had.")


@require_POST
@dashboard_page("manage_members")
def make_code(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    """The code is on this answer and nowhere else: it is neither stored nor said again."""
    issued = issue_claim_code(member_id=member_id, actor=desk.actor)
    member = get_member(member_id=member_id)
    facts = {"desk": desk, "issued": issued, "member": member, "claim_path": reverse("claim")}
    response = render(request, "dashboard/members/code.html", facts)
    response["Cache-Control"] = "private, no-store"
    return response


def _address(member_id: int) -> str:
    return reverse("dashboard-member", args=[member_id])
