"""A webhook is checked, stored and answered. What follows from it is the job's work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.conf import settings
from django.db import DataError, connection, transaction

from billing.models import StripeEvent
from saas.core import clock
from saas.events.jobs import PUBLIC, JobRow, defer_rows

from .errors import OtherModeError, UnreadableEventError, WebhookRefusedError
from .metrics import WEBHOOKS
from .signatures import check_signature

LARGEST_BODY: Final = 512 * 1024
# By name: the job's module imports the library's callers.
JOB: Final = "billing.inbox.process_event"
_LONGEST: Final = {"stripe_id": 255, "type": 80, "object_id": 255, "customer_id": 255}
_INSERT: Final = """
INSERT INTO public.stripe_event
  (stripe_id, type, object_id, customer_id, live, made_at, received_at, payload, state, tries, error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, 0, '')
ON CONFLICT (stripe_id) DO NOTHING RETURNING id
"""


def receive_webhook(*, body: bytes, content_type: str, signature: str) -> bool:
    """Store a signed event and defer its job, in one transaction. True for a new one, False for one that was known.

    Changes: a row of StripeEvent and a job. Idempotency key: the event's own id. Raises BadSignatureError, StaleSignatureError,
    UnreadableEventError, OtherModeError; then nothing was stored.
    """
    try:
        if len(body) > LARGEST_BODY:
            raise UnreadableEventError(f"it is larger than {LARGEST_BODY // 1024} kB")
        check_signature(body, signature, secrets=settings.STRIPE_WEBHOOK_SECRETS, now=clock.now())
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise UnreadableEventError("its content type is not application/json")
        new = store_event(_read(body), text=body.decode())
    except WebhookRefusedError as error:
        WEBHOOKS.labels(error.code).inc()
        raise
    WEBHOOKS.labels("received" if new else "repeated").inc()
    return new


def store_event(event: Mapping[str, Any], *, text: str | None = None) -> bool:
    """Store an event that came from Stripe, and defer its job. `text`: the same as JSON, where it is at hand.

    True for a new one. Raises UnreadableEventError, OtherModeError.
    """
    row = _row_of(event)
    if text is None or "\\u0000" in text:
        # The library reads Stripe's decimals, which are texts, as numbers.
        text = orjson.dumps(_without_nul(event), default=str).decode()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INSERT, [*row, text, StripeEvent.State.RECEIVED.value])
            found = cursor.fetchone()
            if found is not None:
                defer_rows(cursor, [job_row(int(found[0]))])
    except DataError as error:
        raise UnreadableEventError("it holds a value that cannot be stored") from error
    return found is not None


def job_row(event_id: int) -> JobRow:
    """The job that works it off. One waits at most."""
    return JobRow(JOB, PUBLIC, {"event_id": event_id}, queueing_lock=f"stripe event {event_id}")


def is_live() -> bool:
    """Whether our key is one of live mode."""
    return "_live_" in settings.STRIPE_SECRET_KEY[:8]


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableEventError("it is not JSON") from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise UnreadableEventError("it is not an event of version 1")
    return event


def _row_of(event: Mapping[str, Any]) -> list[Any]:
    """The columns before the payload, checked."""
    about = event.get("data", {}).get("object") if isinstance(event.get("data"), dict) else None
    about = about if isinstance(about, dict) else {}
    texts = {
        "stripe_id": event.get("id"),
        "type": event.get("type"),
        "object_id": about.get("id") or "",
        "customer_id": _customer_of(about),
    }
    for name, value in texts.items():
        if not isinstance(value, str) or len(value) > _LONGEST[name] or "\x00" in value:
            raise UnreadableEventError(f"its {name} is not a text of {_LONGEST[name]} characters or fewer")
    if not texts["stripe_id"] or not texts["type"]:
        raise UnreadableEventError("it has no id or no type")
    live, made = event.get("livemode"), event.get("created")
    if not isinstance(live, bool) or type(made) is not int or not 0 <= made < 2**33:
        raise UnreadableEventError("its livemode or the moment it was made is missing")
    if live != is_live():
        raise OtherModeError(live)
    return [*texts.values(), live, datetime.fromtimestamp(made, UTC), clock.now()]


def _customer_of(about: Mapping[str, Any]) -> Any:
    if about.get("object") == "customer":
        return about.get("id") or ""
    customer = about.get("customer") or ""
    return customer.get("id") or "" if isinstance(customer, dict) else customer


def _without_nul(value: Any) -> Any:
    """Postgres keeps no NUL in JSON."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    if isinstance(value, Mapping):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    return value
