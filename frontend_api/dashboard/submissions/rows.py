"""Rows of a form that is built: the questions of a kind of submission, and the lines of its rubric.

A browser sends them as columns (`f-label` once a row); one hidden value carries them as JSON where a page sends a form on, such as that
of a conflict. Both are read here. What a row's kind has no use for is left out, so that changing the kind never leaves a remnant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from django import forms
from django.utils.datastructures import MultiValueDict

from engagement.submissions.shapes import MAX_CRITERIA, MAX_FIELDS, FieldKind, key_for

FIELD_COLUMNS: Final = (
    "key", "label", "kind", "help", "required", "least", "most", "unit", "choices", "many", "hosts", "when", "others", "place",
)  # fmt: skip
CRITERION_COLUMNS: Final = ("key", "label", "help", "weight", "most", "place")
BLANK_FIELDS: Final = 3  # that stand ready where no script adds any
BLANK_CRITERIA: Final = 2
_LONGEST: Final = 4_000
_COUNTED: Final = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.LONG_TEXT,
        FieldKind.NUMBER,
        FieldKind.CHOICE,
        FieldKind.FILE,
        FieldKind.PICTURE,
    }
)
Row = dict[str, str]


class RowsWidget(forms.TextInput):
    """Reads the columns, or the one value that stands for them."""

    def __init__(self, prefix: str, columns: Sequence[str]) -> None:
        super().__init__()
        self.prefix, self.columns = prefix, columns

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if f"{self.prefix}-label" not in data or not isinstance(data, MultiValueDict):
            return data.get(name)
        columns = {one: data.getlist(f"{self.prefix}-{one}") for one in self.columns}
        rows = []
        for number, label in enumerate(columns["label"][:60]):
            row = {
                one: (values[number] if number < len(values) else "")[:_LONGEST]
                for one, values in columns.items()
            }
            if label.strip():
                rows.append(row)
        return write_rows(sorted(rows, key=_place))


class RowsField(forms.Field):
    """Its value is the list of rows."""

    def __init__(self, prefix: str, columns: Sequence[str], **options: Any) -> None:
        super().__init__(widget=RowsWidget(prefix, columns), **options)

    def to_python(self, value: Any) -> list[Row]:
        return read_rows(value)


def write_rows(rows: Sequence[Row]) -> str:
    kept = [{name: value for name, value in row.items() if name != "place"} for row in rows]
    return orjson.dumps(kept).decode()


def read_rows(text: Any) -> list[Row]:
    """What write_rows wrote; nothing of what is none."""
    try:
        rows = orjson.loads(text or "[]")
    except (orjson.JSONDecodeError, TypeError):
        return []
    if not isinstance(rows, list):
        return []
    return [{str(name): str(value) for name, value in row.items()} for row in rows if isinstance(row, dict)]


def rows_of_fields(fields: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The questions as they are stored, as rows."""
    return [
        {
            "key": field["key"],
            "label": field["label"],
            "kind": field["kind"],
            "help": field.get("help", ""),
            "required": "1" if field.get("required", True) else "",
            "least": _text(field.get("least")),
            "most": _text(field.get("most")),
            "unit": field.get("unit", ""),
            "choices": "\n".join(field.get("choices", ())),
            "many": "1" if field.get("many") else "",
            "hosts": ", ".join(field.get("hosts", ())),
            "when": field.get("when", ""),
            "others": "1" if field.get("others") else "",
        }
        for field in fields
    ]


def fields_of_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as the service takes them. New ones get a key of their own, made of their label."""
    taken = [row.get("key", "") for row in rows if row.get("key")]
    found = []
    for row in rows:
        kind = row.get("kind", "")
        key = row.get("key") or key_for(row["label"], taken)
        taken.append(key)
        data: dict[str, Any] = {
            "key": key,
            "label": row["label"],
            "kind": kind,
            "help": row.get("help", ""),
            "required": bool(row.get("required")),
        }
        if kind in _COUNTED:
            data |= {name: _number(row[name]) for name in ("least", "most") if row.get(name, "").strip()}
        data |= _only_for(kind, row)
        found.append(data)
    return found


def _only_for(kind: str, row: Row) -> dict[str, Any]:
    """What has a meaning for this kind of question alone."""
    if kind == FieldKind.NUMBER:
        return {"unit": row.get("unit", "")}
    if kind == FieldKind.CHOICE:
        choices = [line.strip() for line in row.get("choices", "").splitlines() if line.strip()]
        return {"choices": choices, "many": bool(row.get("many"))}
    if kind == FieldKind.LINK:
        return {"hosts": [host for host in row.get("hosts", "").replace(",", " ").split() if host]}
    if kind == FieldKind.DATE:
        return {"when": row.get("when", "")}
    if kind == FieldKind.MEMBER:
        return {"others": bool(row.get("others"))}
    return {}


def rows_of_rubric(rubric: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [
        {
            "key": one["key"],
            "label": one["label"],
            "help": one.get("help", ""),
            "weight": _text(one.get("weight", 1)),
            "most": _text(one.get("most", 5)),
        }
        for one in rubric
    ]


def rubric_of_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    taken = [row.get("key", "") for row in rows if row.get("key")]
    found = []
    for row in rows:
        key = row.get("key") or key_for(row["label"], taken)
        taken.append(key)
        found.append(
            {
                "key": key,
                "label": row["label"],
                "help": row.get("help", ""),
                "weight": _number(row.get("weight") or "1"),
                "most": _number(row.get("most") or "5"),
            }
        )
    return found


def pad_fields(rows: list[Row]) -> list[Row]:
    """With blank ones for new questions, as far as there is room."""
    return rows + [{"kind": "text", "required": "1"}] * max(0, min(BLANK_FIELDS, MAX_FIELDS - len(rows)))


def pad_rubric(rows: list[Row]) -> list[Row]:
    return rows + [{"weight": "1", "most": "5"}] * max(0, min(BLANK_CRITERIA, MAX_CRITERIA - len(rows)))


def _place(row: Row) -> float:
    try:
        return float(row.get("place", "") or 10_000)
    except ValueError:
        return 10_000.0


def _number(text: str) -> int | str:
    """A number where it is one; else the text, which the service refuses in its own words."""
    plain = text.strip().replace(",", "")
    return int(plain) if plain.removeprefix("-").isdecimal() and len(plain) < 16 else plain


def _text(value: Any) -> str:
    return "" if value is None else str(value)
