"""The forms of the team's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from frontend_api.dashboard.parts.forms import DeskForm
from integrations.discord.directory import RoleLine
from tenants.permissions import Rights, Role
from tenants.team import GIVEABLE

from .words import ROLE_WORDS


def _role_choices(rights: Rights) -> list[tuple[str, str]]:
    """The roles that somebody may give: those of which they may do everything themselves."""
    return [
        (role.title, f"{role.title.capitalize()}: {ROLE_WORDS[role]}")
        for role in GIVEABLE
        if Rights(role).actions <= rights.actions
    ]


class InviteForm(DeskForm):
    role = forms.ChoiceField(label="As", widget=forms.RadioSelect)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        max_length=254,
        help_text="They get a mail and need a login with this address. Without one you get a link to pass on yourself.",
    )

    def __init__(self, *args: Any, rights: Rights, **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _role_choices(rights)

    @property
    def chosen_role(self) -> Role:
        return Role[str(self.cleaned_data["role"]).upper()]


class RoleForm(InviteForm):
    """Another role for somebody who is on the team."""

    email = None  # type: ignore[assignment]


class MapForm(DeskForm):
    """A Discord role by name, and what it stands for here."""

    role_id = forms.ChoiceField(label="Whoever has this role in Discord")
    role = forms.ChoiceField(label="is here")

    def __init__(self, *args: Any, rights: Rights, roles: Sequence[RoleLine], **given: Any) -> None:
        super().__init__(*args, **given)
        for name, choices in (
            ("role_id", [("", "Choose a role"), *((one.id, f"@{one.name}") for one in roles)]),
            ("role", [(value, value.capitalize()) for value, _ in _role_choices(rights)]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
