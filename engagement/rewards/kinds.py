"""The kinds of rewards: what each one needs to know (`Reward.settings`), and whether that is right.

Pure. What is named here by id (a role, a file, a type of credits) is looked up by the services; here it has the right shape. A draft
may be incomplete; what is on offer is not. `Redemption.outcome` notes what came of it, as engagement.rewards.fulfilling says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from saas.core.text import clean_line, clean_lines

from .errors import InvalidRewardError
from .models import RewardKind

MOST: Final = 1_000_000_000
POOL, GENERATED = "pool", "generated"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PREFIX: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")


class Shape(StrEnum):
    """What a setting holds, and how it is asked for."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    LINK = "link"
    ROLE = "role"  # a Discord role's id, as digits
    FILE = "file"  # stored_file.id
    CREDITS = "credits"  # credit_type.id
    MOMENT = "moment"  # ISO 8601 with its zone
    LINES = "lines"  # a list of short texts


@dataclass(frozen=True, slots=True)
class Setting:
    """One of a kind's settings. `least` and `most` bound a number, `most` also a text's characters; `needed` before it is on offer."""

    name: str
    label: str
    shape: Shape
    help: str = ""
    needed: bool = False
    default: Any = None
    least: int = 1
    most: int = MOST
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def field(self) -> str:
        return f"settings.{self.name}"


@dataclass(frozen=True, slots=True)
class Kind:
    """`what` tells an organiser what happens once somebody redeemed it."""

    kind: RewardKind
    what: str
    icon: str
    settings: tuple[Setting, ...]

    @property
    def title(self) -> str:
        return str(self.kind.label)


