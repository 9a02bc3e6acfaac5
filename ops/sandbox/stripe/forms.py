"""Stripe's bracket encoding: `items[0][price]=…&metadata[a]=b&expand[]=c` as a tree of dicts and strings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from .errors import StripeError

_KEY: Final = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Lists come as dicts with numbers as keys: only the parameter's type tells a list from a map."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        found = _KEY.match(name)
        if found is None:
            raise StripeError(f"Invalid request: the parameter name {name[:100]} is malformed.")
        here = tree
        parts = [found[1], *_PART.findall(found[2])]
        for place, part in enumerate(parts):
            key = part or str(len(here))
            if place == len(parts) - 1:
                here[key] = value
                break
            below = here.setdefault(key, {})
            if not isinstance(below, dict):
                raise StripeError(f"Invalid request: {name[:100]} is given both as a value and as an object.")
            here = below
    return tree


def join(name: str, key: str | int) -> str:
    """`items` and 0 as `items[0]`."""
    return f"{name}[{key}]" if name else str(key)
