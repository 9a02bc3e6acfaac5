"""Error reports to Sentry, tagged with the tenant and free of personal data.

What is sent: the exception, the code around it, the tenant's schema, shard and activity id. What is not: who was
signed in, headers, cookies, bodies, query strings, local variables, network addresses.
"""

from __future__ import annotations

from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.types import Event, Hint

from saas.settings.logs import add_tenant

# What Sentry's integrations would add by themselves. Source lines stay, values of variables do not.
NOTHING_PERSONAL: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}, "response": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
TAGS = ("tenant", "shard", "activity", "process", "request_id")


def init_sentry(dsn: str, *, release: str, environment: str) -> None:
    """Start reporting; an empty DSN reports nothing."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=environment,
        data_collection=NOTHING_PERSONAL,
        traces_sample_rate=0,
        before_send=scrub_event,
        before_breadcrumb=scrub_breadcrumb,
    )


def scrub_event(event: Event, _hint: Hint) -> Event:
    """Tag with what the log lines carry, and take out whatever could name a person."""
    bound = add_tenant(None, "", dict(structlog.contextvars.get_contextvars()))
    tags: Any = event.setdefault("tags", {})
    for name in TAGS:
        if name in bound:
            tags[name] = str(bound[name])
    event.pop("user", None)
    event.pop("server_name", None)
    request: Any = event.get("request")
    if request:
        event["request"] = {
            "method": request.get("method"),
            "url": str(request.get("url", "")).split("?", 1)[0],
        }
    return event


def scrub_breadcrumb(crumb: dict[str, Any], _hint: Hint) -> dict[str, Any] | None:
    """Keep what happened, not with whose data: SQL has its parameters in `data`, an HTTP call its query."""
    crumb.pop("data", None)
    return None if crumb.get("category") == "query" else crumb
