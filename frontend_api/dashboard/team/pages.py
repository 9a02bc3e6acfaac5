"""The team's list, invites, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.access.team import invite_teammate, map_role, renew_invite, withdraw_invite
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import FormPage, show_form
from integrations.discord.directory import get_directory
from saas.core import clock
from tenants.gates import limit_of
from tenants.invites import get_invite_address, list_invites
from tenants.models import Invite, Membership, Tenant, User
from tenants.permissions import Rights, Role, rights_of
from tenants.seats import SEATS, is_frozen
from tenants.team import list_team

from .forms import InviteForm, MapForm
from .words import ROLE_WORDS, SHOWN_ROLES, describe_exceptions, list_role_table

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody on the team. `can_change`: the one who looks stands above them and may."""

    row: Membership
    rights: Rights
    exceptions: str
    is_me: bool
    can_change: bool
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class MapLine:
    role_id: str
    name: str
    is_known: bool
    stands_for: str


@require_safe
@dashboard_page("view_team")
def show_team(request: HttpRequest, desk: Desk) -> HttpResponse:
    """People, open invites and Discord's roles. The same number of queries whatever the team's size."""
    tenant = Tenant.objects.get(pk=desk.context.tenant_id)
    directory = get_directory(desk.context)
    mapped = {str(role): name for role, name in tenant.role_map.items()}
    lines = [
        MapLine(role, directory.name_of(role), role in directory.names, name) for role, name in mapped.items()
    ]
    free = [one for one in directory.roles if one.id not in mapped]
    people = _list_people(desk)
    facts = {
        "desk": desk,
        "people": people,
        "frozen": sum(line.is_frozen for line in people),
        "seats": limit_of(SEATS, desk.context.entitlements, clock.now()),
        "invites": list_invites(tenant=tenant),
        "now": clock.now(),
        "map_lines": sorted(lines, key=lambda line: (line.stands_for, line.name)),
        "directory": directory,
        "map_form": MapForm(rights=desk.person.rights, roles=free) if directory.roles else None,
    }
    return render(request, "dashboard/team/list.html", facts)


@require_safe
@dashboard_page("view_team")
def show_roles(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What each role may do, written from the table itself."""
    facts = {
        "roles": [(role.title, ROLE_WORDS[role]) for role in SHOWN_ROLES],
        "lines": list_role_table(),
        "back": reverse("dashboard-team"),
    }
    return render(request, "dashboard/team/roles.html", facts)


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_team")
def invite(request: HttpRequest, desk: Desk) -> HttpResponse:
    """By mail, or by a link that is shown once."""
    form = InviteForm(
        request.POST if request.method == "POST" else None,
        rights=desk.person.rights,
        initial={"role": Role.MODERATOR.title},
    )
    if form.is_valid():
        made = form.try_to(
            lambda: invite_teammate(
                context=desk.context, role=form.chosen_role, email=form.cleaned_data["email"],
                by=User.objects.get(pk=desk.user_id), actor=desk.actor,
            )
        )  # fmt: skip
        if made is not None:
            return _tell_invite(request, *made)
    page = FormPage(
        form, title="Invite somebody to the team", submit="Invite", back=reverse("dashboard-team"),
        lead="They can do what the role says as soon as they have accepted. You can change it at any time.",
    )  # fmt: skip
    return show_form(request, page)


@never_cache
@require_POST
@dashboard_page("manage_team")
def renew(request: HttpRequest, desk: Desk, invite_id: int) -> HttpResponse:
    """Send it again, or make a new link."""
    made = renew_invite(context=desk.context, invite_id=invite_id, by_user_id=desk.user_id, actor=desk.actor)
    return _tell_invite(request, *made)


@require_POST
@dashboard_page("manage_team")
def withdraw(request: HttpRequest, desk: Desk, invite_id: int) -> HttpResponse:
    gone = withdraw_invite(
        context=desk.context, invite_id=invite_id, by_user_id=desk.user_id, actor=desk.actor
    )
    whose = f"to {gone.email}" if gone.email else "by link"
    return go_to(request, reverse("dashboard-team"), f"The invite {whose} no longer works.")


@require_POST
@dashboard_page("manage_team")
def change_map(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A Discord role begins or ceases to stand for a role here. It is picked by its name."""
    directory = get_directory(desk.context)
    team = reverse("dashboard-team")
    gone = request.POST.get("remove", "")
    if gone.isdecimal() and len(gone) < 20:
        map_role(
            context=desk.context, role_id=int(gone), role_name=directory.name_of(gone), role=None,
            by_user_id=desk.user_id, actor=desk.actor,
        )  # fmt: skip
        return go_to(request, team, f"{directory.name_of(gone)} stands for nothing here any more.")
    form = MapForm(request.POST, rights=desk.person.rights, roles=directory.roles)
    if not form.is_valid():
        return go_to(request, team, "Choose a role of your server and what it stands for.", kind="warn")
    chosen, role = form.cleaned_data["role_id"], Role[form.cleaned_data["role"].upper()]
    map_role(
        context=desk.context, role_id=int(chosen), role_name=directory.name_of(chosen), role=role,
        by_user_id=desk.user_id, actor=desk.actor,
    )  # fmt: skip
    return go_to(request, team, f"Whoever has {directory.name_of(chosen)} in Discord is {role.title} here.")


def _list_people(desk: Desk) -> list[PersonLine]:
    mine = desk.person.rights
    people = []
    for row in list_team(tenant_id=desk.context.tenant_id):
        rights, is_me = rights_of(row), row.user_id == desk.user_id
        below = rights.role < mine.role and not is_me
        people.append(
            PersonLine(
                row,
                rights,
                describe_exceptions(rights),
                is_me,
                below and mine.may("manage_team"),
                is_frozen(row),
            )
        )
    return people


def _tell_invite(request: HttpRequest, made: Invite, token: str) -> HttpResponse:
    """A mailed one is on its way; a link is shown here and never again."""
    if made.email:
        return go_to(
            request,
            reverse("dashboard-team"),
            f"{made.email} is invited as {made.role}. The mail is on its way.",
        )
    facts = {"invite": made, "address": get_invite_address(token), "back": reverse("dashboard-team")}
    return render(request, "dashboard/team/invited.html", facts)
