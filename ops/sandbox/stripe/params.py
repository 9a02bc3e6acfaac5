"""Parameters held against the library's own TypedDicts, and converted: "12" to 12, "true" to True, "" to None (unset).

Invariant: a schema is compiled once, into nested functions that return the converted value or raise ParameterError.
Stripe's open enumerations (`Literal[…] | str`) are closed here: a value that is not listed is a bug of the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from typing import Any, Final, NotRequired, Required, get_args, get_origin

from typing_extensions import is_typeddict

from .errors import ParameterError, empty
from .forms import join
from .hints import EMPTY, alternatives, hints_of, literals

# They name an object or a place in a list, or what an object cannot be without, and cannot be unset; left empty they are something
# that somebody forgot to look up.
_NAMING: Final = frozenset(
    {
        "charge", "configuration", "customer", "customer_email", "display_name", "ending_before", "invoice", "payment_intent",
        "payment_method", "price", "product", "schedule", "starting_after", "subscription",
    }
)  # fmt: skip
# How long a text may be, where it is less than Stripe's usual 5000; the library's types do not say. By what schemas begin with.
_LONGEST: Final[dict[str, dict[tuple[str, ...], int]]] = {
    "Coupon": {("name",): 40},
    "Customer": {("name",): 256, ("email",): 512, ("phone",): 20},
    "PaymentIntent": {("description",): 1000, ("statement_descriptor",): 22},
    "Product": {("unit_label",): 12, ("statement_descriptor",): 22},
    "SubscriptionCreate": {("description",): 500},
    "SubscriptionUpdate": {("description",): 500},
    "billing.Meter": {("display_name",): 250, ("event_name",): 100},
    "checkout.Session": {
        ("client_reference_id",): 200,
        ("custom_text", "submit", "message"): 1200,
        ("subscription_data", "description"): 500,
    },
}
Check = Callable[[Any, str], Any]  # what was sent, the parameter's name → the value


def check_params(schema: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The parameters of one call, converted. `schema` as `CustomerCreateParams` or `checkout.SessionCreateParams`."""
    given = dict(sent)
    expand = given.pop("expand", None)
    found: dict[str, Any] = _struct(schema_of(schema))(given, "")
    _check_lengths(schema, found)
    if expand is not None:
        found["expand"] = _list_of(_text)(expand, "expand")
    return found


def _check_lengths(schema: str, found: dict[str, Any]) -> None:
    for beginning, lengths in _LONGEST.items():
        for path, most in lengths.items() if schema.startswith(beginning) else ():
            value: Any = found
            for part in path:
                value = value.get(part) if isinstance(value, dict) else None
            if isinstance(value, str) and len(value) > most:
                raise _too_long(value, path[0] + "".join(f"[{part}]" for part in path[1:]), most)


def _too_long(value: str, where: str, most: int) -> ParameterError:
    return ParameterError(
        f"Invalid string: {value[:20]}...{value[-20:]}; must be at most {most} characters",
        code="parameter_invalid_string_too_long",
        param=where,
    )


@cache
def schema_of(name: str) -> type:
    """The library's TypedDict of that name."""
    folder, _, last = name.rpartition(".")
    module = import_module(f"stripe.params.{folder}" if folder else "stripe.params")
    return getattr(module, last)  # type: ignore[no-any-return]


@cache
def _struct(cls: type) -> Check:
    """A TypedDict: unknown keys first, then each value, then what is missing, as Stripe answers."""
    fields: dict[str, Check] = {}
    needed: list[str] = []
    required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
    for name, hint in hints_of(cls).items():
        while get_origin(hint) in (NotRequired, Required):
            hint = get_args(hint)[0]
        fields[name] = _lazy(hint, name in required)
        if name in required:
            needed.append(name)

    def check(sent: Any, where: str) -> dict[str, Any]:
        if not isinstance(sent, dict):
            raise ParameterError("Invalid object", param=where)
        unknown = [join(where, key) for key in sent if key not in fields]
        if unknown:
            many = "s" if len(unknown) > 1 else ""
            raise ParameterError(
                f"Received unknown parameter{many}: {', '.join(unknown)}",
                code="parameter_unknown",
                param=unknown[0],
            )
        found = {key: fields[key](value, join(where, key)) for key, value in sent.items()}
        for key in needed:
            if key not in found:
                name = join(where, key)
                raise ParameterError(f"Missing required param: {name}.", code="parameter_missing", param=name)
        return found

    return check


def _last(where: str) -> str:
    """`price` of `items[0][price]`."""
    return where.rpartition("[")[2].rstrip("]")


