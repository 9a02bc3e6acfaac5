"""Answers held against the library's resource annotations.

Every field must be one that the class knows, of its type; every field that is not Optional must be there. Lists of values
(`Literal[…] | str`) are taken as closed: this server answers only with what is documented.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final, get_args, get_origin

from stripe._list_object import ListObject
from stripe._stripe_object import StripeObject

from .hints import alternatives, hints_of, literals, resource_class

Check = Callable[[Any, str], list[str]]
# What Stripe answers and the library's classes do not name.
_UNNAMED: Final[dict[str, frozenset[str]]] = {"list": frozenset({"total_count"})}
# Annotated as always there, and null or absent at Stripe's all the same.
_SOMETIMES: Final = frozenset({"source"})
_TYPES: Final[dict[Any, Callable[[Any], bool]]] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    float: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    Decimal: lambda value: isinstance(value, str),
    type(None): lambda value: value is None,
}


def check_answer(answer: Any) -> list[str]:
    """The problems of one answer; an empty list is a pass."""
    return _object(answer, "") if isinstance(answer, dict) else []


def _object(value: dict[str, Any], where: str) -> list[str]:
    name = value.get("object")
    cls = resource_class(name) if isinstance(name, str) else None
    if cls is None:
        return [f"{where or 'answer'}: the library knows no object {name!r}"]
    return _members(cls, value, where or str(name))


def _members(cls: type, value: dict[str, Any], where: str) -> list[str]:
    if cls is ListObject or value.get("object") in ("list", "search_result"):
        return [
            problem
            for place, one in enumerate(value["data"])
            for problem in _object(one, f"{where}.data[{place}]")
        ]
    fields = _fields(cls)
    known = _UNNAMED.get(str(value.get("object")), frozenset())
    problems = [
        f"{where}.{key}: the library knows no such field"
        for key in value
        if key not in fields and key not in known
    ]
    deleted = value.get("deleted") is True
    for key, (check, needed) in fields.items():
        if key in _SOMETIMES and value.get(key) is None:
            continue
        if key in value:
            problems += check(value[key], f"{where}.{key}")
        elif needed and not deleted:
            problems.append(f"{where}.{key}: missing")
    return problems


@cache
def _fields(cls: type) -> dict[str, tuple[Check, bool]]:
    return {
        name: (_lazy(hint), not any(one is type(None) for one in alternatives(hint)))
        for name, hint in hints_of(cls).items()
    }


def _lazy(hint: Any) -> Check:
    compiled: list[Check] = []

    def check(value: Any, where: str) -> list[str]:
        if not compiled:
            compiled.append(_compile(hint))
        return compiled[0](value, where)

    return check


def _compile(hint: Any) -> Check:
    options = alternatives(hint)
    values = literals(options)
    plain = [_TYPES[one] for one in options if one in _TYPES and not (one is str and values)]
    lists = [_lazy((get_args(one) or (Any,))[0]) for one in options if get_origin(one) is list]
    classes = [get_origin(one) or one for one in options]
    maps = [
        one
        for one in options
        if getattr(get_origin(one) or one, "__name__", "") in ("UntypedStripeObject", "dict")
    ]
    shapes = [
        one
        for one in classes
        if isinstance(one, type) and issubclass(one, StripeObject) and one.__name__ != "UntypedStripeObject"
    ]
    if Any in options:
        return lambda value, where: []

    def check(value: Any, where: str) -> list[str]:
        if any(fits(value) for fits in plain) or (not isinstance(value, dict | list) and value in values):
            return []
        if isinstance(value, list) and lists:
            return [
                problem for place, one in enumerate(value) for problem in lists[0](one, f"{where}[{place}]")
            ]
        if isinstance(value, dict) and shapes:
            return _shape(shapes, value, where)
        if isinstance(value, dict) and maps:
            return []
        return [f"{where}: {str(value)[:60]!r} is not {_words(options)}"]

    return check


def _shape(shapes: list[type], value: dict[str, Any], where: str) -> list[str]:
    if isinstance(value.get("object"), str) and resource_class(value["object"]) is not None:
        return _object(value, where)
    return min((_members(cls, value, where) for cls in shapes), key=len)


def _words(options: list[Any]) -> str:
    return " or ".join(getattr(one, "__name__", str(one))[:80] for one in options)
