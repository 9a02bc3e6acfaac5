"""Requests that are safe to send again: one key, one effect, one answer.

Invariant: the answer is stored in the same transaction as what the request wrote. So a crash leaves either both or neither, and a
retry can never double anything. A second request under the same key waits for the first one's transaction on the unique index.
A request that failed is not stored: it wrote nothing, and its key may be used again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psycopg
from django.db import OperationalError, connection, transaction

from saas.core import clock

from .errors import IdempotencyKeyInUseError, IdempotencyKeyMismatchError, InvalidIdempotencyKeyError
from .models import IdempotentRequest

KEPT: Final = timedelta(hours=24)
LONGEST_WAIT: Final = "10s"
MAX_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with. `body` is JSON text."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


def answer_once(
    *, tenant_id: int, caller: str, key: str, fingerprint: str, work: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """`work`'s answer, or the stored one and True when the key was used before within 24 hours.

    One transaction around everything that `work` writes. Raises InvalidIdempotencyKeyError, IdempotencyKeyMismatchError (another
    request under that key), IdempotencyKeyInUseError (one that has been running for more than 10 s), and what `work` raises.
    """
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidIdempotencyKeyError(
            f"Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters, such as a UUID."
        )
    with transaction.atomic():
        row_id = _claim(tenant_id, caller, key, fingerprint)
        if row_id is None:
            return _find(tenant_id, caller, key, fingerprint), True
        answer = work()
        IdempotentRequest.objects.filter(pk=row_id).update(
            status=answer.status, headers=answer.headers, body=answer.body
        )
    return answer, False


def prune_requests() -> int:
    """Forget what is older than 24 hours. Answers how many rows went."""
    gone, _ = IdempotentRequest.objects.filter(created_at__lte=clock.now() - KEPT).delete()
    return gone


def _claim(tenant_id: int, caller: str, key: str, fingerprint: str) -> int | None:
    """The new row's id; None where the key is taken. Waits for a transaction that has just taken it."""
    now = clock.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
            cursor.execute(
                "DELETE FROM public.idempotent_request WHERE tenant_id = %s AND caller = %s AND key = %s AND created_at <= %s",
                [tenant_id, caller, key, now - KEPT],
            )
            cursor.execute(
                "INSERT INTO public.idempotent_request (tenant_id, caller, key, fingerprint, status, headers, body, created_at) "
                "VALUES (%s, %s, %s, %s, 0, '{}', '', %s) "
                "ON CONFLICT (tenant_id, caller, key) DO NOTHING RETURNING id",
                [tenant_id, caller, key, fingerprint, now],
            )
            row = cursor.fetchone()
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise IdempotencyKeyInUseError(
                "A request under this Idempotency-Key is still running. Wait a few seconds, then send it again."
            ) from error
        raise
    return None if row is None else int(row[0])


def _find(tenant_id: int, caller: str, key: str, fingerprint: str) -> Answer:
    row = IdempotentRequest.objects.get(tenant_id=tenant_id, caller=caller, key=key)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyMismatchError(
            "This Idempotency-Key was used for another request. Use a new key for each request, and the same one only to "
            "send the very same request again."
        )
    return Answer(row.status, row.body, dict(row.headers))