def _lazy(hint: Any, required: bool) -> Check:
    """Compiled with the first value that comes: the library's schemas are large and hardly used."""
    compiled: list[Check] = []

    def check(value: Any, where: str) -> Any:
        if not compiled:
            compiled.append(_compile(hint, required))
        return compiled[0](value, where)

    return check


def _compile(hint: Any, required: bool = False) -> Check:
    options = alternatives(hint)
    values = literals(options)
    words = [value for value in values if value != EMPTY]
    shapes = [one for one in options if is_typeddict(one)]
    lists = [one for one in options if get_origin(one) is list or one is list]
    maps = [_map_of(one) for one in options if _is_map(one)]
    numbers = [_NUMBERS[one] for one in options if one in _NUMBERS]
    # `Literal[…] | str` is an enumeration; a bare `str` anything.
    texts = [_enumeration(words)] if words and not numbers else [_text] if str in options else []

    def check(value: Any, where: str) -> Any:
        if value == "" and isinstance(value, str):
            plain = str in options and not required and not words and _last(where) not in _NAMING
            if EMPTY in values or plain:
                return None
            raise empty(where)
        if isinstance(value, dict):
            if lists and (not (shapes or maps) or all(key.isdigit() for key in value)):
                # What stands in a list cannot be unset, only left out.
                return _list_of(_compile((get_args(lists[0]) or (Any,))[0], required=True))(value, where)
            if shapes:
                return _first([_struct(one) for one in shapes], value, where)
            if maps:
                return maps[0](value, where)
            raise ParameterError(f"Invalid {'string' if texts else 'value'}: {_ruby(value)}", param=where)
        if numbers and value in words:
            return value
        if numbers or texts:
            return _first([*numbers, *texts], value, where)
        raise ParameterError("Invalid array" if lists else "Invalid object", param=where)

    return check


def _first(checks: list[Check], value: Any, where: str) -> Any:
    """The first that takes the value; the last one's complaint where none does."""
    for check in checks[:-1]:
        try:
            return check(value, where)
        except ParameterError:
            continue
    return checks[-1](value, where)


def _is_map(option: Any) -> bool:
    origin = get_origin(option) or option
    return origin in (dict, Mapping) or getattr(origin, "__name__", "") == "UntypedStripeObject"


def _list_of(one: Check) -> Check:
    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise ParameterError("Invalid array", param=where)
        return [one(value[key], join(where, key)) for key in sorted(value, key=int)]

    return check


def _map_of(hint: Any) -> Check:
    """A map with keys of the caller's own. One of texts (metadata) stays as it is: an empty value unsets its key."""
    inner = (get_args(hint) or (str,))[-1]
    check_value = None if inner is str else _compile(inner)

    def check(value: Any, where: str) -> dict[str, Any]:
        for key, one in value.items():
            if check_value is None and isinstance(one, dict):
                raise ParameterError(
                    f"Metadata values must be strings, but for key '{key}' you passed in a value of type hash.",
                    param=join(where, key),
                )
        if check_value is None:
            return dict(value)
        return {key: check_value(one, join(where, key)) for key, one in value.items()}

    return check


def _enumeration(words: list[Any]) -> Check:
    listed = words[0] if len(words) == 1 else f"one of {', '.join(map(str, words[:-1]))}, or {words[-1]}"

    def check(value: Any, where: str) -> Any:
        if value in words:
            return value
        if {True, False} & {word for word in words if isinstance(word, bool)} and value in ("true", "false"):
            return value == "true"
        raise ParameterError(f"Invalid {_last(where)}: must be {listed}", param=where)

    return check


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ParameterError(f"Invalid string: {_ruby(value)}", param=where)
    if len(value) > 5000 and "metadata" not in where:
        raise _too_long(value, where, 5000)
    return value


def _integer(value: Any, where: str) -> int:
    try:
        return int(value, 10)
    except (TypeError, ValueError):
        raise ParameterError(
            f"Invalid integer: {value}", code="parameter_invalid_integer", param=where
        ) from None


def _boolean(value: Any, where: str) -> bool:
    if value not in ("true", "false"):
        raise ParameterError(f"Invalid boolean: {value}", param=where)
    return bool(value == "true")


def _decimal(value: Any, where: str) -> Decimal:
    try:
        found = Decimal(value)
    except (TypeError, ValueError, InvalidOperation):
        found = Decimal("NaN")
    if not found.is_finite():
        raise ParameterError(f"Invalid decimal: {value}", param=where)
    return found


def _float(value: Any, where: str) -> float:
    return float(_decimal(value, where))


def _ruby(value: Any) -> str:
    return str(value).replace("': ", "'=>").replace("'", '"')


_NUMBERS: Final[dict[Any, Check]] = {int: _integer, bool: _boolean, float: _float, Decimal: _decimal}
