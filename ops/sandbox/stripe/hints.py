"""The stripe library's annotations, with the names that it imports for type checkers alone."""

from __future__ import annotations

import ast
import inspect
import sys
import typing
from functools import cache
from importlib import import_module
from typing import Any, Final, Literal, Union, get_args, get_origin

from stripe._object_classes import OBJECT_CLASSES
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject
from typing_extensions import is_typeddict

EMPTY: Final = ""  # Literal[""] marks what can be unset


@cache
def _names(module_name: str) -> dict[str, Any]:
    module = sys.modules[module_name]
    names = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe"):
            for alias in node.names:
                if alias.name not in names:
                    names[alias.asname or alias.name] = getattr(import_module(node.module), alias.name)
    return names


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """The annotations of a class's own body and its bases', without those of the library's machinery."""
    own: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if (
            base.__module__.startswith("stripe")
            and base is not StripeObject
            and "__annotations__" in vars(base)
        ):
            names = _names(base.__module__)
            for name, hint in vars(base)["__annotations__"].items():
                if get_origin(hint) is not typing.ClassVar and name[0] != "_" and not _is_option(cls, name):
                    own[name] = _resolve(hint, names)
    return own


def _is_option(cls: type, name: str) -> bool:
    """Parameters' types inherit what a call may be told besides (the key, the account, …)."""
    return is_typeddict(cls) and name in RequestOptions.__annotations__


def _resolve(hint: Any, names: dict[str, Any]) -> Any:
    holder = type("Holder", (), {"__annotations__": {"value": hint}})
    return typing.get_type_hints(holder, globalns=names, localns=names, include_extras=True)["value"]


def alternatives(hint: Any) -> list[Any]:
    """The members of a union, flat; a lone hint as itself."""
    origin = get_origin(hint)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return [one for part in get_args(hint) for one in alternatives(part)]
    return [hint]


def literals(options: list[Any]) -> list[Any]:
    """Every value of the Literals among them."""
    return [value for one in options if get_origin(one) is Literal for value in get_args(one)]


@cache
def resource_class(name: str) -> type | None:
    """The library's class of what calls itself `name` in its field `object`."""
    found = OBJECT_CLASSES.get(name)
    return None if found is None else getattr(import_module(found[0]), found[1])
