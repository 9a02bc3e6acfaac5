"""Curves: from parameters to thresholds, and from lifetime points to a level. Pure.

quadratic  {"a": 5, "b": 50, "c": 100}        level L → L+1 costs aL² + bL + c (the default, as MEE6 counts)
linear     {"step": 500}                      every level costs the same
table      {"totals": [100, 255, 475]}        lifetime points of levels 1, 2, 3, …
formula    {"text": "100 * L ** 2", "gives": "total" | "next"}   see formulas.py; total: lifetime points of level L,
                                                                 next: the cost of L → L+1
each but table also takes "max_level" (default 1,000)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from .errors import InvalidCurveError
from .formulas import compile_formula

MAX_LEVEL: Final = 1_000
MAX_TOTAL: Final = 10**15
QUADRATIC: Final = "quadratic"
LINEAR: Final = "linear"
TABLE: Final = "table"
FORMULA: Final = "formula"
KINDS: Final = (QUADRATIC, LINEAR, TABLE, FORMULA)
DEFAULT_PARAMETERS: Final[Mapping[str, Any]] = {"a": 5, "b": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class LevelCurve:
    """`thresholds[L]` is the lifetime points at which level L begins; `thresholds[0]` is 0 and they rise."""

    thresholds: tuple[int, ...]
    version: int = 0

    @property
    def max_level(self) -> int:
        return len(self.thresholds) - 1

    def level_for(self, lifetime: int) -> int:
        """The level of somebody with so many lifetime points. Debt has no level below 0."""
        return bisect_right(self.thresholds, lifetime) - 1 if lifetime > 0 else 0

    def floor_of(self, level: int) -> int:
        """The lifetime points at which a level begins."""
        return self.thresholds[min(max(level, 0), self.max_level)]

    def ceiling_of(self, level: int) -> int | None:
        """The lifetime points at which the next level begins; None at the highest."""
        return None if level >= self.max_level else self.thresholds[max(level, 0) + 1]


@dataclass(frozen=True, slots=True)
class CurvePreview:
    """What a new curve would do to the members, before anybody saves it."""

    members: int
    rise: int
    fall: int
    highest_before: int
    highest_after: int

    @property
    def changed(self) -> int:
        return self.rise + self.fall


def build_curve(kind: str, parameters: Mapping[str, Any], *, version: int = 0) -> LevelCurve:
    """The thresholds of a curve. Raises InvalidCurveError, whose `field` names the parameter."""
    builder = _BUILDERS.get(kind)
    if builder is None:
        raise InvalidCurveError(f"A curve is one of {', '.join(KINDS)}; got {kind!r:.40}.", field="kind")
    totals = builder(parameters)
    if any(later <= earlier for earlier, later in pairwise(totals)):
        level = next(n for n, (earlier, later) in enumerate(pairwise(totals), 1) if later <= earlier)
        raise InvalidCurveError(
            f"Level {level} would need {totals[level]:,} points and level {level - 1} already needs "
            f"{totals[level - 1]:,}. Each level must need more than the one before.",
            field="parameters",
        )
    if totals[-1] > MAX_TOTAL:
        raise InvalidCurveError(
            f"The highest level would need {totals[-1]:,} points; at most {MAX_TOTAL:,} are possible. "
            "Lower the cost or the highest level.",
            field="parameters",
        )
    return LevelCurve(tuple(totals), version)


def preview_change(old: LevelCurve, new: LevelCurve, lifetimes: Iterable[int]) -> CurvePreview:
    """How many members would change level. One pass; takes any number of members."""
    members = rise = fall = highest_before = highest_after = 0
    for lifetime in lifetimes:
        before, after = old.level_for(lifetime), new.level_for(lifetime)
        members += 1
        rise += after > before
        fall += after < before
        highest_before = max(highest_before, before)
        highest_after = max(highest_after, after)
    return CurvePreview(members, rise, fall, highest_before, highest_after)


def _from_costs(cost: Callable[[int], int], max_level: int) -> list[int]:
    totals = [0]
    for level in range(max_level):
        totals.append(totals[-1] + cost(level))
    return totals


def _quadratic(parameters: Mapping[str, Any]) -> list[int]:
    values = {**DEFAULT_PARAMETERS, **parameters}
    _refuse_unknown(values, {"a", "b", "c", "max_level"})
    a, b, c = (_number(values, name, low=0, high=10**6) for name in ("a", "b", "c"))
    return _from_costs(lambda level: a * level * level + b * level + c, _max_level(values))


def _linear(parameters: Mapping[str, Any]) -> list[int]:
    _refuse_unknown(parameters, {"step", "max_level"})
    step = _number(parameters, "step", low=1, high=10**9)
    return _from_costs(lambda level: step, _max_level(parameters))


def _table(parameters: Mapping[str, Any]) -> list[int]:
    _refuse_unknown(parameters, {"totals"})
    totals = parameters.get("totals")
    if not isinstance(totals, list) or not 1 <= len(totals) <= MAX_LEVEL:
        raise InvalidCurveError(f"A table lists the points of 1 to {MAX_LEVEL:,} levels.", field="totals")
    wrong = next((item for item in totals if type(item) is not int or not 0 < item <= MAX_TOTAL), None)
    if wrong is not None:
        raise InvalidCurveError(
            f"The table holds {wrong!r:.40}. Give whole numbers from 1 to {MAX_TOTAL:,}.", field="totals"
        )
    return [0, *totals]


def _formula(parameters: Mapping[str, Any]) -> list[int]:
    _refuse_unknown(parameters, {"text", "gives", "max_level"})
    formula = compile_formula(parameters.get("text"))
    max_level = _max_level(parameters)
    match parameters.get("gives", "next"):
        case "next":
            return _from_costs(formula, max_level)
        case "total":
            return [0, *(formula(level) for level in range(1, max_level + 1))]
    raise InvalidCurveError(
        "A formula gives “next”, the cost of the next level, or “total”, the points of level L.",
        field="gives",
    )


_BUILDERS: Final[Mapping[str, Callable[[Mapping[str, Any]], list[int]]]] = {
    QUADRATIC: _quadratic,
    LINEAR: _linear,
    TABLE: _table,
    FORMULA: _formula,
}


def _max_level(parameters: Mapping[str, Any]) -> int:
    return _number(parameters, "max_level", low=1, high=MAX_LEVEL, default=MAX_LEVEL)


def _number(
    parameters: Mapping[str, Any], name: str, *, low: int, high: int, default: int | None = None
) -> int:
    value = parameters.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise InvalidCurveError(
            f"{name} is {value!r:.40}. Give a whole number from {low:,} to {high:,}.", field=name
        )
    return value


def _refuse_unknown(parameters: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(str(name) for name in parameters.keys() - known)
    if unknown:
        raise InvalidCurveError(
            f"This curve has no {unknown[0]!r:.40}. It has: {', '.join(sorted(known))}.",
            field=unknown[0][:40],
        )


DEFAULT_CURVE: Final = build_curve(QUADRATIC, DEFAULT_PARAMETERS)
