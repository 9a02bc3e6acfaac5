"""Cursor pagination over objects that come the newest first."""

from __future__ import annotations

from typing import Any

from .errors import invalid, missing
from .store import Json


def page(objects: list[Json], params: Json, *, url: str, kind: str = "") -> Json:
    """A list object by `limit`, `starting_after`, `ending_before` and `created`."""
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
        end = _place(objects, before, "ending_before", kind)
        first = max(0, end - limit)
        return _list(objects[first:end], url, more=first > 0)
    first = _place(objects, after, "starting_after", kind) + 1 if after else 0
    return _list(objects[first : first + limit], url, more=len(objects) > first + limit)


def whole(objects: list[Json], *, url: str) -> Json:
    """A list object that holds everything, as nested in another object."""
    return _list(objects, url, more=False)


def _list(objects: list[Json], url: str, *, more: bool) -> Json:
    return {"object": "list", "data": objects, "has_more": more, "url": url}


def _place(objects: list[Json], id: str, param: str, kind: str) -> int:
    for place, one in enumerate(objects):
        if one["id"] == id:
            return place
    raise missing(kind or (objects[0]["object"] if objects else "object"), id, param)


def _fits(value: int, wanted: Any) -> bool:
    if isinstance(wanted, int):
        return value == wanted
    return bool(
        value > wanted.get("gt", value - 1)
        and value >= wanted.get("gte", value)
        and value < wanted.get("lt", value + 1)
        and value <= wanted.get("lte", value)
    )
