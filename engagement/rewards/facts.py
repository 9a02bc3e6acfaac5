"""What an organiser writes about a reward: cleaned and bounded, before anything is stored. Pure.

`facts` is a mapping of the names in FIELDS; a change gives only what changes. None or an empty text takes a value away where it may be
empty. Whole numbers may come as digits, moments as ISO 8601 with their zone, so that forms, programs and tables are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from saas.core.text import clean_line, clean_lines

from .eligibility import check_eligibility
from .errors import InvalidRewardError
from .models import Approval, LimitPeriod

MOST: Final = 1_000_000_000
MAX_NAME: Final = 80
MAX_CATEGORY: Final = 40
MAX_DESCRIPTION: Final = 2_000
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")


def check_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Each of the facts as it is stored, except `settings`, which is `kinds`' to check and passed through.

    Raises InvalidRewardError, whose `field` names the fact.
    """
    for name in facts:
        if name not in FIELDS:
            raise InvalidRewardError(
                f"A reward has no {str(name)!r:.40}. It has {', '.join(FIELDS)}.", field=str(name)[:40]
            )
    return {name: FIELDS[name](name, value) for name, value in facts.items()}


def check_whole(values: Mapping[str, Any]) -> None:
    """What must hold between the facts of one reward. Raises InvalidRewardError."""
    starts_at, ends_at = values["starts_at"], values["ends_at"]
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidRewardError("It ends before it begins. Choose a later end.", field="ends_at")
    if values["is_drop"] and starts_at is None:
        raise InvalidRewardError(
            "A drop begins at an hour that members wait for. Say when.", field="starts_at"
        )
    if values["approval"] == Approval.ABOVE and values["approval_above"] is None:
        raise InvalidRewardError("Say above which price the team decides.", field="approval_above")


def check_key(key: str) -> str:
    """Raises InvalidRewardError."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidRewardError(
            f"The key {str(key)!r:.60} must be 1 to 40 small letters, digits, dashes and underscores.",
            field="key",
        )
    return key


def whole_number(name: str, value: Any, *, least: int, what: str = "") -> int:
    """From `least` to MOST. Raises InvalidRewardError."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if type(value) is not int or not least <= value <= MOST:
        raise InvalidRewardError(
            f"{what or WORDS[name]} is a whole number from {least:,} to {MOST:,}; this is {str(value)!r:.40}.",
            field=name,
        )
    return value


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _name(name: str, value: Any) -> str:
    line = clean_line(_text(name, value), limit=MAX_NAME + 1)
    if not any(char.isprintable() and not char.isspace() for char in line):
        raise InvalidRewardError(f"A reward needs a name of 1 to {MAX_NAME} characters.", field=name)
    return _fitting(name, line, MAX_NAME)


def _category(name: str, value: Any) -> str:
    return (
        ""
        if _empty(value)
        else _fitting(name, clean_line(_text(name, value), limit=MAX_CATEGORY + 1), MAX_CATEGORY)
    )


def _description(name: str, value: Any) -> str:
    if _empty(value):
        return ""
    return _fitting(name, clean_lines(_text(name, value), limit=MAX_DESCRIPTION + 1), MAX_DESCRIPTION)


def _fitting(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise InvalidRewardError(
            f"{WORDS[name]} has at most {most:,} characters; this has more. Shorten it.", field=name
        )
    return text


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidRewardError(f"{WORDS[name]} is a text; this is {str(value)!r:.40}.", field=name)
    return value


def _counted(least: int) -> Callable[[str, Any], int]:
    return lambda name, value: whole_number(name, value, least=least)


def _optional(least: int) -> Callable[[str, Any], int | None]:
    return lambda name, value: None if _empty(value) else whole_number(name, value, least=least)


def _moment(name: str, value: Any) -> datetime | None:
    if _empty(value):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip()[:40])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise InvalidRewardError(
            f"{WORDS[name]} is a date and time with its zone, such as 2026-12-24T18:00:00+01:00; this is {str(value)!r:.40}.",
            field=name,
        )
    return moment


def _flag(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise InvalidRewardError(f"{WORDS[name]} is yes or no (true or false).", field=name)
    return value


def _one_of(kind: type[Approval] | type[LimitPeriod]) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in kind.values:
            raise InvalidRewardError(
                f"{WORDS[name]} is one of {', '.join(kind.values)}; this is {str(value)!r:.40}.", field=name
            )
        return str(value)

    return check


def _as_it_is(name: str, value: Any) -> Any:
    return value


WORDS: Final = {
    "name": "The name",
    "description": "The description",
    "category": "The category",
    "price": "The price",
    "picture_id": "The picture",
    "sponsor_id": "The sponsor",
    "stock": "The stock",
    "low_stock": "The warning",
    "limit_count": "The limit for each member",
    "limit_period": "The limit's period",
    "starts_at": "The beginning",
    "ends_at": "The end",
    "is_drop": "Whether it is a drop",
    "approval": "Who approves",
    "approval_above": "The price above which the team decides",
}
FIELDS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "name": _name,
    "description": _description,
    "category": _category,
    "price": _counted(1),
    "picture_id": _optional(1),
    "sponsor_id": _optional(1),
    "stock": _optional(0),
    "low_stock": _optional(0),
    "limit_count": _optional(1),
    "limit_period": _one_of(LimitPeriod),
    "eligibility": lambda name, value: check_eligibility(value),
    "starts_at": _moment,
    "ends_at": _moment,
    "is_drop": _flag,
    "approval": _one_of(Approval),
    "approval_above": _optional(1),
    "settings": _as_it_is,
}
