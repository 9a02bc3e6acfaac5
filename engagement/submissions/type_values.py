"""What a type is made of beside its form, checked before it is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from saas.core.errors import InvalidInputError
from saas.core.text import clean_line, require_line

from .answers import clean_text
from .errors import InvalidSubmissionTypeError
from .limits import PERIODS
from .shapes import fields_data, parse_form

MAX_SLA: Final = 24 * 90
_BIG: Final = 2**63 - 1
DEFAULTS: Final[dict[str, Any]] = {
    "description": "",
    "icon": "",
    "rubric": [],
    "unique_links": True,
    "previews": True,
    "limit_count": None,
    "limit_period": "ever",
    "eligibility": {},
    "reviewers": {},
    "channel_id": None,
    "sla_hours": None,
    "automatic": False,
}
VALUES: Final = ("name", "fields", "award", *DEFAULTS)


def check_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """All VALUES as they are stored. Raises InvalidSubmissionTypeError, whose `field` names what is wrong."""
    unknown = sorted(str(name) for name in values if name not in VALUES)
    missing = [name for name in VALUES if name not in values]
    if unknown or missing:
        which = unknown[0] if unknown else missing[0]
        raise InvalidSubmissionTypeError(
            f"{which!r:.60} is {'no part of a kind of submission' if unknown else 'needed'}.",
            field=which[:40],
        )
    form = parse_form(values["fields"], values["rubric"], values["award"])
    if values["automatic"] and form.award.kind == "rubric":
        raise InvalidSubmissionTypeError(
            "Points by score need somebody who scores. Give fixed points, or let reviewers approve.",
            field="automatic",
        )
    return {
        "name": _line(values["name"], 60, "name", "The name"),
        "description": _text(values["description"], 500, "description"),
        "icon": _text(values["icon"], 40, "icon"),
        "fields": fields_data(form.fields),
        "rubric": [asdict(criterion) for criterion in form.rubric],
        "award": asdict(form.award),
        "unique_links": bool(values["unique_links"]),
        "previews": bool(values["previews"]),
        "limit_count": _number(values["limit_count"], 1, 1000, "limit_count"),
        "limit_period": _one_of(values["limit_period"], PERIODS, "limit_period"),
        "eligibility": _eligibility(values["eligibility"]),
        "reviewers": _reviewers(values["reviewers"]),
        "channel_id": _number(values["channel_id"], 1, _BIG, "channel_id"),
        "sla_hours": _number(values["sla_hours"], 1, MAX_SLA, "sla_hours"),
        "automatic": bool(values["automatic"]),
    }


def _eligibility(data: Any) -> dict[str, Any]:
    """level, roles (Discord's ids as text), days: what is left out asks nothing."""
    known = _object(data, ("level", "roles", "days"), "eligibility")
    kept = {
        "level": _number(known.get("level"), 1, 10_000, "eligibility.level"),
        "roles": _ids(known.get("roles", ()), "eligibility.roles"),
        "days": _number(known.get("days"), 1, 3650, "eligibility.days"),
    }
    return {name: value for name, value in kept.items() if value}


def _reviewers(data: Any) -> dict[str, Any]:
    """roles (Discord's ids as text), users (ids of logins)."""
    known = _object(data, ("roles", "users"), "reviewers")
    users = known.get("users", ())
    if not isinstance(users, list | tuple) or any(
        type(one) is not int or not 0 < one < _BIG for one in users
    ):
        raise InvalidSubmissionTypeError("Reviewers are people of the team.", field="reviewers.users")
    kept = {
        "roles": _ids(known.get("roles", ()), "reviewers.roles"),
        "users": list(dict.fromkeys(users))[:50],
    }
    return {name: value for name, value in kept.items() if value}


def _object(data: Any, known: Sequence[str], at: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or any(name not in known for name in data):
        raise InvalidSubmissionTypeError(f"This is an object with {', '.join(known)}.", field=at)
    return data


def _ids(data: Any, at: str) -> list[str]:
    if not isinstance(data, list | tuple) or len(data) > 50:
        raise InvalidSubmissionTypeError("Choose up to 50 Discord roles.", field=at)
    ids = [str(one) for one in data]
    if any(not (one.isascii() and one.isdigit() and len(one) <= 20) for one in ids):
        raise InvalidSubmissionTypeError("A Discord role is named by its id.", field=at)
    return list(dict.fromkeys(ids))


def _line(value: Any, longest: int, at: str, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidSubmissionTypeError(f"{what} is a text.", field=at)
    try:
        return require_line(value, longest=longest, what=what, field=at)
    except InvalidInputError as error:
        raise InvalidSubmissionTypeError(error.message, field=at) from None


def _text(value: Any, longest: int, at: str) -> str:
    if not isinstance(value, str):
        raise InvalidSubmissionTypeError("This is a text.", field=at)
    clean = (
        clean_text(value, limit=longest + 1) if at == "description" else clean_line(value, limit=longest + 1)
    )
    if len(clean) > longest or len(value) > longest * 8:
        raise InvalidSubmissionTypeError(f"This has more than {longest} characters. Shorten it.", field=at)
    return clean


def _number(value: Any, low: int, high: int, at: str) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not low <= value <= high:
        raise InvalidSubmissionTypeError(
            f"Give a whole number from {low:,} to {high:,}, or nothing; this is {value!r:.40}.", field=at
        )
    return value


def _one_of(value: Any, known: Sequence[str], at: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise InvalidSubmissionTypeError(
            f"{value!r:.60} is unknown. Choose one of {', '.join(known)}.", field=at
        )
    return value
