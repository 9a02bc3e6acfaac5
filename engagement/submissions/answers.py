"""What a member answered, checked against the form: an error for each field, values in one shape. Pure.

Texts are strings, numbers whole, a choice its text (several: a list), a link its address, files the list of their ids, a date in
ISO, a member their id. Whether files and members exist is asked by whoever stores them (handing_in.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from saas.core.text import clean_line

from .duplicates import normalise_link
from .errors import InvalidAnswersError
from .shapes import FILES, LONGEST, MAX_FILES, MAX_NUMBER, TEXTS, Field, FieldKind, Form

MAX_LINK: Final = 2000
TITLE: Final = 120
_KEPT: Final = {"\u200c", "\u200d", "\n", "\t"}
Answers = dict[str, Any]


class _WrongError(Exception):
    """One answer does not fit; the text says why."""


@dataclass(frozen=True, slots=True)
class _Asked:
    today: date
    member_id: int
    draft: bool


def check_answers(
    form: Form, answers: Mapping[str, Any], *, today: date, member_id: int, draft: bool = False
) -> Answers:
    """The answers as they are stored: known fields only, those left empty left out. A `draft` may lack what is required and be too
    short, but holds nothing that is no answer at all. Raises InvalidAnswersError."""
    if not isinstance(answers, Mapping):
        raise InvalidAnswersError({"": "Answers are an object of field keys and values."})
    errors: dict[str, str] = {}
    kept: Answers = {}
    asked = _Asked(today, member_id, draft)
    for field in form.fields:
        value = answers.get(field.key)
        if _is_empty(value):
            if field.required and not draft:
                errors[field.key] = f"“{field.label}” is needed. {_ASKS[field.kind]}"
            continue
        try:
            kept[field.key] = _CHECKS[field.kind](field, value, asked)
        except _WrongError as wrong:
            errors[field.key] = f"“{field.label}”: {wrong}"
    for key in answers:
        if form.field(str(key)) is None:
            errors[str(key)[:40]] = (
                f"The form has no field {str(key)!r:.60}. Look at it again: it may have changed."
            )
    if errors:
        raise InvalidAnswersError(errors)
    return kept


def title_of(form: Form, answers: Mapping[str, Any]) -> str:
    """What lists call it: its first short text, else the first answer that says something, else its first link."""
    for kinds in ((FieldKind.TEXT,), (FieldKind.LONG_TEXT, FieldKind.CHOICE), (FieldKind.LINK,)):
        for field in form.fields:
            value = answers.get(field.key)
            if field.kind in kinds and value:
                text = ", ".join(value) if isinstance(value, list) else str(value)
                return clean_line(text, limit=TITLE)
    return ""


def values_of(form: Form, answers: Mapping[str, Any], *kinds: FieldKind) -> list[Any]:
    """The values of the fields of these kinds, lists taken apart."""
    found: list[Any] = []
    for field in form.fields:
        value = answers.get(field.key)
        if field.kind in kinds and value is not None:
            found.extend(value if isinstance(value, list) else [value])
    return found


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _text(field: Field, value: Any, asked: _Asked) -> str:
    if not isinstance(value, str):
        raise _WrongError("this is a text.")
    longest = min(field.most or LONGEST[field.kind], LONGEST[field.kind])
    text = clean_text(value, limit=longest + 1) if field.kind == FieldKind.LONG_TEXT else ""
    text = text or clean_line(value, limit=longest + 1)
    if len(value) > longest * 8 or len(text) > longest:
        raise _WrongError(f"this has more than {longest:,} characters. Shorten it.")
    if not asked.draft and len(text) < max(field.least or 0, 1):
        if not text:
            raise _WrongError("this holds nothing that can be read. Write a few words.")
        raise _WrongError(
            f"this has {len(text):,} characters, and at least {field.least:,} are needed. Write a little more."
        )
    return text


def clean_text(text: str, *, limit: int) -> str:
    """As saas.core.text.clean_line, with its line breaks; never more than two of them in a row."""
    short = unicodedata.normalize("NFC", text[: limit * 8].replace("\r\n", "\n").replace("\r", "\n"))
    shown = "".join(
        character
        for character in short
        if character in _KEPT or not unicodedata.category(character).startswith(("C", "Zl", "Zp"))
    )
    lines = [" ".join(line.split()) for line in shown.split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip()[:limit].strip()


def _number(field: Field, value: Any, asked: _Asked) -> int:
    if isinstance(value, str):
        plain = value.strip().replace(",", "").replace(" ", "")
        digits = plain.removeprefix("-")
        value = int(plain) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None
    if type(value) is not int:
        raise _WrongError("this must be a whole number.")
    low = -MAX_NUMBER if field.least is None else field.least
    high = MAX_NUMBER if field.most is None else field.most
    if not low <= value <= high:
        raise _WrongError(f"give a number from {low:,} to {high:,}; this is {value:,}.")
    return value


def _choice(field: Field, value: Any, asked: _Asked) -> str | list[str]:
    values = value if isinstance(value, list) else [value]
    for one in values:
        if one not in field.choices:
            raise _WrongError(f"{one!r:.60} is none of the choices.")
    if not field.many:
        if len(values) != 1:
            raise _WrongError("choose one.")
        return str(values[0])
    chosen = [choice for choice in field.choices if choice in values]
    if not asked.draft and len(chosen) < (field.least or 0):
        raise _WrongError(f"choose at least {field.least}.")
    if field.most is not None and len(chosen) > field.most:
        raise _WrongError(f"choose {field.most} at most.")
    return chosen


def _link(field: Field, value: Any, asked: _Asked) -> str:
    if not isinstance(value, str) or len(value) > MAX_LINK:
        raise _WrongError(f"this is an address of up to {MAX_LINK:,} characters.")
    link = clean_line(value, limit=MAX_LINK)
    normal = normalise_link(link)
    if normal is None:
        raise _WrongError("this is no address of a web page. It begins with https://.")
    host = normal.split("/", 1)[0].split("?", 1)[0]
    if field.hosts and not any(host == known or host.endswith(f".{known}") for known in field.hosts):
        raise _WrongError(f"only links to {', '.join(field.hosts)} are taken here.")
    return link if "://" in link else f"https://{link}"


def _files(field: Field, value: Any, asked: _Asked) -> list[int]:
    values = value if isinstance(value, list) else [value]
    if any(type(one) is not int or not 0 < one < 2**63 for one in values):
        raise _WrongError("attach a file.")
    ids = list(dict.fromkeys(values))
    most = MAX_FILES if field.most is None else field.most
    if len(ids) > most:
        raise _WrongError(f"attach {most} at most.")
    if not asked.draft and len(ids) < (field.least or 0):
        raise _WrongError(f"attach at least {field.least}.")
    return ids


def _date(field: Field, value: Any, asked: _Asked) -> str:
    try:
        day = date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise _WrongError("this is no date. Write it as 2026-05-31.")
    if field.when == "past" and day > asked.today:
        raise _WrongError("this day is still to come. Choose one that is over.")
    if field.when == "future" and day < asked.today:
        raise _WrongError("this day is over. Choose one that is to come.")
    return day.isoformat()


def _member(field: Field, value: Any, asked: _Asked) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise _WrongError("choose a member.")
    if field.others and value == asked.member_id:
        raise _WrongError("choose somebody else than yourself.")
    return value


_CHECKS: Final[dict[FieldKind, Callable[[Field, Any, _Asked], Any]]] = {
    **dict.fromkeys(TEXTS, _text),
    FieldKind.NUMBER: _number,
    FieldKind.CHOICE: _choice,
    FieldKind.LINK: _link,
    **dict.fromkeys(FILES, _files),
    FieldKind.DATE: _date,
    FieldKind.MEMBER: _member,
}
_ASKS: Final = {
    FieldKind.TEXT: "Write a few words.",
    FieldKind.LONG_TEXT: "Write a few sentences.",
    FieldKind.NUMBER: "Give a number.",
    FieldKind.CHOICE: "Choose one.",
    FieldKind.LINK: "Paste the link.",
    FieldKind.FILE: "Attach a file.",
    FieldKind.PICTURE: "Attach a picture.",
    FieldKind.DATE: "Choose a day.",
    FieldKind.MEMBER: "Choose a member.",
}
