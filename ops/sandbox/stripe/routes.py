"""How a resource is written: a function from a Call to what is answered, with the library's name of its parameters.

    @route("POST", "/v1/customers/{customer}", "CustomerUpdateParams")
    def update_customer(call: Call) -> Json: ...

Invariants: the function is synchronous and is one transaction; what it returns is shown without keys that begin with `_`,
expanded, and held against the library's class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiohttp import web
from multidict import MultiDict, MultiMapping

from .errors import invalid
from .paging import page as make_page
from .store import Json, Store

Handler = Callable[["Call"], Any]
PageHandler = Callable[["PageCall"], web.StreamResponse]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    schema: str | None  # None takes no parameters but `expand`
    handler: Handler


@dataclass(slots=True)
class Call:
    """One request to the API: checked parameters, the address's parts, the store."""

    store: Store
    params: Json  # only what was sent; None is what was sent empty, to unset it
    path: dict[str, str]
    url: str  # the path, as lists answer it
    request_id: str
    base_url: str  # of this server, for the links that it hands out
    idempotency_key: str | None = None
    account: str | None = None  # Stripe-Account

    def get(self, kind: str, part: str | None = None) -> Json:
        """The object that the address names; `part` is the name in the path, else the path's only one."""
        return self.store.get(kind, self.path[part] if part else next(iter(self.path.values())))

    def named(self, kind: str, param: str) -> Json | None:
        """The object that a parameter names, None where it is not given. Raises the 400 of one that is not there."""
        id = self.params.get(param)
        return None if id is None else self.store.get(kind, id, param=param)

    def page(self, objects: list[Json], kind: str = "") -> Json:
        return make_page(
            objects, self.params, url=self.url, kind=kind, find=lambda id: self.store.find(kind, id)
        )

    def list(self, kind: str, *filters: str) -> Json:
        """A page of a kind, by those parameters that are given and named here."""
        match = {name: self.params[name] for name in filters if self.params.get(name) is not None}
        return self.page(self.store.list(kind, **match), kind)


@dataclass(slots=True)
class PageCall:
    """One request of a browser: a page of this server's own (Checkout, portal)."""

    store: Store
    path: dict[str, str]
    query: MultiMapping[str]
    form: MultiDict[str]
    base_url: str


@dataclass(frozen=True, slots=True)
class Page:
    method: str
    path: str
    handler: PageHandler


ROUTES: Final[list[Route]] = []
PAGES: Final[list[Page]] = []


class Background(Protocol):
    """What goes on beside the requests, on the server's loop, from its start to its stop."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...


BACKGROUND: Final[list[Callable[[Store], Background]]] = []  # made with the store when the server starts


def route(method: str, path: str, schema: str | None = None) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, path, schema, handler))
        return handler

    return register


def page(method: str, path: str) -> Callable[[PageHandler], PageHandler]:
    """A page: `@page("GET", "/checkout/{session}")` over a function from a PageCall to a web.Response; one transaction as well."""

    def register(handler: PageHandler) -> PageHandler:
        PAGES.append(Page(method, path, handler))
        return handler

    return register


def take(object: Json, params: Json, *names: str) -> None:
    """Copy those parameters that were sent into the object; what was sent empty becomes None."""
    for name in names:
        if name in params:
            object[name] = params[name]


def merge_metadata(object: Json, params: Json) -> None:
    """Stripe's way: keys are added and replaced, an empty value removes its key, an empty map all. At most 50 keys."""
    if "metadata" not in params:
        return
    sent = params["metadata"]
    if sent is None:
        object["metadata"] = {}
        return
    for key, value in sent.items():
        if len(key) > 40:
            raise invalid(
                f"Metadata keys can have up to 40 characters, but you passed in {key[:100]}, which is {len(key)} characters.",
                f"metadata[{key[:100]}]",
            )
        if len(value) > 500:
            raise invalid(
                f"Metadata values can have up to 500 characters, but you passed in a value of length {len(value)} for key '{key}'.",
                f"metadata[{key}]",
            )
    merged = {**(object.get("metadata") or {}), **sent}
    object["metadata"] = {key: value for key, value in merged.items() if value != ""}
    if len(object["metadata"]) > 50:
        raise invalid("Metadata can have at most 50 keys.", "metadata")


def changes(before: Json, after: Json) -> Json:
    """What `previous_attributes` of an update's event holds: the old values of what changed, nested maps likewise."""
    found: Json = {}
    for key in {**before, **after}:
        if key.startswith("_") or before.get(key) == after.get(key):
            continue
        old, new = before.get(key), after.get(key)
        inner = isinstance(old, dict) and isinstance(new, dict) and "object" not in old
        found[key] = changes(old, new) if inner else old  # type: ignore[arg-type]
    return found


def save(call: Call, before: Json, after: Json, event_type: str) -> Json:
    """Put an update and emit its event, unless nothing changed."""
    call.store.put(after)
    previous = changes(before, after)
    if previous:
        call.store.emit(event_type, after, previous)
    return after
