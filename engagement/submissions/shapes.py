"""The shape of a type: its fields, its rubric and what it is worth. Pure; what members answer is checked in answers.py.

A form is stored as JSON, {"fields": […], "rubric": […], "award": {…}, "version": n}, with the type and again with each submission.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from saas.core.errors import InvalidInputError
from saas.core.text import clean_line, require_line

from .errors import InvalidSubmissionTypeError

MAX_FIELDS: Final = 20
MAX_CHOICES: Final = 25
MAX_CRITERIA: Final = 10
MAX_FILES: Final = 10
MAX_POINTS: Final = 1_000_000  # of one submission
MAX_NUMBER: Final = 1_000_000_000
_LABEL, _HELP, _CHOICE, _UNIT = 80, 200, 80, 20
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOST: Final = re.compile(r"(?=.{4,100}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")


class FieldKind(StrEnum):
    """What a field takes. `least` and `most` count characters of texts, units of numbers, files, and choices of several."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    LINK = "link"
    FILE = "file"
    PICTURE = "picture"
    DATE = "date"
    MEMBER = "member"


FILES: Final = (FieldKind.FILE, FieldKind.PICTURE)
TEXTS: Final = (FieldKind.TEXT, FieldKind.LONG_TEXT)
LONGEST: Final = {FieldKind.TEXT: 300, FieldKind.LONG_TEXT: 5000}
# The smallest and largest that `least` and `most` may be.
_RANGES: Final = {
    FieldKind.TEXT: (0, LONGEST[FieldKind.TEXT]),
    FieldKind.LONG_TEXT: (0, LONGEST[FieldKind.LONG_TEXT]),
    FieldKind.NUMBER: (-MAX_NUMBER, MAX_NUMBER),
    FieldKind.CHOICE: (0, MAX_CHOICES),
    FieldKind.FILE: (0, MAX_FILES),
    FieldKind.PICTURE: (0, MAX_FILES),
}
WHENS: Final = ("", "past", "future")


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `hosts` of a link: only these sites. `many` of a choice: several. `when` of a date: past (today included) or
    future. `others` of a member: anybody but oneself."""

    key: str
    label: str
    kind: FieldKind
    help: str = ""
    required: bool = True
    least: int | None = None
    most: int | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    many: bool = False
    hosts: tuple[str, ...] = ()
    when: str = ""
    others: bool = False


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a reviewer judges, from 0 to `most`; it counts `weight` times."""

    key: str
    label: str
    help: str = ""
    weight: int = 1
    most: int = 5


@dataclass(frozen=True, slots=True)
class Award:
    """Points. fixed: `points`. per_unit: `points` for each unit of the number in `field`. rubric: `points` for a full score, and less
    in proportion. `cap` is the most that any submission gives; None: MAX_POINTS."""

    kind: str
    points: int
    field: str = ""
    cap: int | None = None


AWARDS: Final = ("fixed", "per_unit", "rubric")


@dataclass(frozen=True, slots=True)
class Form:
    fields: tuple[Field, ...]
    rubric: tuple[Criterion, ...]
    award: Award
    version: int = 1

    def field(self, key: str) -> Field | None:
        return next((field for field in self.fields if field.key == key), None)

    def to_data(self) -> dict[str, Any]:
        return {
            "fields": fields_data(self.fields),
            "rubric": [asdict(criterion) for criterion in self.rubric],
            "award": asdict(self.award),
            "version": self.version,
        }


def fields_data(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """As it is stored: what says nothing is left out."""
    kept = {"key", "label", "kind", "required"}
    return [
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(field).items()
            if name in kept or (value is not False and value not in ("", None, ()))
        }
        for field in fields
    ]


def parse_form(fields: Any, rubric: Any, award: Any, version: int = 1) -> Form:
    """Raises InvalidSubmissionTypeError, whose `field` names the part."""
    parsed = _parse_fields(fields)
    criteria = _parse_rubric(rubric)
    return Form(parsed, criteria, _parse_award(award, parsed, criteria), version)


def form_of(data: Mapping[str, Any]) -> Form:
    """The form that a submission keeps. It was checked when it was stored."""
    return parse_form(data["fields"], data["rubric"], data["award"], data["version"])


