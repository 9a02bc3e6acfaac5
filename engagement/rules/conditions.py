"""A rule's condition: a form (JSON) compiled to CEL, which a compiled library evaluates in microseconds.

The form is a tree:

    {"all": [form, …]} · {"any": [form, …]} · {"not": form}
    {"field": "length", "is": ">=", "value": 20}
    {"expression": "length >= 20 && !(emoji in ['👍'])"}      CEL, for those who prefer to write it

Invariants: what compiles is small, and its running time is bounded by its size, because a comprehension (all, exists,
exists_one, map, filter) may not stand inside another; CEL itself has no cost limit. Evaluation never raises: an error is
told as a reason, and the rule awards nothing.
"""

from __future__ import annotations

import re
from typing import Any, Final

from . import cel_library as cel
from .errors import InvalidConditionError

MAX_TEXT: Final = 2_000
MAX_NODES: Final = 50
MAX_DEPTH: Final = 5
MAX_VALUES: Final = 100
MAX_VALUE_TEXT: Final = 200

TEXT_FIELDS: Final = frozenset({"type", "channel", "category", "parent", "emoji"})
NUMBER_FIELDS: Final = frozenset({"length", "level", "lifetime", "membership_days", "hour", "weekday"})
FLAG_FIELDS: Final = frozenset({"thread"})
LIST_FIELDS: Final = frozenset({"roles"})
FIELDS: Final = TEXT_FIELDS | NUMBER_FIELDS | FLAG_FIELDS | LIST_FIELDS

