"""How numbers, changes and moments are written on pages. Pure; the words of the look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

from saas.core.counts import write_count

MINUS = "−"
_STEPS = (
    (60, 1, "second"),
    (3_600, 60, "minute"),
    (86_400, 3_600, "hour"),
    (604_800, 86_400, "day"),
    (2_629_800, 604_800, "week"),
    (31_557_600, 2_629_800, "month"),
    (inf, 31_557_600, "year"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure held against an earlier one. `direction` is up, down or flat."""

    direction: str
    text: str


def write_whole(number: int) -> str:
    """1284 → `1,284`."""
    return f"{number:,}".replace("-", MINUS)


def write_signed(number: int) -> str:
    """25 → `+25`, -25 → `−25`, 0 → `0`."""
    return f"+{number:,}" if number > 0 else write_whole(number)


def write_unit(number: int, unit: str) -> str:
    """1284, `points` → `1,284 points`; one of them drops the plural's s."""
    return write_count(number, unit)


def compare(now: int, before: int) -> Change:
    """The change from `before` to `now` in percent; where there was nothing before, in whole numbers."""
    if now == before:
        return Change("flat", "no change")
    direction = "up" if now > before else "down"
    sign = "▲" if now > before else "▼"
    if before <= 0:
        return Change(direction, f"{sign} {write_whole(abs(now - before))}")
    percent = abs(now - before) * 100 / before
    shown = "under 1" if percent < 1 else write_whole(round(percent))
    return Change(direction, f"{sign} {shown} %")


def write_ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words. The page's script keeps it true while the page stays open."""
    seconds = (now - moment).total_seconds()
    length = abs(seconds)
    if length < 10:
        return "just now"
    _, size, name = next(step for step in _STEPS if length < step[0])
    count = max(1, round(length / size))
    text = f"{count} {name}{'' if count == 1 else 's'}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def write_moment(moment: datetime) -> str:
    """`Sat 21 Nov 2026, 14:03 CET`: the exact moment in its own zone, which is named."""
    return moment.strftime("%a %-d %b %Y, %H:%M ") + (moment.tzname() or "UTC")


def write_span(start: datetime, end: datetime) -> str:
    """`Sat 21 Nov 2026, 10:00–18:00 CET`; over several days both are written out, the zone where it changes."""
    if start.date() == end.date() and start.tzname() == end.tzname():
        return f"{start:%a %-d %b %Y, %H:%M}–{end:%H:%M} {end.tzname() or 'UTC'}"
    first = write_moment(start) if start.tzname() != end.tzname() else f"{start:%a %-d %b %Y, %H:%M}"
    return f"{first} – {write_moment(end)}"


def write_day(moment: datetime) -> str:
    """`3 March 2027`, by the moment's own zone."""
    return moment.strftime("%-d %B %Y")


def initials_of(name: str) -> str:
    """One or two letters for an avatar without a picture."""
    words = [word for word in name.split() if word[:1].isalnum()]
    if not words:
        return name.strip()[:1].upper() or "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
