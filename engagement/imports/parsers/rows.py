"""What every parser gives, and how single values are read."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from engagement.imports.errors import UnreadableFileError
from engagement.levels.curves import build_curve

MAX_ROWS: Final = 250_000
MAX_XP: Final = 10**12
MAX_LEVEL: Final = 100_000
MAX_NAME: Final = 100
_SNOWFLAKE: Final = re.compile(r"[1-9][0-9]{14,19}")
_GROUPED: Final = re.compile(r"\d{1,3}([,. ’'_]\d{3})+")
_NUMBER: Final = re.compile(r"\d{1,15}(\.\d{1,10})?")
_ROUNDED: Final = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_AVATAR_HASH: Final = re.compile(r"(a_)?[0-9a-f]{32}")
_CDN: Final = "https://cdn.discordapp.com/"
# They turn a name around, so that it pretends to be something else; joiners, which emoji need, stay.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class OldMember(NamedTuple):
    """One line. `error` says why it cannot be used; it is empty for a good one."""

    line: int
    external_id: str
    name: str = ""
    avatar_url: str = ""
    xp: int | None = None
    level: int | None = None
    error: str = ""


class OldReward(NamedTuple):
    """A role that a level brought. `keep`: `stack` also at higher levels, `highest` until the next one."""

    role_id: int
    level: int
    keep: str = "stack"


@dataclass(slots=True)
class OldBot:
    """Everything that was read. `curve` is {kind, parameters} of engagement.levels.curves; None where it is not known."""

    members: list[OldMember] = field(default_factory=list)
    rewards: list[OldReward] = field(default_factory=list)
    curve: dict[str, Any] | None = None
    facts: list[list[str]] = field(default_factory=list)


class BadValueError(ValueError):
    """A value of one line cannot be used; the message is for the organiser."""


def read_id(value: Any) -> str:
    """A Discord user's id. Raises BadValueError."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    text = text.removeprefix("<@").removeprefix("!").removesuffix(">")
    if _SNOWFLAKE.fullmatch(text) and int(text) < 2**63:
        return text
    if isinstance(value, float) or _ROUNDED.fullmatch(text):
        raise BadValueError(
            "A spreadsheet has rounded this id. Format the column as text and export it again."
        )
    if not text:
        raise BadValueError("The id is missing.")
    raise BadValueError(f"“{clean_name(text)[:40]}” is no Discord id, which has 15 to 20 digits.")


def read_whole(value: Any, *, what: str, most: int) -> int:
    """A number of XP or levels, fractions cut off. Raises BadValueError."""
    number = _number(value)
    if number is None:
        raise BadValueError(f"“{clean_name(str(value))[:40]}” is no number of {what}.")
    if number < 0:
        raise BadValueError(f"The {what} is below zero.")
    if number > most:
        raise BadValueError(f"The {what} is more than {most:,}.")
    return math.floor(number)


def _number(value: Any) -> float | int | None:
    """None for what is no number; NaN is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    text = str(value).strip().replace("\u00a0", " ").replace("\u202f", " ")
    sign = -1 if text.startswith(("-", "−")) else 1
    text = text.lstrip("+-−")
    if _GROUPED.fullmatch(text):
        return sign * int(re.sub(r"\D", "", text))
    if text.isascii() and text.isdigit():
        return sign * (int(text) if len(text) <= 30 else 10**30)
    return sign * float(text) if _NUMBER.fullmatch(text) else None


def clean_name(value: Any) -> str:
    """A name as it may be shown: without control characters and those that turn text around, at most 100 characters."""
    if not isinstance(value, str):
        return ""
    kept = (
        " " if character.isspace() else character
        for character in value[: MAX_NAME * 20]
        if character.isspace()
        or (character not in _TURNING and unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"})
    )
    return " ".join("".join(kept).split())[:MAX_NAME].strip()


def read_avatar(value: Any, external_id: str) -> str:
    """The picture's address at Discord; empty for anything else, since an address from a file could lead anywhere."""
    if not isinstance(value, str):
        return ""
    if _AVATAR_HASH.fullmatch(value):
        return f"{_CDN}avatars/{external_id}/{value}.png"
    if value.startswith(_CDN) and len(value) <= 500 and value.isascii() and value.isprintable():
        return value
    return ""


def read_member(
    line: int, *, external_id: Any, name: Any = "", avatar: Any = "", xp: Any = None, level: Any = None
) -> OldMember:
    """One line from its raw values. XP, level, or both; a value of None was not told."""
    try:
        known = read_id(external_id)
        if xp is None and level is None:
            raise BadValueError("Neither XP nor a level is given.")
        return OldMember(
            line,
            known,
            clean_name(name),
            read_avatar(avatar, known),
            None if xp is None else read_whole(xp, what="XP", most=MAX_XP),
            None if level is None else read_whole(level, what="level", most=MAX_LEVEL),
        )
    except BadValueError as error:
        shown = clean_name(str(external_id)) if isinstance(external_id, (str, int, float)) else ""
        return OldMember(line, shown[:100], clean_name(name), error=str(error)[:300])


def read_reward(role: Any, level: Any, keep: str = "stack") -> OldReward | None:
    """A level's role; None for what cannot be one."""
    try:
        return OldReward(int(read_id(role)), max(1, read_whole(level, what="level", most=MAX_LEVEL)), keep)
    except BadValueError:
        return None


def settle(bot: OldBot, *, repeats: str = "refuse") -> OldBot:
    """Levels that the curve tells are filled in, and each member is left once.

    `refuse`: a second line of one member is an error, as in a file. `newest`: the one with more XP counts, as where a
    leaderboard moved while it was read page by page. Raises UnreadableFileError for more than MAX_ROWS lines.
    """
    if len(bot.members) > MAX_ROWS:
        raise UnreadableFileError(
            f"There are {len(bot.members):,} lines; at most {MAX_ROWS:,} are read. Leave out whoever has no XP and try again."
        )
    curve = None if bot.curve is None else build_curve(bot.curve["kind"], bot.curve["parameters"])
    places: dict[str, int] = {}
    kept: list[OldMember] = []
    for member in bot.members:
        if not member.error:
            first = places.get(member.external_id)
            if first is None:
                places[member.external_id] = len(kept)
            elif repeats == "newest":
                if (member.xp or 0) > (kept[first].xp or 0):
                    kept[first] = member._replace(line=kept[first].line)
                continue
            else:
                member = member._replace(
                    error=f"This member stands on line {kept[first].line} already.", xp=None, level=None
                )
        if curve is not None and member.level is None and member.xp is not None and not member.error:
            member = member._replace(level=curve.level_for(member.xp))
        kept.append(member)
    bot.members = kept
    bot.rewards = list({reward.role_id: reward for reward in bot.rewards}.values())
    return bot


def as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else []
