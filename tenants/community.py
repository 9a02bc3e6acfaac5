"""How a community shows itself and counts its days: what its organisers may change of the tenant's row.

Invariants: every change is checked here, whoever makes it; two who change the row queue up, and the second is told when what
they began from no longer stands. The address, the guild and the state are changed elsewhere (tenants.services).
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction

from saas.core.errors import ConflictError, InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line

from .models import Tenant
from .routing import invalidate_routing

Facts = dict[str, Any]
LOCALES: Final[Mapping[str, str]] = {"en": "English"}  # what pages and bot speak
_WEEKDAYS: Final = 7


class CommunityChangedError(ConflictError):
    """Somebody else changed the same facts meanwhile; `standing` are the facts as they are now."""

    code = "community_changed"

    def __init__(self, standing: Facts, fields: list[str]) -> None:
        super().__init__(
            f"Somebody else changed {' and '.join(FIELD_NAMES[field].lower() for field in fields)} while you were editing. "
            "Compare both, then save yours over it or take theirs."
        )
        self.standing = standing
        self.fields = fields


def get_facts(*, tenant_id: int) -> Facts:
    """The facts as they stand in the database: a process's memory of them may be a second old."""
    with enter_schema(PUBLIC):
        found: Facts = Tenant.objects.values(*FIELD_NAMES).get(pk=tenant_id)
    return found


def change_facts(
    *, tenant_id: int, changes: Mapping[str, Any], expected: Mapping[str, Any] | None = None
) -> tuple[Facts, Facts]:
    """Change some of the facts; all of them or none. Answers those that differ, as they were and as they are now.

    Locks the tenant's row. `expected` are the facts that the caller began from: where one that is to be changed stands
    otherwise by now, nothing is written. Idempotent: what stands already is no change. Every process follows within a second.
    Raises InvalidInputError, whose `field` names the fact, and CommunityChangedError.
    """
    wanted = {field: check_fact(field, value) for field, value in changes.items()}
    with enter_schema(PUBLIC), transaction.atomic():
        row: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        standing = {field: getattr(row, field) for field in FIELD_NAMES}
        different = [field for field, value in wanted.items() if standing[field] != value]
        if expected is not None:
            moved = [field for field in different if field in expected and expected[field] != standing[field]]
            if moved:
                raise CommunityChangedError(standing, moved)
        if different:
            Tenant.objects.filter(pk=tenant_id).update(**{field: wanted[field] for field in different})
            invalidate_routing(tenant_id=tenant_id)
    return (
        {field: standing[field] for field in different},
        {field: wanted[field] for field in different},
    )


def check_fact(field: str, value: Any) -> Any:
    """The value as it is stored. Raises InvalidInputError."""
    check = _CHECKS.get(field)
    if check is None:
        raise InvalidInputError(f"A community has no {field!r:.40}.", field=field[:40])
    return check(value)


def _line(field: str, longest: int, *, needed: bool = True) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        line = clean_line(value, limit=longest + 1) if isinstance(value, str) else ""
        if len(line) > longest:
            raise InvalidInputError(
                f"{FIELD_NAMES[field]}: at most {longest} characters. Shorten it.", field=field
            )
        if needed and not line:
            raise InvalidInputError(f"{FIELD_NAMES[field]}: give 1 to {longest} characters.", field=field)
        return line

    return check


def _one_of(field: str, known: Callable[[], Any], example: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known():
            raise InvalidInputError(
                f"{FIELD_NAMES[field]}: {value!r:.60} is not known. {example}", field=field
            )
        return value

    return check


def _locale(value: Any) -> str:
    """A code, also of a language that nothing speaks yet: then English is spoken."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", value):
        raise InvalidInputError("Language: choose one of the list.", field="locale")
    return value


def _weekday(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _WEEKDAYS:
        raise InvalidInputError("First day of the week: choose a day.", field="first_weekday")
    return value


def _colour(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise InvalidInputError(
            f"{value!r:.40} is no colour. Write it as #rrggbb, such as #4f46e5.", field="colour"
        )
    return value.lower()


def _emblem(value: Any) -> str:
    """Empty, or a picture on the web: https, because pages and Discord show nothing else."""
    text = value.strip() if isinstance(value, str) else "?"
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_picture = (
            parts.scheme == "https" and bool(parts.hostname) and not parts.username and len(text) <= 500
        )
    except ValueError:
        is_picture = False
    if not is_picture or not text.isprintable() or " " in text:
        raise InvalidInputError(
            "Emblem: give the address of a picture that begins with https://, at most 500 characters.",
            field="emblem_url",
        )
    return text


def _flag(field: str) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise InvalidInputError(f"{FIELD_NAMES[field]}: choose yes or no.", field=field)
        return value

    return check


# The facts, in the order of the page, by the names that people know them by.
FIELD_NAMES: Final[Mapping[str, str]] = {
    "name": "Name",
    "description": "Description",
    "kind": "Kind",
    "emblem_url": "Emblem",
    "colour": "Colour",
    "points_name": "Name of the points",
    "locale": "Language",
    "timezone": "Time zone",
    "first_weekday": "First day of the week",
    "board_public": "Leaderboard open to everybody",
}
_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": _line("name", 100),
    "description": _line("description", 300, needed=False),
    "kind": _one_of("kind", lambda: Tenant.Kind.values, "Choose one of the list."),
    "emblem_url": _emblem,
    "colour": _colour,
    "points_name": _line("points_name", 30),
    "locale": _locale,
    "timezone": _one_of("timezone", zoneinfo.available_timezones, "Use a name such as Europe/Berlin."),
    "first_weekday": _weekday,
    "board_public": _flag("board_public"),
}
