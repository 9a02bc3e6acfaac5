"""The form of a boost: what it multiplies, when, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms

from engagement.boosts.errors import InvalidBoostError
from engagement.boosts.scope import PARTS
from engagement.boosts.services import MAX_NAME, BoostDraft, percent_of
from engagement.boosts.windows import resolve
from engagement.boosts.words import ScopeNames
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.dashboard.pickers import PickerField, category_choices, channel_choices, role_choices
from frontend_api.dashboard.rules.forms import DEEDS
from integrations.discord.directory import Directory

NOW, LATER = "now", "later"
_MINUTE: Final = "%Y-%m-%dT%H:%M"


class _Reading(forms.DateTimeField):
    """A reading of the community's clock, without a zone: also one that the clock skips, which Django would refuse."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        return forms.fields.BaseTemporalField.to_python(self, value)


class _NamedPicker(PickerField):
    """Of a list that we know whole."""

    def valid_value(self, value: object) -> bool:
        return value in {key for key, _name in self.choices}  # type: ignore[misc, union-attr]


def _moment(label: str, help: str = "") -> forms.DateTimeField:
    return _Reading(
        label=label,
        required=False,
        help_text=help,
        input_formats=[_MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE),
        error_messages={
            "invalid": "This is no date and time. Write it as 2026-12-24 18:00.",
            "required": f"Say when it {label.split()[0].lower()}.",
        },
    )


class BoostForm(DeskForm):
    name = forms.CharField(
        label="Name", max_length=MAX_NAME, help_text="Members read it beside what they earned."
    )
    multiplier = forms.CharField(
        label="Multiplier",
        max_length=10,
        initial="2",
        help_text="From 1.1 to 10: 2 doubles what rules give.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    begins = forms.ChoiceField(
        label="Begins",
        choices=[(NOW, "At once"), (LATER, "Later")],
        initial=LATER,
        widget=forms.RadioSelect,
    )
    starts_at = _moment("Begins at")
    ends_at = _moment("Ends at")
    repeats_until = forms.DateField(
        label="Again each week until",
        required=False,
        help_text="The last day on which it may begin. Empty: it runs once.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it as 2026-12-24."},
    )
    types = _NamedPicker(label="What is done", summary="everything that rules reward")
    rules = _NamedPicker(label="Or rules", summary="no rule in particular")
    channels = PickerField(label="Channels", summary="everywhere")
    categories = PickerField(label="Or categories", summary="no category in particular")
    roles = PickerField(label="Roles", summary="with or without roles")
    member_types = _NamedPicker(label="Member types", summary="of any type")
    announce = forms.BooleanField(
        label="Announce it when it begins",
        required=False,
        help_text="One message in the announcements’ channel, which pings nobody. In shadow mode nothing is posted.",
    )

    def __init__(
        self,
        *args: Any,
        directory: Directory,
        names: ScopeNames,
        own_types: Iterable[str],
        timezone: str,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.timezone = timezone
        self.fields["starts_at"].help_text = f"On the community’s clock: {timezone}."
        choices: Mapping[str, list[tuple[str, str]]] = {
            "types": [*DEEDS.items(), *((name, name) for name in own_types)],
            "rules": [(str(key), name) for key, name in names.rules.items()],
            "channels": channel_choices(directory, self["channels"].value() or ()),
            "categories": category_choices(directory, self["categories"].value() or ()),
            "roles": role_choices(directory, self["roles"].value() or ()),
            "member_types": [(str(key), name) for key, name in names.member_types.items()],
        }
        for part in PARTS:
            picker = self.fields[part]
            assert isinstance(picker, PickerField)
            picker.choices = choices[part]
        self.fields["starts_at"].required = self["begins"].value() == LATER
        self.fields["ends_at"].required = True
        if not names.member_types:
            del self.fields["member_types"]

    def clean_multiplier(self) -> int:
        try:
            return percent_of(self.cleaned_data["multiplier"])
        except InvalidBoostError as error:
            raise forms.ValidationError(error.message) from error

    def draft(self) -> BoostDraft:
        """What the valid form asks for."""
        data = self.cleaned_data
        scope: dict[str, list[Any]] = {part: data[part] for part in PARTS if data.get(part)}
        for part in ("rules", "member_types"):
            if part in scope:
                scope[part] = [int(one) for one in scope[part]]
        return BoostDraft(
            name=data["name"],
            percent=data["multiplier"],
            scope=scope,
            starts_at=None if data["begins"] == NOW else self._resolve(data["starts_at"]),
            ends_at=self._resolve(data["ends_at"]),
            repeats_until=data["repeats_until"],
            announce=data["announce"],
        )

    def _resolve(self, reading: datetime) -> datetime:
        return resolve(reading.replace(tzinfo=None), ZoneInfo(self.timezone))


def begin_with(now: datetime, timezone: str) -> dict[str, Any]:
    """What an empty form proposes: the coming Saturday, ten to six, on the community's clock."""
    local = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    saturday = (local + timedelta(days=(5 - local.weekday()) % 7 or 7)).replace(
        hour=10, minute=0, second=0, microsecond=0
    )
    return {"starts_at": saturday, "ends_at": saturday.replace(hour=18)}
