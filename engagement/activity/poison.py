"""Activities that cannot be booked: set aside with their error, listed, replayed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Q
from redis import Redis

from saas.core import clock
from saas.core.errors import ConflictError, NotFoundError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import PoisonActivity

from .messages import MAX_BYTES, partition_of, stream_key
from .stream import StreamEntry

log = structlog.get_logger(__name__)
MAX_KEPT: Final = 64 * 1024
REPLAYED_KEPT: Final = timedelta(days=30)
POISON_KEPT: Final = timedelta(days=365)
_PRUNED_AT_ONCE: Final = 200  # rows hold up to 64 KiB


class PoisonNotFoundError(NotFoundError):
    code = "poison_not_found"


class NotReplayableError(ConflictError):
    """The message was cut when it was set aside, or was replayed before."""

    code = "not_replayable"


def set_aside(entries: Iterable[tuple[StreamEntry, str, str, int | None]]) -> int:
    """Keep (entry, source, error, tenant id) for people to look at. Idempotent on the entry's key. Answers how many are new."""
    rows = [
        PoisonActivity(
            key=entry.key,
            tenant_id=tenant_id,
            source=_printable(source)[:200],
            raw=entry.data[:MAX_KEPT],
            size=len(entry.data),
            error=_printable(error)[:500],
        )
        for entry, source, error, tenant_id in entries
    ]
    with enter_schema(PUBLIC):
        before = PoisonActivity.objects.filter(key__in=[row.key for row in rows]).count()
        PoisonActivity.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rows:
        log.warning("activity_set_aside", key=row.key, source=row.source, error=row.error, size=row.size)
    return len(rows) - before


def list_poison(*, tenant_id: int | None = None, limit: int = 50) -> list[PoisonActivity]:
    """What waits for somebody to look at it, the newest first; of one tenant, or of all."""
    with enter_schema(PUBLIC):
        found = PoisonActivity.objects.filter(replayed_at=None)
        if tenant_id is not None:
            found = found.filter(tenant_id=tenant_id)
        return list(found.order_by("-seen_at", "-pk")[:limit])


def get_poison(*, poison_id: int) -> PoisonActivity:
    """Raises PoisonNotFoundError."""
    with enter_schema(PUBLIC):
        row = PoisonActivity.objects.filter(pk=poison_id).first()
    if row is None:
        raise PoisonNotFoundError("There is no such activity among those set aside.")
    return row


def count_poison(*, tenant_id: int | None = None) -> int:
    """How many wait."""
    with enter_schema(PUBLIC):
        found = PoisonActivity.objects.filter(replayed_at=None)
        return (found if tenant_id is None else found.filter(tenant_id=tenant_id)).count()


def replay_poison(redis: Redis, *, poison_id: int, partitions: int) -> str:
    """Put the message on the stream again, once; answers the new entry's key.

    The row is claimed before the message is sent: a crash in between loses the replay, not the message, and an operator may
    reset `replayed_at`. Raises PoisonNotFoundError, NotReplayableError.
    """
    with enter_schema(PUBLIC):
        with transaction.atomic():
            row = PoisonActivity.objects.select_for_update().filter(pk=poison_id).first()
            if row is None:
                raise PoisonNotFoundError("There is no such activity among those set aside.")
            if row.replayed_at is not None:
                raise NotReplayableError(
                    "It was replayed before. If it failed again, it stands in the list anew."
                )
            if row.size > min(MAX_KEPT, MAX_BYTES):
                raise NotReplayableError(
                    f"It has {row.size:,} bytes; no activity may have more than {MAX_BYTES:,}."
                )
            row.replayed_at = clock.now()
            row.save(update_fields=["replayed_at"])
        partition = partition_of(row.source, partitions)
        entry_id: Any = redis.xadd(stream_key(partition), {"a": bytes(row.raw)})
    return f"{stream_key(partition)}/{entry_id.decode()}"


def prune_poison() -> int:
    """Forget what was replayed 30 days ago, and what nobody replayed within a year. Answers how many rows went. Idempotent."""
    now = clock.now()
    old = PoisonActivity.objects.filter(
        Q(replayed_at__lt=now - REPLAYED_KEPT) | Q(replayed_at=None, seen_at__lt=now - POISON_KEPT)
    ).order_by("pk")
    total = 0
    with enter_schema(PUBLIC):
        while ids := list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE]):
            total += PoisonActivity.objects.filter(pk__in=ids).delete()[0]
    return total


def _printable(text: str) -> str:
    """Without what Postgres cannot store."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")
