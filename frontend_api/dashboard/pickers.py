"""Pickers by name: channels, categories and roles of the linked server, as ticks in a list that can be searched.

What was chosen and is gone in Discord stays listed and says so, so that saving a form never loses it silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from integrations.discord.directory import SPEAKING, Directory


class NamePicker(forms.CheckboxSelectMultiple):
    """Ticks in a box that scrolls; with scripts it can be searched."""

    is_picker = True


class PickerField(forms.MultipleChoiceField):
    """Ids, as texts. Anything may be sent that has the form of an id: Discord may be away, or faster than our picture of it."""

    widget = NamePicker

    def __init__(self, *, summary: str, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.summary = summary  # what is true while nothing is ticked

    def valid_value(self, value: object) -> bool:
        return isinstance(value, str) and value.isdecimal() and len(value) <= 20


Choices = list[tuple[str, str]]


def channel_choices(directory: Directory, chosen: Iterable[str] = (), *, speaking: bool = False) -> Choices:
    """Channels by category; `speaking`: those in which something can be posted."""
    lines = [line for line in directory.channels if not speaking or line.kind in SPEAKING]
    return _with_gone(
        [(line.id, f"#{line.name}" + (f" · {line.category}" if line.category else "")) for line in lines],
        chosen,
    )


def category_choices(directory: Directory, chosen: Iterable[str] = ()) -> Choices:
    return _with_gone([(line.id, line.name) for line in directory.categories], chosen)


def role_choices(directory: Directory, chosen: Iterable[str] = ()) -> Choices:
    return _with_gone([(line.id, f"@{line.name}") for line in directory.roles], chosen)


def _with_gone(choices: Choices, chosen: Iterable[str]) -> Choices:
    known = {value for value, _ in choices}
    return choices + [
        (id, f"{id} (not seen in Discord)") for id in dict.fromkeys(chosen) if id and id not in known
    ]
