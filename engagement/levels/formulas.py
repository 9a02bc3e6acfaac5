"""A formula over the level L: numbers, + - * / ** and a few functions, nothing else.

The text is parsed to a syntax tree, every node of which must be on the list; it is computed in floating point, so that no
power can grow a number of a million digits. Invariant: a compiled formula gives a whole number or raises InvalidCurveError.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from .errors import InvalidCurveError

MAX_TEXT: Final = 200
MAX_NODES: Final = 60
_LARGEST: Final = 2**53  # above it floats skip whole numbers

_BINARY: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log": math.log,
    "floor": math.floor,
    "ceil": math.ceil,
}
_ARGUMENTS: Final = {"min": (2, 2), "max": (2, 2)}
_HELP: Final = f"Use numbers, L, + - * / ** ( ) and {', '.join(sorted(_FUNCTIONS))}."


def compile_formula(text: object) -> Callable[[int], int]:
    """A function from level to points, rounded to the nearest whole number. Raises InvalidCurveError for a text that is no
    formula; the function raises it for a level where the formula has no value."""
    if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_TEXT:
        raise InvalidCurveError(
            f"A formula has 1 to {MAX_TEXT} characters, such as 5*L**2 + 50*L + 100.", field="text"
        )
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise InvalidCurveError(f"The formula can't be read. {_HELP}", field="text") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise InvalidCurveError(f"The formula has more than {MAX_NODES} parts.", field="text")
    _check(tree)

    def points(level: int) -> int:
        try:
            value = _value(tree, float(level))
            if abs(value) >= _LARGEST:
                raise OverflowError("the number is too large")
            return math.floor(value + 0.5)
        except (ArithmeticError, ValueError) as error:
            raise InvalidCurveError(
                f"At level {level} the formula has no value: {error}.", field="text"
            ) from error

    return points


def _check(node: ast.expr) -> None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not abs(value) < _LARGEST:
                raise InvalidCurveError(f"The number {value!r:.30} is too large.", field="text")
        case ast.Name(id="L"):
            pass
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left)
            _check(right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            low, high = _ARGUMENTS.get(name, (1, 1))
            if not low <= len(arguments) <= high:
                raise InvalidCurveError(
                    f"{name} takes {low} {'value' if low == 1 else 'values'}.", field="text"
                )
            for argument in arguments:
                _check(argument)
        case _:
            raise InvalidCurveError(
                f"“{ast.unparse(node):.60}” has no place in a formula. {_HELP}", field="text"
            )


def _value(node: ast.expr, level: float) -> float:
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]  # _check let numbers through only
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, level)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, level), _value(right, level))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, level) for argument in arguments))
    return level
