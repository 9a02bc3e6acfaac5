"""One line of `make bench`."""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass, field
from typing import Any

_COMPARE = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt, "==": operator.eq}


@dataclass(frozen=True)
class Result:
    """`goal` is a comparison and a number, such as `>=0.35`; `detail` says what was measured, floor included."""

    bench: str
    metric: str
    value: float
    goal: str
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        compare, number = parse_goal(self.goal)
        return bool(_COMPARE[compare](self.value, number))

    def as_line(self) -> str:
        value = float(f"{self.value:.4g}")
        record = {
            "bench": self.bench,
            "metric": self.metric,
            "value": int(value) if value.is_integer() else value,
            "goal": self.goal,
            "ok": self.ok,
            "detail": self.detail,
        }
        return json.dumps(record, default=str)


def parse_goal(goal: str) -> tuple[str, float]:
    """('>=', 0.35) from '>=0.35'. Raises ValueError."""
    match = re.fullmatch(r"(>=|<=|==|<|>)\s*(\d+(?:\.\d+)?)", goal)
    if match is None:
        raise ValueError(f"The goal {goal!r} must be a comparison and a number, such as >=0.35.")
    return match[1], float(match[2])