_INSTRUCTIONS: Final = Setting(
    "instructions",
    "What the member reads afterwards",
    Shape.TEXT,
    "Shown to whoever redeemed it, and to nobody else.",
    default="",
    most=1_000,
)
_KINDS: Final = (
    Kind(
        RewardKind.ROLE,
        "The bot gives a Discord role, for good or for a time.",
        "shield",
        (
            Setting("role_id", "Role", Shape.ROLE, "The bot's own role must stand above it.", needed=True),
            Setting("days", "For how many days", Shape.NUMBER, "Empty: for good.", most=3_650),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.DOWNLOAD,
        "The member gets a link to a file. It ends by itself.",
        "download",
        (
            Setting(
                "file_id",
                "File",
                Shape.FILE,
                "PDF, ZIP, EPUB, Office, text, picture, MP3 or video; up to 25 MB.",
                needed=True,
            ),
            Setting("link_hours", "Hours until the link ends", Shape.NUMBER, default=72, most=8_760),
            Setting("downloads", "Downloads for each member", Shape.NUMBER, default=5, most=1_000),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.CODE,
        "The member gets a code that nobody else gets: one that you bring, or one that is made for them.",
        "ticket",
        (
            Setting(
                "source",
                "Where the codes come from",
                Shape.CHOICE,
                "Codes that you bring are the stock: as many can be redeemed as there are.",
                default=POOL,
                choices=((POOL, "I bring a list of codes"), (GENERATED, "EngageHub makes them")),
            ),
            Setting(
                "prefix",
                "Begins with",
                Shape.LINE,
                "Of codes that EngageHub makes: capital letters, digits and dashes, such as ACME-.",
                default="",
                most=12,
            ),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.PARTNER,
        "The member gets a partner's offer: a link, and a code where there is one for all.",
        "link",
        (
            Setting("url", "Link to the offer", Shape.LINK, "Begins with https://.", needed=True, most=500),
            Setting(
                "code", "Code for everybody", Shape.LINE, "Empty: the link is enough.", default="", most=60
            ),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.MERCHANDISE,
        "The member is asked for an address once it is approved; you ship it.",
        "gift",
        (
            Setting(
                "options",
                "To choose from",
                Shape.LINES,
                "One a line, such as sizes or colours. Empty: there is nothing to choose.",
                default=(),
                most=30,
            ),
            Setting(
                "countries",
                "Ships to",
                Shape.LINES,
                "Countries by their two letters, one a line: DE, AT, CH. Empty: everywhere.",
                default=(),
                most=250,
            ),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.CREDITS,
        "The member's balance of credits grows.",
        "coins",
        (
            Setting("type_id", "Credits", Shape.CREDITS, needed=True),
            Setting("amount", "How many", Shape.NUMBER, needed=True),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.RAFFLE,
        "Each redemption is a ticket. The winners are drawn at a moment that everybody knows.",
        "sparkles",
        (
            Setting("draws_at", "Drawn at", Shape.MOMENT, needed=True),
            Setting("winners", "Winners", Shape.NUMBER, default=1, most=1_000),
            Setting("prize", "What there is to win", Shape.LINE, needed=True, default="", most=120),
            _INSTRUCTIONS,
        ),
    ),
    Kind(
        RewardKind.CUSTOM,
        "Your team does it by hand and marks it as done.",
        "message",
        (
            replace(_INSTRUCTIONS, needed=True),
            Setting(
                "team_note",
                "What the team has to do",
                Shape.TEXT,
                "Members don't see it.",
                default="",
                most=1_000,
            ),
        ),
    ),
)
KINDS: Final = {kind.kind.value: kind for kind in _KINDS}


def get_kind(kind: str) -> Kind:
    """Raises InvalidRewardError."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidRewardError(
            f"{str(kind)!r:.40} is no kind of reward. It is one of {', '.join(KINDS)}.", field="kind"
        )
    return KINDS[kind]


def settings_of(kind: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the kind, with what stands for those that were never set."""
    return {one.name: stored.get(one.name, one.default) for one in get_kind(kind).settings}


def check_settings(kind: str, given: Mapping[str, Any], *, complete: bool) -> dict[str, Any]:
    """`given` as it is stored: cleaned, what says nothing left out. `complete`: everything needed must be there.

    Raises InvalidRewardError, whose `field` is “settings.<name>”.
    """
    shape = get_kind(kind)
    if not isinstance(given, Mapping):
        raise InvalidRewardError("The settings are an object of names and values.", field="settings")
    known = {one.name: one for one in shape.settings}
    for name in given:
        if name not in known:
            raise InvalidRewardError(
                f"A reward of the kind “{shape.title}” has no setting {str(name)!r:.40}. It has {', '.join(known)}.",
                field="settings",
            )
    checked: dict[str, Any] = {}
    for name, one in known.items():
        value = _check(one, given.get(name))
        if value is None and complete and one.needed:
            raise InvalidRewardError(
                f"“{one.label}” is missing, and without it this reward can't be given. Fill it in, or keep it as a draft.",
                field=one.field,
            )
        if value is not None and value != one.default:
            checked[name] = value
    return checked


def list_missing(kind: str, stored: Mapping[str, Any]) -> list[Setting]:
    """What a draft still lacks before it can be on offer."""
    return [one for one in get_kind(kind).settings if one.needed and stored.get(one.name) in (None, "")]


def is_pool(kind: str, stored: Mapping[str, Any]) -> bool:
    """Whether its stock is its pool of codes."""
    return kind == RewardKind.CODE and stored.get("source", POOL) == POOL


def _check(one: Setting, value: Any) -> Any:
    if value is None or value == "" or value == []:
        return None
    return _CHECKS[one.shape](one, value)


def _wrong(one: Setting, text: str) -> InvalidRewardError:
    return InvalidRewardError(f"{one.label}: {text}", field=one.field)


def _line(one: Setting, value: Any) -> str | None:
    text = _text_of(one, value)
    line = clean_line(text, limit=one.most + 1)
    if len(line) > one.most:
        raise _wrong(one, f"at most {one.most} characters; this has more. Shorten it.")
    if one.name == "prefix" and line and not _PREFIX.fullmatch(line):
        raise _wrong(one, "capital letters, digits and dashes only, such as ACME-.")
    return line or None


def _text(one: Setting, value: Any) -> str | None:
    text = clean_lines(_text_of(one, value), limit=one.most + 1)
    if len(text) > one.most:
        raise _wrong(one, f"at most {one.most:,} characters; this has more. Shorten it.")
    return text or None


def _number(one: Setting, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value.strip()):
        value = int(value)
    if type(value) is not int or not one.least <= value <= one.most:
        raise _wrong(one, f"a whole number from {one.least:,} to {one.most:,}; this is {str(value)!r:.40}.")
    return value


def _choice(one: Setting, value: Any) -> str:
    if value not in [key for key, _name in one.choices]:
        raise _wrong(
            one, f"one of {', '.join(key for key, _name in one.choices)}; this is {str(value)!r:.40}."
        )
    return str(value)


def _link(one: Setting, value: Any) -> str:
    text = _line(one, value) or ""
    try:
        parts = urlsplit(text)
        if parts.scheme == "https" and parts.hostname and "." in parts.hostname and not parts.username:
            return text
    except ValueError:
        pass
    raise _wrong(one, "a whole address that begins with https://, such as https://example.com/offer.")


def _role(one: Setting, value: Any) -> str:
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{15,20}", text):
        raise _wrong(one, "choose a role of your Discord server.")
    return text


def _id(one: Setting, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()):
        value = int(value)
    if type(value) is not int or not 0 < value < 2**31:
        raise _wrong(one, "choose one of those that are there.")
    return value


def _moment(one: Setting, value: Any) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise _wrong(one, "a date and time with its zone, such as 2026-12-24T18:00:00+01:00.")
    return moment.isoformat()


def _lines(one: Setting, value: Any) -> list[str] | None:
    parts: Sequence[Any] = value.splitlines() if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise _wrong(one, "a list of texts.")
    longest = 2 if one.name == "countries" else 40
    lines = [line for part in parts[:1_000] if (line := clean_line(part, limit=longest + 1))]
    if one.name == "countries":
        lines = [line.upper() for line in lines]
        wrong = next((line for line in lines if not _COUNTRY.fullmatch(line)), None)
        if wrong is not None:
            raise _wrong(one, f"two letters a country, one a line; {wrong!r} is none.")
    if any(len(line) > longest for line in lines):
        raise _wrong(one, f"at most {longest} characters a line.")
    if len(lines) > one.most or len(parts) > 1_000:
        raise _wrong(one, f"at most {one.most} lines.")
    return list(dict.fromkeys(lines)) or None


def _text_of(one: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(one, "a text.")
    return value


_CHECKS: Final = {
    Shape.LINE: _line,
    Shape.TEXT: _text,
    Shape.NUMBER: _number,
    Shape.CHOICE: _choice,
    Shape.LINK: _link,
    Shape.ROLE: _role,
    Shape.FILE: _id,
    Shape.CREDITS: _id,
    Shape.MOMENT: _moment,
    Shape.LINES: _lines,
}
