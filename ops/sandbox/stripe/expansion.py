"""`expand[]`: ids become objects, and fields that are not shown by default appear.

Invariant: what may be expanded is what the library annotates as ExpandableField, and what is registered as includable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .errors import invalid
from .hints import alternatives, hints_of, resource_class
from .store import Json, Store, hide, shown

Includer = Callable[[Store, Json], Any]
_INCLUDABLE: Final[dict[tuple[str, str], Includer]] = {}
_DEPTH: Final = 4


def includable(kind: str, field: str) -> Callable[[Includer], Includer]:
    """`@includable("customer", "subscriptions")` over a function (store, object) → what `expand` shows there."""

    def register(function: Includer) -> Includer:
        _INCLUDABLE[kind, field] = function
        return function

    return register


def keep_hidden(kind: str, *fields: str) -> None:
    """Fields that are kept in the object itself and shown only when they are expanded: a price's tiers."""

    def includer(field: str) -> Includer:
        return lambda store, object: (store.find(kind, object["id"]) or {}).get(field)

    hide(kind, *fields)
    for field in fields:
        _INCLUDABLE[kind, field] = includer(field)


def expand(store: Store, answer: Any, paths: list[str]) -> None:
    """In place. Raises a 400 for a path that cannot be expanded."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEPTH:
            raise invalid(f"You cannot expand more than {_DEPTH} levels of a property ({path}).", "expand")
        _walk(store, answer, parts, path)


def _walk(store: Store, here: Any, parts: list[str], path: str) -> None:
    if not parts or here is None:
        return
    if isinstance(here, list):
        for one in here:
            _walk(store, one, parts, path)
        return
    if not isinstance(here, dict) or here.get("deleted"):
        return
    name, rest = parts[0], parts[1:]
    include = _INCLUDABLE.get((str(here.get("object")), name))
    if include is not None and not isinstance(here.get(name), dict | list):
        here[name] = shown(include(store, here))
    elif name not in here and not _is_field(here, name):
        raise invalid(
            f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' instead."
            if here.get("object") == "list"
            else f"This property cannot be expanded ({path}).",
            "expand",
        )
    value = here.get(name)
    here[name] = _expanded(store, here, name, value, path, last=not rest) if value is not None else None
    _walk(store, here[name], rest, path)


def _expanded(store: Store, here: Json, name: str, value: Any, path: str, *, last: bool) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [shown(store.find_any(one)) or one for one in value]
    if isinstance(value, str):
        if not _is_expandable(here, name):
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        return shown(store.find_any(value)) or value
    if last and not isinstance(value, dict | list):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return value


def _is_field(here: Json, name: str) -> bool:
    """Inside nested parts the class is not at hand; a field of theirs that is absent is let through."""
    cls = resource_class(str(here.get("object", "")))
    return cls is None or (name in hints_of(cls) and here.get("object") != "list")


def _is_expandable(here: Json, name: str) -> bool:
    cls = resource_class(str(here.get("object", "")))
    if cls is None:
        return True
    options = alternatives(hints_of(cls).get(name, str))
    return str in options and any(
        (isinstance(one, type) and one is not str and hasattr(one, "_data"))
        or getattr(one, "OBJECT_NAME", None)
        for one in options
    )
