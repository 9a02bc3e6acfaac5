"""The filters of a list: fields in its address, read into values, written as chips that can be removed.

A value that cannot be read is left out and said beside its field; the list stays usable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.http import QueryDict

_HIGHEST: Final = 10**15
_MOST_CHOSEN: Final = 50


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """A range with either end open. Numbers include both ends; moments are from `low` up to before `high`."""

    low: int | datetime | None
    high: int | datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. `kind`:

    choice  some of `choices`; the value is a tuple of theirs      one  one of `choices`; the value is it
    number  from–to; the value is a Span of int                    days  from–to; a Span of datetime in the tenant's zone
    """

    key: str
    name: str
    kind: str
    choices: tuple[Choice, ...] = ()
    help: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its names in the address."""
        if self.kind == "number":
            return (f"{self.key}_min", f"{self.key}_max")
        if self.kind == "days":
            return (f"{self.key}_from", f"{self.key}_to")
        return (self.key,)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an address says of one filter: `value` is None for nothing, `error` what is wrong, `said` the chip's words."""

    value: object = None
    error: str = ""
    said: str = ""


def read_filter(one: Filter, given: QueryDict, zone: str) -> Reading:
    """Its value as the address gives it."""
    if one.kind == "number":
        return _read_numbers(one, given)
    if one.kind == "days":
        return _read_days(one, given, zone)
    names = {choice.value: choice.name for choice in one.choices}
    if one.kind == "one":
        chosen = given.get(one.key, "")
        return Reading(chosen, said=f"{one.name}: {names[chosen]}") if chosen in names else Reading()
    wanted = tuple(dict.fromkeys(value for value in given.getlist(one.key)[:_MOST_CHOSEN] if value in names))
    if not wanted:
        return Reading()
    return Reading(wanted, said=f"{one.name}: {' or '.join(names[value] for value in wanted)}")


def _read_numbers(one: Filter, given: QueryDict) -> Reading:
    ends: list[int | None] = []
    for name in one.parameters:
        text = given.get(name, "").strip().replace(",", "")
        try:
            number = int(text) if text else None
        except ValueError:
            return Reading(error=f"{text!r:.30} is no whole number.")
        if number is not None and abs(number) > _HIGHEST:
            return Reading(error=f"{text:.20} is too large; at most {_HIGHEST:,}.")
        ends.append(number)
    low, high = ends
    if low is not None and high is not None and low > high:
        return Reading(error=f"{low:,} to {high:,} is no range: begin with the smaller number.")
    said = _say(one.name, None if low is None else f"{low:,}", None if high is None else f"{high:,}")
    return Reading(None if said == "" else Span(low, high), said=said)


def _read_days(one: Filter, given: QueryDict, zone: str) -> Reading:
    ends: list[date | None] = []
    for name in one.parameters:
        text = given.get(name, "").strip()
        try:
            ends.append(date.fromisoformat(text) if text else None)
        except ValueError:
            return Reading(error=f"{text!r:.30} is no day. Write it as 2026-11-21.")
    low, high = ends
    if low is not None and high is not None and low > high:
        return Reading(error=f"{low} to {high} is no range: begin with the earlier day.")
    if any(day is not None and not 1970 <= day.year <= 2200 for day in ends):
        return Reading(error="Choose a day between 1970 and 2200.")
    said = _say(one.name, None if low is None else str(low), None if high is None else str(high))
    span = Span(_midnight(low, zone), None if high is None else _midnight(high + timedelta(days=1), zone))
    return Reading(None if said == "" else span, said=said)


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, ZoneInfo(zone))


def _say(name: str, low: str | None, high: str | None) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"{name}: from {low}"
    if low is None:
        return f"{name}: up to {high}"
    return f"{name}: {low}" if low == high else f"{name}: {low} to {high}"
