"""How a number of something is written. Pure."""

from __future__ import annotations


def write_count(number: int, unit: str) -> str:
    """1284, `points` → `1,284 points`, with a real minus sign; one of them drops the plural's s, and is a `community` or an `entry`."""
    return f"{number:,} {_singular(unit) if abs(number) == 1 else unit}".replace("-", "−", 1)


def _singular(unit: str) -> str:
    """Of our own words and of a community's, whose members may earn cookies."""
    if unit.endswith(("ities", "tries")):
        return f"{unit[:-3]}y"
    return unit[:-1] if len(unit) > 2 and unit.endswith("s") and not unit.endswith("ss") else unit
