"""Level roles: which Discord role comes with which level, by name, with what stands in the way and its fix."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form
from integrations.discord.client import get_client
from integrations.discord.directory import Directory, get_directory
from integrations.discord.errors import BotTokenMissingError, DiscordUnavailableError
from integrations.discord.models import LevelRole
from integrations.discord.role_making import (
    change_level_role,
    get_level_role,
    list_level_roles,
    make_level_role,
)
from integrations.discord.roles import add_level_role, remove_level_role

GATE = "level_roles"
KEEPS = [
    (LevelRole.Keep.STACK, "Members keep it at higher levels"),
    (LevelRole.Keep.HIGHEST, "The next role replaces it"),
]


class LevelRoleForm(DeskForm):
    level = forms.IntegerField(
        label="From level",
        min_value=1,
        max_value=1_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    role = forms.ChoiceField(label="Role", required=False, help_text="Roles that EngageHub may give.")
    name = forms.CharField(
        label="Or a new role called",
        required=False,
        max_length=100,
        help_text="It is made in Discord, without permissions.",
    )
    keep = forms.ChoiceField(
        label="Afterwards", choices=KEEPS, widget=forms.RadioSelect, initial=LevelRole.Keep.STACK
    )

    def __init__(self, *args: Any, directory: Directory, taken: set[str], **options: Any) -> None:
        super().__init__(*args, **options)
        free = [line for line in directory.roles if line.id not in taken]
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [
            ("", "Choose a role"),
            *((line.id, f"@{line.name}") for line in free if not line.problem),
        ]
        self.blocked = [line for line in free if line.problem]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("role")) == bool(data.get("name")) and "role" not in self.errors:
            self.add_error("role", "Choose a role, or name a new one; not both.")
        return data


class ChangeForm(DeskForm):
    level = LevelRoleForm.base_fields["level"]
    keep = LevelRoleForm.base_fields["keep"]


@require_safe
@dashboard_page("view_settings")
def show_level_roles(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory = get_directory(desk.context)
    problems = {line.id: line.problem for line in directory.roles}
    gone = "This role no longer exists in Discord, so nobody gets it. Remove it here, or choose another one."
    lines = [
        {
            "row": row,
            "name": directory.name_of(str(row.role_id)),
            "problem": problems.get(str(row.role_id), gone if directory.seen_at else ""),
        }
        for row in list_level_roles()
    ]
    return render(request, "dashboard/levels/roles.html", {"lines": lines, "directory": directory})


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_announcements")
def give_role(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory = get_directory(desk.context)
    taken = {str(row.role_id) for row in list_level_roles()}
    form = LevelRoleForm(request.POST or None, directory=directory, taken=taken)
    back = reverse("dashboard-level-roles")
    if form.is_valid():
        row = form.try_to(lambda: _add(desk, form.cleaned_data))
        if row is not None:
            text = f"From level {row.level} on, members get the role. Those who are there already get it within minutes."
            return go_to(request, back, text)
    page = FormPage(
        form, title="Give a role for a level", submit="Give the role", back=back, facts={"directory": directory},
        lead="EngageHub gives and takes the roles that you list here, and no others.",
        locked_by="" if desk.opens[GATE] else GATE,
    )  # fmt: skip
    return show_form(request, page, template="dashboard/levels/give_role.html")


def _add(desk: Desk, data: dict[str, Any]) -> LevelRole:
    if data["role"]:
        return add_level_role(
            level=data["level"], role_id=int(data["role"]), keep=data["keep"], actor=desk.actor
        )
    try:
        client = get_client()
    except BotTokenMissingError as error:
        raise DiscordUnavailableError() from error
    return make_level_role(
        desk.context, client, level=data["level"], name=data["name"], keep=data["keep"], actor=desk.actor
    )


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_announcements")
def move_role(request: HttpRequest, desk: Desk, role_id: int) -> HttpResponse:
    row = get_level_role(role_id=role_id)
    name = get_directory(desk.context).name_of(str(role_id))
    form = ChangeForm(request.POST or None, initial={"level": row.level, "keep": row.keep})
    back = reverse("dashboard-level-roles")
    if form.is_valid():
        data = form.cleaned_data
        moved = form.try_to(
            lambda: change_level_role(
                role_id=role_id, level=data["level"], keep=data["keep"], actor=desk.actor
            )
        )
        if moved is not None:
            return go_to(
                request, back, f"{name} comes with level {moved.level} now. Members follow within minutes."
            )
    locked_by = "" if desk.opens[GATE] else GATE
    return show_form(request, FormPage(form, title=name, submit="Save", back=back, locked_by=locked_by))


@require_POST
@dashboard_page("change_announcements")
def drop_role(request: HttpRequest, desk: Desk, role_id: int) -> HttpResponse:
    """No longer ours; the way back gives it from the same level on."""
    row = get_level_role(role_id=role_id)
    name = get_directory(desk.context).name_of(str(role_id))
    remove_level_role(role_id=role_id, actor=desk.actor)
    undo = f"{reverse('dashboard-level-role-restore', args=[role_id])}?level={row.level}&keep={row.keep}"
    return go_to(
        request,
        reverse("dashboard-level-roles"),
        f"{name} is no longer given. Those who have it keep it.",
        undo=undo,
    )


@require_POST
@dashboard_page("change_announcements")
def bring_role_back(request: HttpRequest, desk: Desk, role_id: int) -> HttpResponse:
    level = request.GET.get("level", "")
    number = int(level) if level.isdecimal() and len(level) < 6 else 0
    add_level_role(level=number, role_id=role_id, keep=request.GET.get("keep", ""), actor=desk.actor)
    return go_to(request, reverse("dashboard-level-roles"), "The role is given again.")
