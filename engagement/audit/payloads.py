"""What may stand in an entry: plain values, cut to size, without secrets, and only what changed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

MAX_TEXT: Final = 1_000  # characters of one value
MAX_ITEMS: Final = 200  # of one list or object
MAX_DEPTH: Final = 6
MAX_BYTES: Final = 32_768  # of `before` and of `after`, as JSON
HIDDEN: Final = "(hidden)"
CUT: Final = "…"
_SECRET: Final = re.compile(
    r"(^|_)(password|passwd|secret|token|digest|cookie|authorization|api_?key|private_key|salt)(_|$)", re.I
)

Fields = dict[str, Any]


def changed_fields(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Fields | None, Fields | None]:
    """Both sides, cleaned, without what is equal on them. A side that is None stays so: the thing was made, or is gone."""
    old, new = (None if side is None else clean(dict(side)) for side in (before, after))
    if old is not None and new is not None:
        same = {key for key in old.keys() & new.keys() if old[key] == new[key] and before[key] == after[key]}  # type: ignore[index]
        old = {key: value for key, value in old.items() if key not in same}
        new = {key: value for key, value in new.items() if key not in same}
    return _fit(old), _fit(new)


def clean(value: Any, depth: int = 0) -> Any:
    """`value` as plain JSON: text without NUL, numbers that JSON keeps, keys as text, secrets hidden."""
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
    if isinstance(value, str):
        return clean_text(value, MAX_TEXT)
    if isinstance(value, float):
        # PostgreSQL writes 1e22 out in full: as text a number comes back as it went.
        return int(value) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if depth >= MAX_DEPTH:
        return CUT
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MAX_ITEMS]
        return {
            clean_text(str(key), 100): HIDDEN if _SECRET.search(str(key)) else clean(inner, depth + 1)
            for key, inner in pairs
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        return [clean(inner, depth + 1) for inner in items[:MAX_ITEMS]] + [CUT] * (len(items) > MAX_ITEMS)
    return clean_text(str(value), MAX_TEXT)


def clean_text(text: str, length: int) -> str:
    """At most `length` characters that every database and file can hold."""
    text = text.replace("\x00", "�").encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + CUT


def _fit(side: Fields | None) -> Fields | None:
    """Within MAX_BYTES: the fields that are too much are named, without their values."""
    if side is None:
        return None
    fitting, left = {}, MAX_BYTES
    for key, value in side.items():
        size = len(json.dumps({key: value}))
        fitting[key] = value if size <= left else CUT
        left -= min(size, left)
    return fitting
