"""One person of the team: their role, single things given or taken, removing them; and leaving oneself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.access.team import change_teammate, leave_team, remove_teammate
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from saas.core.errors import ConflictError
from tenants.permissions import Rights, Role, rights_of
from tenants.team import get_teammate

from .forms import RoleForm
from .words import list_actions, read_ticks

GATE = "team_grants"
GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@dashboard_page("manage_team")
def show_person(request: HttpRequest, desk: Desk, membership_id: int) -> HttpResponse:
    """Two forms, each saved by itself: the role, and the single things."""
    row = get_teammate(tenant_id=desk.context.tenant_id, membership_id=membership_id)
    rights, mine = rights_of(row), desk.person.rights
    is_me = row.user_id == desk.user_id
    can_change = rights.role < mine.role and not is_me
    form = RoleForm(
        request.POST if request.POST.get("what") == "role" else None, rights=mine,
        initial={"role": rights.role.title},
    )  # fmt: skip
    problem = ""
    if request.method == "POST":
        try:
            if _save(request, desk, membership_id, form):
                return go_to(request, request.path, f"What {row.user} may do is saved.")
        except ConflictError as error:
            problem = error.message
    facts = {
        "desk": desk,
        "row": row,
        "rights": rights,
        "is_me": is_me,
        "can_change": can_change,
        "form": form,
        "problem": problem,
        "lines": list_actions(rights, mine, may_add=desk.opens[GATE]),
        "seen": write_rights(rights),
        "back": reverse("dashboard-team"),
    }
    return render(
        request, "dashboard/team/person.html", facts, status=409 if problem else 422 if form.errors else 200
    )


@require_http_methods(GET_OR_POST)
@dashboard_page("manage_team")
def remove(request: HttpRequest, desk: Desk, membership_id: int) -> HttpResponse:
    row = get_teammate(tenant_id=desk.context.tenant_id, membership_id=membership_id)
    page = Confirm(
        title=f"Remove {row.user} from the team",
        submit="Remove from the team",
        back=reverse("dashboard-team-person", args=[row.pk]),
        consequences=(
            Consequence(f"{row.user} can no longer open this dashboard, from now on.", "lock"),
            Consequence("Their points and their page as a member stay as they are.", "user"),
            Consequence(
                "What they did stays in the audit log. You can invite them again at any time.", "history"
            ),
        ),
    )
    if is_confirmed(request, page):
        remove_teammate(
            context=desk.context, membership_id=membership_id, by_user_id=desk.user_id, actor=desk.actor
        )
        return go_to(request, reverse("dashboard-team"), f"{row.user} is no longer on the team.")
    return show_confirm(request, page)


@require_http_methods(GET_OR_POST)
@dashboard_page("view_team")
def leave(request: HttpRequest, desk: Desk) -> HttpResponse:
    page = Confirm(
        title=f"Leave the team of {desk.context.name}",
        submit="Leave the team",
        back=reverse("dashboard-team"),
        consequences=(
            Consequence("You can no longer open this dashboard, from now on.", "lock"),
            Consequence("Your points and your page as a member stay as they are.", "user"),
            Consequence("To come back, somebody has to invite you again.", "mail"),
        ),
    )
    if is_confirmed(request, page):
        leave_team(context=desk.context, user_id=desk.user_id, actor=desk.actor)
        return go_to(request, reverse("front"))
    return show_confirm(request, page)


def write_rights(rights: Rights) -> str:
    """What the page showed, to be sent along, so that a change in between is noticed."""
    return "|".join([rights.role.title, ",".join(sorted(rights.given)), ",".join(sorted(rights.taken))])


def _save(request: HttpRequest, desk: Desk, membership_id: int, form: RoleForm) -> bool:
    seen = _read_rights(request.POST.get("seen", ""))
    if request.POST.get("what") == "role":
        if not form.is_valid():
            return False
        change_teammate(
            context=desk.context, membership_id=membership_id, by_user_id=desk.user_id, actor=desk.actor,
            role=form.chosen_role, expected=seen,
        )  # fmt: skip
        return True
    # What the plan said when the page was made; the service asks it again.
    may_add = request.POST.get("gate") != "closed"
    given, taken = read_ticks(seen, desk.person.rights, request.POST.getlist("may"), may_add=may_add)
    change_teammate(
        context=desk.context, membership_id=membership_id, by_user_id=desk.user_id, actor=desk.actor, given=given,
        taken=taken, expected=seen,
    )  # fmt: skip
    return True


def _read_rights(text: str) -> Rights:
    """The other way round. Whatever is not what we wrote reads as rights that nobody on a team has."""
    role, _, rest = text.partition("|")
    given, _, taken = rest.partition("|")
    if role.upper() not in Role.__members__:
        return Rights(Role.STRANGER)
    return Rights(
        Role[role.upper()],
        frozenset(one for one in given.split(",") if one),
        frozenset(one for one in taken.split(",") if one),
    )
