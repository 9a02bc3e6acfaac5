"""Components of messages and forms: finding one, and filling in a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ControlError

_TEXT_INPUT = 4
_LABEL = 18


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones included."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for name in ("accessory", "component"):
            if isinstance(component.get(name), dict):
                yield from walk([component[name]])


def find_component(components: list[dict[str, Any]], wanted: str, *, kinds: set[int]) -> dict[str, Any]:
    """By custom id, else by label or placeholder. A disabled one cannot be used."""
    rows = [component for component in walk(components) if component.get("type") in kinds]
    for keys in (("custom_id",), ("label", "placeholder")):
        for row in rows:
            if any(row.get(key) == wanted for key in keys):
                if row.get("disabled"):
                    raise ControlError(f"{wanted!r} is disabled.")
                if "custom_id" not in row:
                    raise ControlError(f"{wanted!r} is a link and makes no interaction.")
                return row
    known = ", ".join(
        repr(row.get("label") or row.get("placeholder") or row.get("custom_id")) for row in rows
    )
    raise ControlError(f"The message has no {wanted!r}. It has: {known or 'none'}.")


def modal_data(modal: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The `data` of a form that is sent. Lengths and required fields are checked as the client would."""
    return {
        "custom_id": modal["custom_id"],
        "components": [_filled(component, values) for component in modal["components"]],
    }


def _filled(component: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    base = {"type": component["type"], "id": component["id"]}
    if component["type"] == _LABEL:
        return base | {"component": _filled(component["component"], values)}
    if "components" in component:
        return base | {"components": [_filled(child, values) for child in component["components"]]}
    if "custom_id" not in component:
        return base
    name = component["custom_id"]
    value = values.get(name, component.get("value"))
    if component["type"] != _TEXT_INPUT:
        chosen = value if isinstance(value, list) else [] if value is None else [value]
        return base | {"custom_id": name, "values": [str(item) for item in chosen]}
    text = "" if value is None else str(value)
    least, most = component.get("min_length") or 0, component.get("max_length") or 4000
    if not text and component.get("required", True):
        raise ControlError(f"The field {component.get('label') or name!r} is required.")
    if text and not least <= len(text) <= most:
        raise ControlError(
            f"The field {component.get('label') or name!r} takes {least} to {most} characters."
        )
    return base | {"custom_id": name, "value": text}
