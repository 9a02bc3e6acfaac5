"""Events and the endpoints that they are delivered to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..errors import invalid
from ..events import API_VERSION
from ..ids import new_id, random_text
from ..routes import Call, merge_metadata, route, take
from ..store import Json, Store


@route("GET", "/v1/events", "EventListParams")
def list_events(call: Call) -> Json:
    events = call.store.list("event")
    types = call.params.get("types") or ([call.params["type"]] if call.params.get("type") else [])
    if types:
        events = [one for one in events if any(_fits(one["type"], wanted) for wanted in types)]
    if "delivery_success" in call.params:
        events = [one for one in events if (one["pending_webhooks"] == 0) == call.params["delivery_success"]]
    return call.page(events, "event")


@route("GET", "/v1/events/{id}", "EventRetrieveParams")
def get_event(call: Call) -> Json:
    return call.get("event")


@route("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create_endpoint(call: Call) -> Json:
    endpoint = make_endpoint(
        call.store, call.params["url"], f"whsec_{random_text(32)}", events=call.params["enabled_events"]
    )
    endpoint["_connect"] = call.params.get("connect", False)
    take(endpoint, call.params, "description")
    merge_metadata(endpoint, call.params)
    call.store.put(endpoint)
    return endpoint | {"secret": endpoint["_secrets"][0]}  # shown this once


@route("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def list_endpoints(call: Call) -> Json:
    return call.list("webhook_endpoint")


@route("GET", "/v1/webhook_endpoints/{id}", "WebhookEndpointRetrieveParams")
def get_endpoint(call: Call) -> Json:
    return call.get("webhook_endpoint")


@route("POST", "/v1/webhook_endpoints/{id}", "WebhookEndpointUpdateParams")
def update_endpoint(call: Call) -> Json:
    endpoint = call.get("webhook_endpoint")
    if "url" in call.params:
        _check_url(call.params["url"])
    take(endpoint, call.params, "description", "enabled_events", "url")
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    merge_metadata(endpoint, call.params)
    return call.store.put(endpoint)


@route("DELETE", "/v1/webhook_endpoints/{id}", "WebhookEndpointDeleteParams")
def delete_endpoint(call: Call) -> Json:
    return call.store.delete("webhook_endpoint", call.get("webhook_endpoint")["id"])


def make_endpoint(store: Store, url: str, secret: str, *, events: list[str] | None = None) -> Json:
    """An endpoint that takes everything, unless `events` narrows it. Not yet put."""
    _check_url(url)
    endpoint: dict[str, Any] = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": store.now(),
        "description": None,
        "enabled_events": events or ["*"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
        "_secrets": [secret],
        "_connect": False,
    }
    return endpoint


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid"
        )


def _fits(type: str, wanted: str) -> bool:
    return type == wanted or (wanted.endswith("*") and type.startswith(wanted[:-1]))
