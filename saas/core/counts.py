"""How a number of something is written. Pure."""

from __future__ import annotations


def write_count(number: int, unit: str) -> str:
    """1284, `points` → `1,284 points`, with a real minus sign; one of them drops the plural's s."""
    singular = abs(number) == 1 and len(unit) > 2 and unit.endswith("s") and not unit.endswith("ss")
    return f"{number:,} {unit[:-1] if singular else unit}".replace("-", "−", 1)
