"""Cursor pages: where the last one ended, by the values that it is ordered by, so that rows that come and go shift nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import orjson

from saas.core.errors import InvalidInputError

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
MAX_OFFSET: Final = 10_000_000
Row = TypeVar("Row")


class BadCursorError(InvalidInputError):
    """The cursor was not given out by this list, or for another order."""

    code = "bad_cursor"

    def __init__(self) -> None:
        super().__init__(
            "This cursor is not one that this list gave out in this order. Leave it away to begin at the start.",
            field="cursor",
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    items: Sequence[Row]
    next_cursor: str | None


def write_cursor(*values: Any) -> str:
    """The place after a row, as text."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def read_cursor(text: str, *kinds: type) -> tuple[Any, ...] | None:
    """The values of a cursor, of these kinds; None for the first page. Raises BadCursorError."""
    if not text:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadCursorError from error
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise BadCursorError
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        raise BadCursorError
    return tuple(values)


def cut(rows: Sequence[Row], limit: int, place_of: Callable[[Row], tuple[Any, ...]]) -> Page[Row]:
    """A page from up to `limit` + 1 rows; the one too many says that there is a next page."""
    page = rows[:limit]
    return Page(page, write_cursor(*place_of(page[-1])) if len(rows) > limit else None)
