"""Curves: thresholds, levels, what is refused, and what a change would do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.levels.curves import DEFAULT_CURVE, MAX_LEVEL, build_curve, preview_change
from engagement.levels.errors import InvalidCurveError


def test_the_default_curve_is_the_one_people_know() -> None:
    assert DEFAULT_CURVE.thresholds[:6] == (0, 100, 255, 475, 770, 1150)
    assert DEFAULT_CURVE.max_level == MAX_LEVEL
    assert DEFAULT_CURVE.level_for(99) == 0
    assert DEFAULT_CURVE.level_for(100) == 1
    assert (DEFAULT_CURVE.floor_of(2), DEFAULT_CURVE.ceiling_of(2)) == (255, 475)


@given(st.integers(0, 10**10))
def test_a_member_stands_between_the_floor_and_the_ceiling_of_the_level(lifetime: int) -> None:
    level = DEFAULT_CURVE.level_for(lifetime)
    ceiling = DEFAULT_CURVE.ceiling_of(level)

    assert DEFAULT_CURVE.floor_of(level) <= lifetime
    assert ceiling is None or lifetime < ceiling


@given(st.integers(0, 10**6), st.integers(0, 10**5))
def test_more_points_never_mean_a_lower_level(lifetime: int, gained: int) -> None:
    assert DEFAULT_CURVE.level_for(lifetime + gained) >= DEFAULT_CURVE.level_for(lifetime)


def test_debt_is_level_zero_and_the_highest_level_has_no_ceiling() -> None:
    curve = build_curve("linear", {"step": 10, "max_level": 3})

    assert curve.level_for(-5) == 0
    assert curve.level_for(10**9) == 3
    assert curve.ceiling_of(3) is None
    assert curve.floor_of(99) == 30


@pytest.mark.parametrize(
    ("kind", "parameters", "thresholds"),
    [
        ("quadratic", {"a": 1, "b": 0, "c": 10, "max_level": 3}, (0, 10, 21, 35)),
        ("linear", {"step": 500, "max_level": 2}, (0, 500, 1000)),
        ("table", {"totals": [5, 6, 100]}, (0, 5, 6, 100)),
        ("formula", {"text": "100 * L ** 2", "gives": "total", "max_level": 3}, (0, 100, 400, 900)),
        ("formula", {"text": "5*L*L + 50*L + 100", "max_level": 3}, (0, 100, 255, 475)),
        ("formula", {"text": "max(10, ceil(sqrt(L) * 20.5))", "max_level": 2}, (0, 10, 31)),
        ("formula", {"text": "-(-L) + +1", "max_level": 2}, (0, 1, 3)),
    ],
)
def test_every_kind_of_curve(kind: str, parameters: dict[str, Any], thresholds: tuple[int, ...]) -> None:
    assert build_curve(kind, parameters).thresholds == thresholds


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("spiral", {}, "kind"),
        ("quadratic", {"a": -1}, "a"),
        ("quadratic", {"d": 1}, "d"),
        ("quadratic", {"c": 0, "b": 0}, "parameters"),
        ("linear", {}, "step"),
        ("linear", {"step": 0}, "step"),
        ("linear", {"step": True}, "step"),
        ("linear", {"step": 5, "max_level": 1001}, "max_level"),
        ("table", {"totals": []}, "totals"),
        ("table", {"totals": [5, 5]}, "parameters"),
        ("table", {"totals": [5, "6"]}, "totals"),
        ("table", {"totals": list(range(1, 1002))}, "totals"),
        ("formula", {"text": "100 - L", "max_level": 200}, "parameters"),
        ("formula", {"text": "1000000000000 * L + 1"}, "parameters"),
        ("formula", {"text": "2 ** L"}, "text"),
        ("formula", {"text": "9 ** 9 ** 9 ** 9"}, "text"),
        ("formula", {"text": "1 / (L - 3)"}, "text"),
        ("formula", {"text": "(0 - 1) ** 0.5"}, "text"),
        ("formula", {"text": "log(L)"}, "text"),
        ("formula", {"text": "__import__('os')"}, "text"),
        ("formula", {"text": "L.real"}, "text"),
        ("formula", {"text": "[L for L in range(9)]"}, "text"),
        ("formula", {"text": "x + 1"}, "text"),
        ("formula", {"text": "'a' * 3"}, "text"),
        ("formula", {"text": "True + L"}, "text"),
        ("formula", {"text": "sqrt(L, 2)"}, "text"),
        ("formula", {"text": "+".join(["L"] * 90)}, "text"),
        ("formula", {"text": "("}, "text"),
        ("formula", {"text": "1" + "0" * 199}, "text"),
        ("formula", {"text": "(" * 100 + "L" + ")" * 99}, "text"),
        ("formula", {"text": 5}, "text"),
        ("formula", {"text": "L + 1", "gives": "half"}, "gives"),
    ],
)
def test_the_error_names_the_part_that_is_wrong(kind: str, parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidCurveError) as caught:
        build_curve(kind, parameters)

    assert caught.value.field == field


def test_a_preview_counts_who_would_rise_and_who_would_fall() -> None:
    old = build_curve("linear", {"step": 100})
    new = build_curve("table", {"totals": [50, 500]})

    preview = preview_change(old, new, iter([0, 49, 60, 120, 450, 500]))

    assert (preview.members, preview.rise, preview.fall, preview.changed) == (6, 1, 2, 3)
    assert (preview.highest_before, preview.highest_after) == (5, 2)
