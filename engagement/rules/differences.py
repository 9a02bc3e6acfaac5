"""What one version of a rule says otherwise than another, line by line in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .condition_words import condition_text
from .definition import Definition, parse_definition
from .errors import InvalidRuleError
from .words import amount_text, duration_text, trigger_text

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One line: what it is about, and what it said before and after."""

    label: str
    before: str
    after: str


def describe_rule(name: str, data: Mapping[str, Any], names: Names | None = None) -> list[tuple[str, str]]:
    """Everything that a version says, as (label, words). A definition that no longer holds is shown as it is stored."""
    try:
        definition = parse_definition(data)
    except InvalidRuleError as error:
        return [("Name", name), ("Definition", f"Not valid any more: {error.message}")]
    return [("Name", name), *((label, tell(definition, names or {})) for label, tell in _LINES)]


def describe_differences(
    before: tuple[str, Mapping[str, Any]], after: tuple[str, Mapping[str, Any]], names: Names | None = None
) -> list[Difference]:
    """The lines in which two versions, each (name, definition), differ; empty when they say the same."""
    old, new = dict(describe_rule(*before, names)), dict(describe_rule(*after, names))
    labels = list(dict.fromkeys([*old, *new]))
    return [
        Difference(label, old.get(label, "—"), new.get(label, "—"))
        for label in labels
        if old.get(label) != new.get(label)
    ]


def _list(ids: Iterable[str], names: Names, *, empty: str) -> str:
    return ", ".join(sorted(names.get(item, item) for item in ids)) or empty


def _ids(field: str, empty: str) -> Callable[[Definition, Names], str]:
    return lambda definition, names: _list(getattr(definition, field), names, empty=empty)


def _cap(field: str, unit: str) -> Callable[[Definition, Names], str]:
    def tell(definition: Definition, names: Names) -> str:
        value = getattr(definition, field)
        return "no limit" if value is None else f"{value:,} {unit}"

    return tell


def _condition(definition: Definition, names: Names) -> str:
    return "none" if definition.condition is None else condition_text(definition.condition, names)


def _cooldown(definition: Definition, names: Names) -> str:
    if not definition.cooldown_seconds:
        return "none"
    text = duration_text(definition.cooldown_seconds)
    return text if text[0].isdigit() else f"1 {text}"


_LINES: Final[tuple[tuple[str, Callable[[Definition, Names], str]], ...]] = (
    ("Rewards", lambda definition, names: trigger_text(definition)),
    ("Amount", lambda definition, names: amount_text(definition)),
    ("Multiplier", lambda definition, names: f"{definition.multiplier_percent} %"),
    ("Pause between two awards", _cooldown),
    ("Most awards a day", _cap("daily_count_cap", "times")),
    ("Most points a day", _cap("daily_points_cap", "points")),
    ("From level", lambda definition, names: str(definition.min_level) if definition.min_level else "any"),
    (
        "Days in the community",
        lambda definition, names: (
            str(definition.min_membership_days) if definition.min_membership_days else "any"
        ),
    ),
    ("Only in channels", _ids("channels_in", "all channels")),
    ("Not in channels", _ids("channels_out", "none")),
    ("Only in categories", _ids("categories_in", "all categories")),
    ("Not in categories", _ids("categories_out", "none")),
    ("Only with roles", _ids("roles_in", "any")),
    ("Not with roles", _ids("roles_out", "none")),
    ("Condition", _condition),
)
