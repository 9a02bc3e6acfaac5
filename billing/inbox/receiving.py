"""A webhook is checked, stored and answered. What follows from it is the job's work.

Webhooks come in bursts (a renewal day, Stripe's retries after an outage), so those that wait are stored together (`batching`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
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
SELECT u.*, %s, 0, '' FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::timestamptz[],
  %s::timestamptz[], %s::jsonb[]) AS u
ON CONFLICT (stripe_id) DO NOTHING RETURNING id, stripe_id
"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A checked event, ready to be stored: its columns, and the payload as JSON text."""

    stripe_id: str
    type: str
    object_id: str
    customer_id: str
    live: bool
    made_at: datetime
    received_at: datetime
    payload: str


def receive_webhook(*, body: bytes, content_type: str, signature: str) -> bool:
    """Store a signed event and defer its job, in one transaction. True for a new one, False for one that was known.

    Changes: a row of StripeEvent and a job. Idempotency key: the event's own id. Raises BadSignatureError, StaleSignatureError,
    UnreadableEventError, OtherModeError; then nothing was stored.
    """
    incoming = check_webhook(body=body, content_type=content_type, signature=signature)
    try:
        return store_incoming([incoming])[0]
    except UnreadableEventError as error:
        WEBHOOKS.labels(error.code).inc()
        raise


def check_webhook(*, body: bytes, content_type: str, signature: str) -> Incoming:
    """What a webhook brings, once its signature and shape were found right; asks no database. Raises as receive_webhook."""
    try:
        if len(body) > LARGEST_BODY:
            raise UnreadableEventError(f"it is larger than {LARGEST_BODY // 1024} kB")
        check_signature(body, signature, secrets=settings.STRIPE_WEBHOOK_SECRETS, now=clock.now())
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise UnreadableEventError("its content type is not application/json")
        return _incoming(_read(body), body.decode())
    except WebhookRefusedError as error:
        WEBHOOKS.labels(error.code).inc()
        raise


def store_event(event: Mapping[str, Any]) -> bool:
    """Store an event that we fetched from Stripe, and defer its job. True for a new one. Raises UnreadableEventError, OtherModeError."""
    return _store([_incoming(event, None)])[0]


def store_incoming(incoming: Sequence[Incoming]) -> list[bool]:
    """Store many webhooks and defer their jobs in one transaction; for each, whether it was new.

    Raises UnreadableEventError when one of them holds what the database cannot keep; then none was stored.
    """
    news = _store(incoming)
    for new in news:
        WEBHOOKS.labels("received" if new else "repeated").inc()
    return news


def _store(incoming: Sequence[Incoming]) -> list[bool]:
    columns = [list(column) for column in zip(*(astuple(one) for one in incoming), strict=True)]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INSERT, [StripeEvent.State.RECEIVED.value, *columns])
            made = {stripe_id: event_id for event_id, stripe_id in cursor.fetchall()}
            if made:
                defer_rows(cursor, [job_row(event_id) for event_id in sorted(made.values())])
    except DataError as error:
        raise UnreadableEventError("it holds a value that cannot be stored") from error
    # Of two in one batch that are the same event, the first one is the new one.
    return [made.pop(one.stripe_id, None) is not None for one in incoming]


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


def _incoming(event: Mapping[str, Any], text: str | None) -> Incoming:
    """`text`: the same as JSON, where it is at hand. Raises UnreadableEventError, OtherModeError."""
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
    if text is None or "\\u0000" in text:
        # The library reads Stripe's decimals, which are texts, as numbers.
        text = orjson.dumps(_without_nul(event), default=str).decode()
    return Incoming(
        texts["stripe_id"],
        texts["type"],
        texts["object_id"],
        texts["customer_id"],
        live,
        datetime.fromtimestamp(made, UTC),
        clock.now(),
        text,
    )


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