def key_for(label: str, taken: Collection[str] = ()) -> str:
    """A key for a field that a person named; one that is not in `taken`."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    words = "_".join(re.findall(r"[a-z0-9]+", plain))[:36].strip("_")
    base = words if words[:1].isalpha() else f"f_{words}".rstrip("_")
    key, number = base, 2
    while key in taken:
        key, number = f"{base[:36]}_{number}", number + 1
    return key


def _parse_fields(data: Any) -> tuple[Field, ...]:
    rows = _rows(data, "fields", 1, MAX_FIELDS, "A form has 1 to 20 fields")
    fields = tuple(_parse_field(row, f"fields.{number}") for number, row in enumerate(rows))
    _refuse_twins([field.key for field in fields], "fields")
    return fields


def _parse_field(row: Mapping[str, Any], at: str) -> Field:
    _refuse_unknown(row, Field, at)
    kind = _one_of(row.get("kind"), tuple(FieldKind), f"{at}.kind")
    field = Field(
        key=_key(row.get("key"), at),
        label=_line(row.get("label"), _LABEL, "A field's label", f"{at}.label"),
        kind=FieldKind(kind),
        help=_optional_line(row.get("help", ""), _HELP, f"{at}.help"),
        required=_flag(row.get("required", True), f"{at}.required"),
        unit=_optional_line(row.get("unit", ""), _UNIT, f"{at}.unit"),
        many=_flag(row.get("many", False), f"{at}.many"),
        when=_one_of(row.get("when", ""), WHENS, f"{at}.when"),
        others=_flag(row.get("others", False), f"{at}.others"),
        choices=_parse_choices(row.get("choices", ()), FieldKind(kind), at),
        hosts=_parse_hosts(row.get("hosts", ()), at),
        **_parse_range(row, FieldKind(kind), at),
    )
    for name, kinds in _ONLY.items():
        if getattr(field, name) and field.kind not in kinds:
            raise InvalidSubmissionTypeError(
                f"“{name}” means nothing for a field that takes a {field.kind.replace('_', ' ')}. Leave it away.",
                field=f"{at}.{name}",
            )
    return field


_ONLY: Final = {
    "unit": (FieldKind.NUMBER,),
    "many": (FieldKind.CHOICE,),
    "choices": (FieldKind.CHOICE,),
    "when": (FieldKind.DATE,),
    "others": (FieldKind.MEMBER,),
    "hosts": (FieldKind.LINK,),
}


def _parse_range(row: Mapping[str, Any], kind: FieldKind, at: str) -> dict[str, int | None]:
    found: dict[str, int | None] = {"least": None, "most": None}
    for name in found:
        value = row.get(name)
        if value is None:
            continue
        if kind not in _RANGES:
            raise InvalidSubmissionTypeError(
                f"“{name}” means nothing for a {kind} field. Leave it away.", field=f"{at}.{name}"
            )
        low, high = _RANGES[kind]
        found[name] = _whole(value, low, high, f"{at}.{name}")
    least, most = found["least"], found["most"]
    if least is not None and most is not None and least > most:
        raise InvalidSubmissionTypeError(
            f"At least {least:,} and at most {most:,} leaves nothing. Change one of them.", field=f"{at}.most"
        )
    return found


def _parse_choices(data: Any, kind: FieldKind, at: str) -> tuple[str, ...]:
    if kind != FieldKind.CHOICE:
        return tuple(data) if isinstance(data, list | tuple) else ("?",)
    if not isinstance(data, list | tuple) or not 2 <= len(data) <= MAX_CHOICES:
        raise InvalidSubmissionTypeError(f"Give 2 to {MAX_CHOICES} choices.", field=f"{at}.choices")
    choices = tuple(_line(choice, _CHOICE, "A choice", f"{at}.choices") for choice in data)
    _refuse_twins(choices, f"{at}.choices")
    return choices


def _parse_hosts(data: Any, at: str) -> tuple[str, ...]:
    if not isinstance(data, list | tuple) or len(data) > 20:
        raise InvalidSubmissionTypeError("Name up to 20 sites.", field=f"{at}.hosts")
    hosts = tuple(str(host).strip().lower().removeprefix("www.")[:200] for host in data)
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise InvalidSubmissionTypeError(
                f"{host!r:.60} is no site's name. Write it as example.com.", field=f"{at}.hosts"
            )
    return hosts


def _parse_rubric(data: Any) -> tuple[Criterion, ...]:
    rows = _rows(data, "rubric", 0, MAX_CRITERIA, f"A rubric has up to {MAX_CRITERIA} criteria")
    criteria = []
    for number, row in enumerate(rows):
        at = f"rubric.{number}"
        _refuse_unknown(row, Criterion, at)
        criteria.append(
            Criterion(
                key=_key(row.get("key"), at),
                label=_line(row.get("label"), _LABEL, "A criterion's name", f"{at}.label"),
                help=_optional_line(row.get("help", ""), _HELP, f"{at}.help"),
                weight=_whole(row.get("weight", 1), 1, 100, f"{at}.weight"),
                most=_whole(row.get("most", 5), 1, 100, f"{at}.most"),
            )
        )
    _refuse_twins([criterion.key for criterion in criteria], "rubric")
    return tuple(criteria)


def _parse_award(data: Any, fields: Sequence[Field], rubric: Sequence[Criterion]) -> Award:
    if not isinstance(data, Mapping):
        raise InvalidSubmissionTypeError("Say what it is worth.", field="award")
    _refuse_unknown(data, Award, "award")
    kind = _one_of(data.get("kind"), AWARDS, "award.kind")
    cap = data.get("cap")
    award = Award(
        kind,
        _whole(data.get("points"), 0, MAX_POINTS, "award.points"),
        str(data.get("field") or "")[:40],
        None if cap is None else _whole(cap, 0, MAX_POINTS, "award.cap"),
    )
    if kind == "per_unit":
        counted = next((field for field in fields if field.key == award.field), None)
        if counted is None or counted.kind != FieldKind.NUMBER or not counted.required:
            raise InvalidSubmissionTypeError(
                "Points for each unit need a number field that has to be answered. Choose one, or add it to the form.",
                field="award.field",
            )
    elif award.field:
        raise InvalidSubmissionTypeError("Only points for each unit have a field.", field="award.field")
    if kind == "rubric" and not rubric:
        raise InvalidSubmissionTypeError(
            "Points by score need a rubric. Add a criterion, or give fixed points.", field="award.kind"
        )
    return award


def _rows(data: Any, at: str, least: int, most: int, words: str) -> list[Mapping[str, Any]]:
    if not isinstance(data, list | tuple) or not least <= len(data) <= most:
        has = f"; this has {len(data)}" if isinstance(data, list | tuple) else ""
        raise InvalidSubmissionTypeError(f"{words}{has}.", field=at)
    for number, row in enumerate(data):
        if not isinstance(row, Mapping):
            raise InvalidSubmissionTypeError(
                "Each is an object with a key and a label.", field=f"{at}.{number}"
            )
    return list(data)


def _refuse_unknown(row: Mapping[str, Any], shape: type, at: str) -> None:
    unknown = sorted(str(name) for name in row if name not in shape.__dataclass_fields__)  # type: ignore[attr-defined]
    if unknown:
        raise InvalidSubmissionTypeError(
            f"{unknown[0]!r:.60} is no part of it. Known are {', '.join(shape.__dataclass_fields__)}.",  # type: ignore[attr-defined]
            field=at,
        )


def _refuse_twins(names: Sequence[str], at: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InvalidSubmissionTypeError(
                f"“{name}” is there twice. Name one of them otherwise.", field=at
            )


def _key(value: Any, at: str) -> str:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise InvalidSubmissionTypeError(
            f"The key {value!r:.60} must be 1 to 40 small letters, digits and underscores, a letter first.",
            field=f"{at}.key",
        )
    return value


def _line(value: Any, longest: int, what: str, at: str) -> str:
    if not isinstance(value, str):
        raise InvalidSubmissionTypeError(f"{what} is a text of 1 to {longest} characters.", field=at)
    try:
        return require_line(value, longest=longest, what=what, field=at)
    except InvalidInputError as error:
        raise InvalidSubmissionTypeError(error.message, field=at) from None


def _optional_line(value: Any, longest: int, at: str) -> str:
    if not isinstance(value, str):
        raise InvalidSubmissionTypeError(f"This is a text of up to {longest} characters.", field=at)
    return _line(value, longest, "This text", at) if clean_line(value, limit=longest) else ""


def _flag(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidSubmissionTypeError("This is either on or off.", field=at)
    return value


def _one_of(value: Any, known: Sequence[str], at: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise InvalidSubmissionTypeError(
            f"{value!r:.60} is unknown. Choose one of {', '.join(str(one) or 'none' for one in known)}.",
            field=at,
        )
    return str(value)


def _whole(value: Any, low: int, high: int, at: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise InvalidSubmissionTypeError(
            f"Give a whole number from {low:,} to {high:,}; this is {value!r:.40}.", field=at
        )
    return value
