"""What stands in a cell of a list or beside a fact's name, and how the same reads in an export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Link:
    """A name that leads somewhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Face:
    """A member: picture or initials, and the name as a link. `note` stands small under the name."""

    name: str
    href: str
    avatar_url: str = ""
    key: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A state in a word. `kind` is empty, good, warn or accent."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Tags:
    """Several of them; none reads as a dash."""

    tags: tuple[Tag, ...]


def plain(value: object) -> str | int | float | bool | None:
    """The value in an export: text, a number, or None. Moments are ISO 8601."""
    if isinstance(value, Link):
        return value.text
    if isinstance(value, Face):
        return value.name
    if isinstance(value, Tag):
        return value.text
    if isinstance(value, Tags):
        return ", ".join(tag.text for tag in value.tags)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Iterable):
        return ", ".join(str(one) for one in value)
    return str(value)
