"""Events: what happened, with the object as it was then."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from stripe import Event
from stripe._api_version import _ApiVersion

from .hints import alternatives, hints_of, literals
from .ids import new_id
from .store import Json, shown

if TYPE_CHECKING:
    from .store import Store

API_VERSION: Final = _ApiVersion.CURRENT


def build_event(store: Store, event_type: str, object: Json, previous: Json | None) -> Json:
    """The event, not yet stored. Raises ValueError for a type that Stripe does not have."""
    if event_type not in _types():
        raise ValueError(f"Stripe has no event {event_type!r}.")
    data: Json = {"object": shown(object)}
    if previous is not None:
        data["previous_attributes"] = shown(previous)
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": store.now(_clock_of(store, object)),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": store.request or {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    if store.scope is not None:
        event["account"] = store.scope
    return event


@cache
def _types() -> frozenset[str]:
    return frozenset(literals(alternatives(hints_of(Event)["type"])))


def _clock_of(store: Store, object: Json) -> str | None:
    """The test clock that the object lives by, of its own or of its customer."""
    if isinstance(object.get("test_clock"), str):
        return str(object["test_clock"])
    customer = object["id"] if object["object"] == "customer" else object.get("customer")
    found = store.find("customer", customer) if isinstance(customer, str) else None
    return found.get("test_clock") if found else None
