"""The form of a rule: every field of a definition, there and back without loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.datastructures import MultiValueDict

from engagement.rules.condition_rows import (
    ALL,
    ANY,
    ConditionRow,
    ConditionRows,
    InvalidConditionRowsError,
    build_form,
    rows_of,
)
from engagement.rules.definition import DAILY_BONUS, EARNING_TYPES, MAX_AMOUNT
from engagement.rules.errors import InvalidConditionError
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.dashboard.pickers import PickerField, category_choices, channel_choices, role_choices
from integrations.discord.directory import Directory

from .condition_lines import read_line, to_ids, to_names, unknown_name, write_line

DEEDS: Final[Mapping[str, str]] = {
    "message": "A message",
    "reply": "An answer to somebody",
    "thread": "A thread started",
    "reaction_given": "A reaction given",
    "reaction_received": "A reaction received",
    "voice_minute": "A minute in voice",
    "joined": "Joining",
    DAILY_BONUS: "A new day with anything rewarded on it",
}
UNITS: Final[Mapping[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
PLACES: Final = {
    "channels_in": ("Only in channels", "every channel", channel_choices),
    "channels_out": ("Not in channels", "none left out", channel_choices),
    "categories_in": ("Only in categories", "every category", category_choices),
    "categories_out": ("Not in categories", "none left out", category_choices),
    "roles_in": ("Only with one of these roles", "with or without roles", role_choices),
    "roles_out": ("Not with these roles", "none left out", role_choices),
}


class _Lines(forms.TextInput):
    """Several values of one name."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return list(data.getlist(name)) if isinstance(data, MultiValueDict) else list(data.get(name, ()))

    def format_value(self, value: Any) -> Any:
        return list(value or ())


class LinesField(forms.Field):
    widget = _Lines

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or ()) != list(data or ())


