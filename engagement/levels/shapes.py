"""Curves as a person chooses them: a shape with a few numbers, many of which are one formula underneath. Pure.

    quadratic  the next level costs aL² + bL + c          as MEE6 counts
    cubic      level L needs aL³ + bL² + cL, rounded      as Polaris counts
    power      level L needs base · L^exponent, rounded up  as Red's LevelUp counts
    linear     every level costs the same
    formula    written by hand
    table      the points of each level, by hand

Invariant: `shape_of(*curve_of(shape, values))` gives shape and values back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from .curves import FORMULA, LINEAR, MAX_LEVEL, QUADRATIC, TABLE
from .errors import InvalidCurveError

CUBIC: Final = "cubic"
POWER: Final = "power"
_MAX_TABLE_TEXT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a shape: `low` to `high`, whole where `step` is 1."""

    name: str
    label: str
    low: int
    high: int
    default: str
    step: str = "1"


@dataclass(frozen=True, slots=True)
class Shape:
    """`like` names the bot that people know it from."""

    key: str
    name: str
    help: str
    fields: tuple[Field, ...] = ()
    like: str = ""


_MAX_LEVEL_FIELD: Final = Field("max_level", "Highest level", 1, MAX_LEVEL, str(MAX_LEVEL))
SHAPES: Final[Mapping[str, Shape]] = {
    shape.key: shape
    for shape in (
        Shape(
            QUADRATIC,
            "Rising",
            "The step from level L to the next costs a × L² + b × L + c.",
            (
                Field("a", "a, for each L²", 0, 10**6, "5"),
                Field("b", "b, for each L", 0, 10**6, "50"),
                Field("c", "c, for the first step", 0, 10**6, "100"),
                _MAX_LEVEL_FIELD,
            ),
            "MEE6 and Lurkr",
        ),
        Shape(
            CUBIC,
            "Steeper",
            "Level L needs a × L³ + b × L² + c × L in all, rounded to the nearest step.",
            (
                Field("a", "a, for each L³", 0, 10**6, "1"),
                Field("b", "b, for each L²", 0, 10**6, "50"),
                Field("c", "c, for each L", 0, 10**6, "100"),
                Field("rounding", "Rounded to", 1, 10**6, "100"),
                _MAX_LEVEL_FIELD,
            ),
            "Polaris",
        ),
        Shape(
            POWER,
            "Power",
            "Level L needs base × L to the power of the exponent in all, rounded up.",
            (
                Field("base", "Base", 1, 10**6, "100"),
                Field("exponent", "Exponent", 1, 5, "2", step="0.05"),
                _MAX_LEVEL_FIELD,
            ),
            "Red’s LevelUp",
        ),
        Shape(
            LINEAR,
            "Even",
            "Every level costs the same.",
            (Field("step", "Points a level", 1, 10**9, "500"), _MAX_LEVEL_FIELD),
        ),
        Shape(
            FORMULA,
            "Your own formula",
            "Over L, with + - * / ** and min, max, sqrt, log, floor, ceil.",
            (_MAX_LEVEL_FIELD,),
        ),
        Shape(TABLE, "Your own table", "The points of levels 1, 2, 3, …, one a line or separated by commas."),
    )
}
_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_CUBIC_TEXT: Final = re.compile(
    rf"{_NUMBER}\*floor\(\({_NUMBER}\*L\*\*3\+{_NUMBER}\*L\*\*2\+{_NUMBER}\*L\)/{_NUMBER}\+0\.5\)"
)
_POWER_TEXT: Final = re.compile(rf"ceil\({_NUMBER}\*L\*\*{_NUMBER}\)")


def curve_of(shape: str, values: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """(kind, parameters) for `build_curve`, from what a form says. Raises InvalidCurveError, whose `field` names the value."""
    chosen = SHAPES.get(shape)
    if chosen is None:
        raise InvalidCurveError(f"A curve is one of {', '.join(SHAPES)}; got {shape!r:.40}.", field="shape")
    if shape == TABLE:
        return TABLE, {"totals": _read_table(values.get("totals", ""))}
    numbers = {field.name: _read_number(field, values.get(field.name, "")) for field in chosen.fields}
    # The highest there is needs no saying; so a curve that a person never touched stays the very same.
    ends = {} if numbers["max_level"] == str(MAX_LEVEL) else {"max_level": int(numbers["max_level"])}
    match shape:
        case "cubic":
            a, b, c, step = (numbers[name] for name in ("a", "b", "c", "rounding"))
            return FORMULA, {
                "text": f"{step}*floor(({a}*L**3+{b}*L**2+{c}*L)/{step}+0.5)",
                "gives": "total",
                **ends,
            }
        case "power":
            return FORMULA, {
                "text": f"ceil({numbers['base']}*L**{numbers['exponent']})",
                "gives": "total",
                **ends,
            }
        case "formula":
            return FORMULA, {
                "text": values.get("text", "").strip(),
                "gives": values.get("gives", "next"),
                **ends,
            }
        case _:
            whole = {name: int(number) for name, number in numbers.items() if name != "max_level"}
            return shape, {**whole, **ends}


def shape_of(kind: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The shape and its values as a form shows them, for a stored curve."""
    max_level = str(parameters.get("max_level", MAX_LEVEL))
    if kind == TABLE:
        return TABLE, {"totals": "\n".join(str(total) for total in parameters.get("totals", []))}
    if kind != FORMULA:
        stored = {field.name: str(parameters.get(field.name, field.default)) for field in SHAPES[kind].fields}
        return kind, {**stored, "max_level": max_level}
    text = str(parameters.get("text", ""))
    if parameters.get("gives") == "total":
        cubic, power = _CUBIC_TEXT.fullmatch(text), _POWER_TEXT.fullmatch(text)
        if cubic and cubic[1] == cubic[5]:
            names = ("rounding", "a", "b", "c")
            return CUBIC, {**dict(zip(names, cubic.groups(), strict=False)), "max_level": max_level}
        if power:
            return POWER, {"base": power[1], "exponent": power[2], "max_level": max_level}
    return FORMULA, {"text": text, "gives": str(parameters.get("gives", "next")), "max_level": max_level}


def _read_number(field: Field, text: str) -> str:
    """The number in its shortest writing."""
    try:
        number = Decimal(text.strip() or field.default)
    except InvalidOperation:
        number = Decimal("NaN")
    whole = field.step == "1"
    if not number.is_finite() or not field.low <= number <= field.high or (whole and number != int(number)):
        what = "a whole number" if whole else "a number"
        raise InvalidCurveError(
            f"{field.label}: “{text:.40}” does not fit. Give {what} from {field.low:,} to {field.high:,}.",
            field=field.name,
        )
    return (
        str(int(number)) if number == int(number) else f"{number.quantize(Decimal('0.0001')).normalize():f}"
    )


def _read_table(text: str) -> list[int]:
    if len(text) > _MAX_TABLE_TEXT:
        raise InvalidCurveError(f"A table has at most {_MAX_TABLE_TEXT:,} characters.", field="totals")
    words = re.split(r"[\s,;]+", text.strip())
    wrong = next((word for word in words if not re.fullmatch(r"\d{1,16}", word)), None)
    if wrong is not None:
        raise InvalidCurveError(
            f"The table holds “{wrong:.40}”. Give the points of each level as whole numbers, one a line.",
            field="totals",
        )
    return [int(word) for word in words]
