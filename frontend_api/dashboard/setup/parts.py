"""What a template brings to Discord, as the organiser accepts it: the announcement of level-ups, and level roles one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from engagement.kinds.packs import LevelRoleIdea, Pack
from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from frontend_api.dashboard.access import Desk
from frontend_api.dashboard.levels.announcements import AnnouncementForm
from integrations.discord.directory import SPEAKING, Directory, get_directory
from integrations.discord.previews import RoleChange, preview_roles
from integrations.discord.role_making import list_level_roles
from integrations.discord.template_parts import (
    Announcement,
    WantedRole,
    is_announced_by_template,
    list_planned_roles,
    list_wanted_roles,
)
from tenants.models import Tenant

MAKE: Final = "make"


class PartsForm(AnnouncementForm):
    """`announce` is the tick; one choice of a role follows for each idea of the pack. Without a server it is empty and valid."""

    announce = forms.BooleanField(label="Set the announcement of level-ups too", required=False)
    field_order = ("announce", "level_up", "channel_id", "text")

    def __init__(self, *args: Any, desk: Desk, pack: Pack, directory: Directory, **options: Any) -> None:
        self.directory, self.pack = directory, pack
        self.is_open = directory.is_linked and desk.may("change_announcements")
        super().__init__(*args, directory=directory, **options)
        self.fields["level_up"].required = False
        self.given: list[str] = []  # ideas that are so already
        self._ideas: list[tuple[str, LevelRoleIdea]] = []
        ours = {role.role_id for role in list_wanted_roles(context=desk.context)}
        theirs = {row.role_id: row for row in list_level_roles() if row.role_id not in ours}
        for idea in pack.level_roles:
            self._add_idea(idea, {str(role_id) for role_id in theirs})

    def _add_idea(self, idea: LevelRoleIdea, taken: set[str]) -> None:
        named = [line for line in self.directory.roles if line.name.casefold() == idea.name.casefold()]
        mine = next((line for line in named if line.id in taken), None)
        if mine is not None:
            self.given.append(f"@{mine.name}")
            return
        key = f"role-{idea.level}"
        problem = next((line.problem for line in named if line.problem), "")
        if not self.directory.may_manage_roles and not named and self.directory.seen_at:
            problem = "EngageHub may not make roles: it lacks Manage Roles. Its page says how to give it."
        free = [line for line in self.directory.roles if line.id not in taken and not line.problem]
        best = next((line.id for line in named if not line.problem), "" if problem else MAKE)
        self.fields[key] = forms.ChoiceField(
            label=f"From level {idea.level} on: {idea.name}",
            required=False,
            initial=best,
            help_text=problem,
            choices=[
                ("", "No role"),
                (MAKE, f"Create @{idea.name} when you go live"),
                *((line.id, f"@{line.name}") for line in sorted(free, key=lambda line: line.id != best)),
            ],
        )
        self._ideas.append((key, idea))

    @property
    def roles(self) -> list[forms.BoundField]:
        return [self[key] for key, _ in self._ideas]

    def read(self) -> tuple[Announcement | None, list[WantedRole]]:
        """What was accepted."""
        data = self.cleaned_data
        if not self.is_open:
            return None, []
        channel = int(data["channel_id"]) if data["channel_id"] else None
        told = Announcement(data["level_up"] or LevelUp.OFF, channel, data["text"])
        names = {line.id: line.name for line in self.directory.roles}
        roles = [
            WantedRole(idea.level, names.get(chosen, idea.name), idea.keep, None if chosen == MAKE else int(chosen))
            for key, idea in self._ideas
            if (chosen := data[key])
        ]  # fmt: skip
        return (told if data["announce"] else None), roles


def read_parts(desk: Desk, pack: Pack, sent: Mapping[str, Any] | None = None) -> PartsForm:
    """The form with what the pack suggests, or with what stands where this template is in use."""
    directory = get_directory(desk.context)
    setup = Tenant.objects.values_list("setup", flat=True).get(pk=desk.context.tenant_id)
    in_use = setup.get("template", {}).get("kind") == pack.kind and "discord" in setup
    free = is_announced_by_template(context=desk.context)
    initial: dict[str, Any] = {"announce": free}
    if in_use or not free:
        standing = get_notification_settings()
        initial |= {
            "level_up": standing.level_up,
            "channel_id": str(standing.channel_id or ""),
            "text": standing.text,
        }
    else:
        initial |= {
            "level_up": pack.announce_level_up,
            "channel_id": _find_channel(directory, pack.announce_channel),
            "text": pack.announce_sentence,
        }
    if in_use:
        accepted = {role.level: str(role.role_id or MAKE) for role in list_wanted_roles(context=desk.context)}
        initial |= {f"role-{idea.level}": accepted.get(idea.level, "") for idea in pack.level_roles}
    return PartsForm(sent, initial=initial, desk=desk, pack=pack, directory=directory)


def read_role_changes(desk: Desk) -> list[RoleChange]:
    """What going live does to roles, those that it makes too."""
    return preview_roles(planned=list_planned_roles(context=desk.context))


def _find_channel(directory: Directory, name: str) -> str:
    return next((line.id for line in directory.channels if line.kind in SPEAKING and line.name == name), "")
