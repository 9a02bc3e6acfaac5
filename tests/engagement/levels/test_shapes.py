"""Curves as a form chooses them."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.levels.curves import DEFAULT_CURVE, DEFAULT_PARAMETERS, build_curve
from engagement.levels.errors import InvalidCurveError
from engagement.levels.shapes import SHAPES, curve_of, shape_of

CHOICES: list[tuple[str, dict[str, str]]] = [
    ("quadratic", {"a": "5", "b": "50", "c": "100", "max_level": "1000"}),
    ("quadratic", {"a": "7", "b": "0", "c": "1", "max_level": "50"}),
    ("cubic", {"a": "1", "b": "50", "c": "100", "rounding": "100", "max_level": "1000"}),
    ("power", {"base": "100", "exponent": "2", "max_level": "1000"}),
    ("power", {"base": "90", "exponent": "2.35", "max_level": "200"}),
    ("linear", {"step": "500", "max_level": "1000"}),
    ("formula", {"text": "100 * L + 3", "gives": "next", "max_level": "1000"}),
    ("table", {"totals": "100\n255\n475"}),
]


@pytest.mark.parametrize(("shape", "values"), CHOICES)
def test_a_choice_makes_a_curve_and_comes_back_as_it_was(shape: str, values: dict[str, str]) -> None:
    kind, parameters = curve_of(shape, values)

    build_curve(kind, parameters)
    assert shape_of(kind, parameters) == (shape, values)


def test_the_defaults_are_the_curve_that_people_know() -> None:
    kind, parameters = curve_of("quadratic", {})
    assert (kind, parameters) == ("quadratic", dict(DEFAULT_PARAMETERS))
    assert build_curve(kind, parameters).thresholds == DEFAULT_CURVE.thresholds
    assert shape_of("quadratic", {})[1]["a"] == "5"


def test_shapes_count_as_the_other_bots_do() -> None:
    polaris = build_curve(*curve_of("cubic", {})).thresholds
    levelup = build_curve(*curve_of("power", {})).thresholds
    assert polaris[1:4] == (200, 400, 800)  # 151, 408, 777: to the nearest hundred
    assert levelup[1:4] == (100, 400, 900)


def test_every_shape_works_as_it_is_offered() -> None:
    for key, shape in SHAPES.items():
        values = {field.name: field.default for field in shape.fields}
        build_curve(*curve_of(key, {**values, "text": "100*L + 1", "totals": "1, 2;3"}))


@pytest.mark.parametrize(
    ("shape", "values", "field"),
    [
        ("round", {}, "shape"),
        ("linear", {"step": "0"}, "step"),
        ("linear", {"step": "1.5"}, "step"),
        ("linear", {"step": "many"}, "step"),
        ("linear", {"step": "NaN"}, "step"),
        ("linear", {"step": "1e400"}, "step"),
        ("linear", {"max_level": "1001"}, "max_level"),
        ("power", {"exponent": "5.1"}, "exponent"),
        ("table", {"totals": ""}, "totals"),
        ("table", {"totals": "1, two"}, "totals"),
        ("table", {"totals": "1 " * 20_000}, "totals"),
    ],
)
def test_the_error_names_the_value(shape: str, values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidCurveError) as caught:
        curve_of(shape, values)
    assert caught.value.field == field


def test_a_formula_that_only_looks_like_ours_stays_a_formula() -> None:
    stored: dict[str, Any] = {"text": "50*floor((1*L**3+50*L**2+100*L)/100+0.5)", "gives": "total"}
    assert shape_of("formula", stored)[0] == "formula"