_NUMBER_OPERATORS: Final = frozenset({">=", "<=", ">", "<", "==", "!="})
_STRING = re.compile(
    r"""[rRbB]{0,2}("{3}(?s:.*?)"{3}|'{3}(?s:.*?)'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
)
_COMPREHENSION = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


class Condition:
    """A compiled condition. `names` are the fields it reads, so that nothing else is handed over."""

    __slots__ = ("names", "program", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        bare = _STRING.sub("''", text)
        _refuse_nesting(bare)
        self.names: tuple[str, ...] = tuple(sorted(FIELDS.intersection(_NAME.findall(bare))))
        self.program = _compile(text)

    def refusal(self, values: dict[str, Any]) -> str | None:
        """None when the condition holds, else why not. Never raises: a broken condition awards nothing."""
        try:
            outcome = self.program.execute(values)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the library is compiled: a panic in it is no subclass of Exception
            missing = [name for name in self.names if values.get(name) is None]
            if missing:
                return f"the condition needs {' and '.join(missing)}, which this activity does not carry"
            return f"the condition failed: {error!s:.200}"
        if outcome is True:
            return None
        if outcome is False:
            return "the condition does not hold"
        return f"the condition gave {outcome!r:.60} instead of yes or no"


def compile_condition(form: object) -> Condition:
    """Check and compile a form. Raises InvalidConditionError, naming the part that is wrong."""
    text = _Writer().write(form, depth=1)
    if len(text) > MAX_TEXT:
        raise InvalidConditionError(
            f"The condition has {len(text)} characters as CEL; at most {MAX_TEXT} are allowed. Shorten its lists.",
            field="condition",
        )
    condition = Condition(text)
    _try_out(condition)
    return condition


def _compile(text: str) -> cel.Program:
    try:
        return cel.compile(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise InvalidConditionError(
            f"The condition cannot be read: {error!s:.200}", field="condition"
        ) from error


_SAMPLE: Final[dict[str, Any]] = {
    **dict.fromkeys(TEXT_FIELDS, ""),
    **dict.fromkeys(NUMBER_FIELDS, 1),
    "thread": False,
    "roles": [],
}


def _try_out(condition: Condition) -> None:
    """An unknown name or a comparison of unlike things is found when the rule is written, not when a member talks."""
    try:
        outcome = condition.program.execute({name: _SAMPLE[name] for name in condition.names})
    except (ArithmeticError, LookupError):
        return  # depends on the values, which are only a sample here
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise InvalidConditionError(
            f"The condition cannot be evaluated: {error!s:.200} Known fields: {', '.join(sorted(FIELDS))}.",
            field="condition",
        ) from error
    if not isinstance(outcome, bool):
        raise InvalidConditionError(
            f"The condition gives {outcome!r:.60} instead of yes or no. Compare it with something.",
            field="condition",
        )


def _refuse_nesting(bare: str) -> None:
    """`bare` is the expression with its strings emptied, so that every parenthesis counts."""
    for match in _COMPREHENSION.finditer(bare):
        level = 1
        for position in range(match.end(), len(bare)):
            level += {"(": 1, ")": -1}.get(bare[position], 0)
            if level == 0:
                break
            if bare[position] == "." and _COMPREHENSION.match(bare, position):
                raise InvalidConditionError(
                    "A list operation inside another (all, exists, exists_one, map, filter) could run for minutes; "
                    "write it without nesting.",
                    field="condition",
                )


class _Writer:
    """Turns a form into CEL, counting its parts."""

    def __init__(self) -> None:
        self.nodes = 0

    def write(self, form: object, *, depth: int) -> str:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise InvalidConditionError(
                f"The condition is too large: at most {MAX_NODES} parts, {MAX_DEPTH} deep.", field="condition"
            )
        match form:
            case {"all": list() as parts, **rest} if parts and not rest:
                return " && ".join(f"({self.write(part, depth=depth + 1)})" for part in parts)
            case {"any": list() as parts, **rest} if parts and not rest:
                return " || ".join(f"({self.write(part, depth=depth + 1)})" for part in parts)
            case {"not": part, **rest} if not rest:
                return f"!({self.write(part, depth=depth + 1)})"
            case {"expression": str() as text, **rest} if not rest:
                return _checked_expression(text)
            case {"field": str() as field, "is": str() as operator, "value": value, **rest} if not rest:
                return _comparison(field, operator, value)
        raise InvalidConditionError(
            f"This part of the condition is not understood: {form!r:.120}", field="condition"
        )


def _checked_expression(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InvalidConditionError(
            f"An expression has 1 to {MAX_TEXT} characters; this one has {len(text)}.", field="condition"
        )
    if "//" in _STRING.sub("''", text):
        raise InvalidConditionError("An expression holds no comments.", field="condition")
    _compile(text)  # alone, so that unbalanced parentheses cannot lean on what stands around it
    return text


def _comparison(field: str, operator: str, value: object) -> str:
    if field in NUMBER_FIELDS:
        if operator in _NUMBER_OPERATORS and type(value) is int and abs(value) < 2**53:
            return f"{field} {operator} {value}"
        hint = f"Compare {field} with a whole number, by one of {' '.join(sorted(_NUMBER_OPERATORS))}."
    elif field in TEXT_FIELDS:
        if operator in {"==", "!="} and isinstance(value, str):
            return f"{field} {operator} {_quoted(value)}"
        if operator in {"in", "not in"}:
            return f"{'!' if operator == 'not in' else ''}({field} in {_quoted_list(value)})"
        hint = f"Compare {field} with a text by == or !=, or with a list by “in” or “not in”."
    elif field in FLAG_FIELDS:
        if operator == "==" and isinstance(value, bool):
            return field if value else f"!{field}"
        hint = f"Compare {field} with true or false, by ==."
    elif field in LIST_FIELDS:
        if operator in {"any of", "none of"}:
            _quoted_list(value)
            some = " || ".join(f"{_quoted(item)} in {field}" for item in _texts(value))
            return f"!({some})" if operator == "none of" else f"({some})"
        if operator == "all of":
            return " && ".join(f"{_quoted(item)} in {field}" for item in _texts(value))
        hint = f"Compare {field} with a list, by “any of”, “all of” or “none of”."
    else:
        hint = f"Known fields: {', '.join(sorted(FIELDS))}."
    raise InvalidConditionError(
        f"“{field} {operator} {value!r:.60}” is not understood. {hint}", field="condition"
    )


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
        raise InvalidConditionError(
            f"A list in a condition has 1 to {MAX_VALUES} entries; got {value!r:.60}.", field="condition"
        )
    return value


def _quoted_list(value: object) -> str:
    return f"[{', '.join(_quoted(item) for item in _texts(value))}]"


def _quoted(value: object) -> str:
    """A CEL string. Everything but letters, digits and a few marks is escaped, so that no text can end it."""
    if not isinstance(value, str) or len(value) > MAX_VALUE_TEXT:
        raise InvalidConditionError(
            f"A text in a condition has at most {MAX_VALUE_TEXT} characters; got {value!r:.60}.",
            field="condition",
        )
    safe = "".join(c if c.isascii() and (c.isalnum() or c in " _-:.") else f"\\U{ord(c):08x}" for c in value)
    return f"'{safe}'"