def _number(label: str, low: int, high: int, *, help: str = "", needed: bool = False) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        required=needed,
        help_text=help,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class RuleForm(DeskForm):
    name = forms.CharField(
        label="Name", max_length=100, help_text="Members read it beside what they earned.", strip=True
    )
    triggers = forms.MultipleChoiceField(
        label="What it rewards",
        choices=list(DEEDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one thing that the rule rewards."},
    )
    own_types = forms.CharField(
        label="Reports of your own programs",
        required=False,
        max_length=400,
        help_text="Activity types that a connected program sends, separated by commas, such as lesson.completed, purchase.",
    )
    amount = _number("Points", 1, MAX_AMOUNT, needed=True)
    amount_to = _number("Up to", 1, MAX_AMOUNT, help="For a range: each award draws a number in between.")
    multiplier_percent = _number(
        "Multiplier, in percent", 1, 1_000, help="100 leaves the points as they are."
    )
    cooldown = _number("Pause between two awards", 0, 315_360_000, help="Of one member. Empty: none.")
    cooldown_unit = forms.ChoiceField(label="Pause counted in", choices=[(unit, unit) for unit in UNITS])
    daily_count_cap = _number(
        "Most awards a day", 1, MAX_AMOUNT, help="Of one member, on their own clock. Empty: no limit."
    )
    daily_points_cap = _number("Most points a day", 1, MAX_AMOUNT, help="Likewise.")
    min_level = _number("From level", 0, 1_000)
    min_membership_days = _number("Days in the community", 0, 3_650, help="At least so many since joining.")
    channels_in, channels_out, categories_in, categories_out, roles_in, roles_out = (
        PickerField(label=label, summary=summary) for label, summary, _ in PLACES.values()
    )
    condition_join = forms.ChoiceField(
        label="The lines of the condition",
        choices=[(ALL, "All lines must hold"), (ANY, "One line is enough")],
    )
    condition = LinesField(label="Condition", required=False)
    condition_expression = forms.CharField(
        label="Or an expression",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="In CEL, for what lines cannot say. When it is filled in, the lines are not asked.",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        self.directory = directory
        self.row_errors: dict[int, str] = {}
        # Reports of own programs are reward enough.
        self.fields["triggers"].required = not str(self["own_types"].value() or "").strip()
        for name, (_, _, choices) in PLACES.items():
            picker = self.fields[name]
            assert isinstance(picker, PickerField)
            picker.choices = choices(directory, self[name].value() or ())

    @property
    def rows(self) -> list[tuple[ConditionRow, str]]:
        """The condition's lines as they stand in the form, each with its error."""
        lines = [read_line(str(line)) for line in self["condition"].value() or ()]
        return [(line, self.row_errors.get(number, "")) for number, line in enumerate(lines)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        low, high = data.get("amount"), data.get("amount_to")
        if low and high and high < low:
            self.add_error(
                "amount_to",
                f"A range from {low:,} cannot end at {high:,}. Give more than {low:,}, or leave it empty.",
            )
        data["compiled"] = self._compile(data)
        return data

    def _compile(self, data: Mapping[str, Any]) -> object:
        rows = [to_ids(read_line(line), self.directory) for line in data.get("condition") or ()]
        strange = {n: name for n, row in enumerate(rows) if (name := unknown_name(row))}
        expression = data.get("condition_expression") or ""
        try:
            if strange and not expression:
                raise InvalidConditionRowsError(
                    {
                        n: f"Nothing in Discord is called “{name:.60}”. Check the spelling."
                        for n, name in strange.items()
                    }
                )
            return build_form(ConditionRows(tuple(rows), data.get("condition_join", ALL), expression))
        except InvalidConditionRowsError as error:
            self.row_errors = error.rows
            self.add_error("condition", error.message)
        except InvalidConditionError as error:
            self.add_error("condition_expression" if expression else "condition", error.message)
        return None

    def definition(self) -> dict[str, Any]:
        """What the form says, in the shape of engagement.rules.definition: what is empty is left out."""
        data = self.cleaned_data
        own = [name.strip() for name in data["own_types"].split(",") if name.strip()]
        low, high = data["amount"], data["amount_to"]
        said: dict[str, Any] = {
            "triggers": [*data["triggers"], *own],
            "amount": low if high in (None, low) else {"from": low, "to": high},
        }
        if data["multiplier_percent"] not in (None, 100):
            said["multiplier_percent"] = data["multiplier_percent"]
        if data["cooldown"]:
            said["cooldown_seconds"] = data["cooldown"] * UNITS[data["cooldown_unit"]]
        for name in ("daily_count_cap", "daily_points_cap", "min_level", "min_membership_days", *PLACES):
            if data[name]:
                said[name] = data[name]
        if data["compiled"] is not None:
            said["condition"] = data["compiled"]
        return said


def initial_of(name: str, definition: Mapping[str, Any], directory: Directory) -> dict[str, Any]:
    """What the form shows for a stored definition."""
    amount = definition.get("amount")
    low, high = (amount.get("from"), amount.get("to")) if isinstance(amount, dict) else (amount, None)
    triggers = list(definition.get("triggers", ()))
    seconds = int(definition.get("cooldown_seconds") or 0)
    unit = next((unit for unit in reversed(list(UNITS)) if seconds and seconds % UNITS[unit] == 0), "seconds")
    condition = rows_of(definition.get("condition"))
    known = {*EARNING_TYPES, DAILY_BONUS}
    return {
        "name": name,
        "triggers": [one for one in triggers if one in known],
        "own_types": ", ".join(one for one in triggers if one not in known),
        "amount": low,
        "amount_to": high,
        "multiplier_percent": definition.get("multiplier_percent", 100),
        "cooldown": seconds // UNITS[unit] or None,
        "cooldown_unit": unit,
        "condition_join": condition.join,
        "condition": [write_line(to_names(row, directory)) for row in condition.rows],
        "condition_expression": condition.expression,
        **{
            key: definition.get(key)
            for key in ("daily_count_cap", "daily_points_cap", "min_level", "min_membership_days")
        },
        **{key: list(definition.get(key, ())) for key in PLACES},
    }
