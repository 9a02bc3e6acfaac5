"""Before and after as lines that people read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from engagement.audit.models import AuditEntry

NOTHING: Final = "–"
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field. `before` or `after` is a dash where there was, or is, nothing."""

    name: str
    before: str
    after: str


def describe_change(entry: AuditEntry) -> list[ChangeLine]:
    """The fields that changed, nested ones by their path; at most 100."""
    before, after = dict(_flatten(entry.before)), dict(_flatten(entry.after))
    names = dict.fromkeys([*before, *after])
    lines = [
        ChangeLine(name, before.get(name, NOTHING), after.get(name, NOTHING))
        for name in names
        if before.get(name) != after.get(name)
    ]
    return lines[:MOST]


def _flatten(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            name = str(key).replace("_", " ")
            yield from _flatten(inner, f"{path} › {name}" if path else name)
    elif path:
        yield path, _write(value)


def _write(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**12 else str(value)
    if isinstance(value, list):
        return ", ".join(_write(one) for one in value)
    return str(value)
