"""A line of `make bench` is one JSON object as DESIGN section 9 shows it."""

from __future__ import annotations

import json

import pytest

from ops.bench.__main__ import list_benches
from ops.bench.results import Result, parse_goal


def test_line_has_the_keys_of_the_design() -> None:
    line = Result("ingest", "vs_copy", 0.412345, ">=0.35", {"copy_rows": 64_000}).as_line()
    assert json.loads(line) == {
        "bench": "ingest",
        "metric": "vs_copy",
        "value": 0.4123,
        "goal": ">=0.35",
        "ok": True,
        "detail": {"copy_rows": 64_000},
    }


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [(0.34, ">=0.35", False), (4.0, "<=4", True), (250.0, "<250", False), (0, "==0", True)],
)
def test_goal_is_compared_with_the_value(value: float, goal: str, met: bool) -> None:
    assert Result("b", "m", value, goal).ok is met


@pytest.mark.parametrize("goal", ["0.35", "=> 1", "fast", ""])
def test_goal_that_is_no_comparison_is_refused(goal: str) -> None:
    with pytest.raises(ValueError, match="must be a comparison"):
        parse_goal(goal)


def test_frame_is_no_bench() -> None:
    assert not {"results", "one", "__main__", "__init__"} & set(list_benches())
