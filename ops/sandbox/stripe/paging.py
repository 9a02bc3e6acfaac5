"""Cursor pagination over objects that come the newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import invalid, missing
from .store import Json

Finder = Callable[[str], Json | None]


def page(
    objects: list[Json], params: Json, *, url: str, kind: str = "", find: Finder = lambda id: None
) -> Json:
    """A list object by `limit`, `starting_after`, `ending_before` and `created`.

    `find`: an object that a cursor names and the filters leave out, because it changed between two pages; the list goes on from
    its place.
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        edge = "greater than or equal to 1" if limit < 1 else "less than or equal to 100"
        raise invalid(f"Invalid integer: {limit}; must be {edge}", "limit", "parameter_invalid_integer")
    if params.get("created") is not None:
        objects = [one for one in objects if _fits(one["created"], params["created"])]
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You may only specify one of these parameters: starting_after, ending_before.")
    if before:
        end, _ = _places(objects, before, "ending_before", kind, find)
        first = max(0, end - limit)
        return _list(objects[first:end], url, more=first > 0)
    first = _places(objects, after, "starting_after", kind, find)[1] if after else 0
    return _list(objects[first : first + limit], url, more=len(objects) > first + limit)


def whole(objects: list[Json], *, url: str) -> Json:
    """A list object that holds everything, as nested in another object."""
    return _list(objects, url, more=False)


def _list(objects: list[Json], url: str, *, more: bool) -> Json:
    return {"object": "list", "data": objects, "has_more": more, "url": url}


def _places(objects: list[Json], id: str, param: str, kind: str, find: Finder) -> tuple[int, int]:
    """How many objects come before the cursor's, and how many up to it."""
    for place, one in enumerate(objects):
        if one["id"] == id:
            return place, place + 1
    named = find(id)
    if named is None:
        raise missing(kind or (objects[0]["object"] if objects else "object"), id, param)
    newer = sum(one.get("_serial", 0) > named["_serial"] for one in objects)
    return newer, newer


def _fits(value: int, wanted: Any) -> bool:
    if isinstance(wanted, int):
        return value == wanted
    return bool(
        value > wanted.get("gt", value - 1)
        and value >= wanted.get("gte", value)
        and value < wanted.get("lt", value + 1)
        and value <= wanted.get("lte", value)
    )
