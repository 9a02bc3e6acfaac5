"""Writing an object together with the event that tells what changed on it."""

from __future__ import annotations

from typing import Any

from ..errors import StripeError
from ..store import Json, Store

# Places of Stripe's parameters that this local Stripe does not act upon are refused, so that no test passes by being ignored.
Given = dict[str, Any]


def previous_of(before: Any, after: Any) -> Json:
    """What an update changed, as it was: nested objects key by key, lists whole, keys that were not there as None."""
    was: Json = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if key.startswith("_") or old == new:
            continue
        both = isinstance(old, dict) and isinstance(new, dict) and old.get("id") == new.get("id")
        was[key] = previous_of(old, new) if both else old
    return was


def save(store: Store, before: Json, after: Json, event: str) -> Json:
    """Put the object; where something that is shown changed, emit the event with `previous_attributes`.

    `_new` marks what nobody has been told of yet: its first event tells all.
    """
    store.put(after)
    was = previous_of(before, after)
    if was and not after.get("_new"):
        store.emit(event, after, was)
    return after


def refuse_unmodelled(given: Given, *names: str) -> None:
    """Refuse what the real Stripe would act upon and this one does not."""
    for name in names:
        if given.get(name) not in (None, [], {}):
            raise StripeError(
                f"The local Stripe does not model the parameter '{name}'. Leave it out, or model it in ops/sandbox/stripe.",
                param=name,
            )


def check_billing_mode(given: Given) -> None:
    """The flexible mode with discounts within its prorations is what is modelled. Raises for any other."""
    mode = given.get("billing_mode") or {}
    how = mode.get("flexible") or {}
    if mode.get("type", "flexible") != "flexible" or how.get("proration_discounts", "included") != "included":
        refuse_unmodelled(given, "billing_mode")


def list_object(url: str, data: list[Json], *, counted: bool = False) -> Json:
    """A list inside an object, whole."""
    held: Json = {"object": "list", "data": data, "has_more": False, "url": url}
    return held | {"total_count": len(data)} if counted else held
