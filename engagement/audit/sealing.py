"""Sealing: entries get their places in the chain, in the order of their commits (DESIGN section 10).

Ids are drawn before a transaction commits, so an entry with a lower id can appear later. Hence the order is (transaction, id),
and only what lies below the oldest transaction still running is sealed: nothing can come in before it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zlib import crc32

import structlog
from django.db import connection, transaction

from .digests import GENESIS, chain_digest, entry_digest, payload_digest
from .models import AuditEntry, AuditSeal

log = structlog.get_logger(__name__)
AT_ONCE: Final = 1_000
_LOCK: Final = 7_311  # the first key of the advisory locks on chains; the ledgers' is 7310
_NEXT: Final = (
    "SELECT * FROM audit_entry WHERE (xid, id) > (%s::text::xid8, %s)"
    " AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, id LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a run did: how many entries it sealed, and the chain's last place and digest, to be kept elsewhere."""

    count: int
    position: int
    chain: str


def seal_entries() -> Sealed:
    """Seal every entry that can be, of the tenant in hand, in transactions of 1,000.

    Each holds the chain's advisory lock, so that two workers continue one chain. Idempotent. The new head goes to the process'
    log, where whoever can change the database cannot change it.
    """
    count = 0
    while True:
        with transaction.atomic():
            sealed, head = _seal_some()
        count += sealed
        if sealed < AT_ONCE:
            break
    position, chain = (head.position, head.chain) if head else (0, GENESIS)
    if count:
        log.info("audit_sealed", entries=count, position=position, chain=chain)
    return Sealed(count, position, chain)


def has_unsealed() -> bool:
    """Whether entries wait for their seals. Two quick queries."""
    head = _head()
    after = (str(head.entry_xid), head.entry_id) if head else ("0", 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM audit_entry WHERE (xid, id) > (%s::text::xid8, %s))", after
        )
        return bool(cursor.fetchone()[0])


def _head() -> AuditSeal | None:
    return AuditSeal.objects.order_by("-position").first()


def _lock_chain() -> None:
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, crc32(schema.encode()) - 2**31])


def _seal_some() -> tuple[int, AuditSeal | None]:
    _lock_chain()
    head = _head()
    position, chain = (head.position, head.chain) if head else (0, GENESIS)
    after = (str(head.entry_xid), head.entry_id) if head else ("0", 0)
    seals = []
    for entry in AuditEntry.objects.raw(_NEXT, [*after, AT_ONCE]):
        position += 1
        payload = payload_digest(entry)
        digest = entry_digest(entry, payload)
        chain = chain_digest(position, chain, digest)
        seals.append(
            AuditSeal(
                position=position, entry_id=entry.pk, entry_xid=entry.xid, entry_digest=digest,
                payload_digest=payload, chain=chain,
            )
        )  # fmt: skip
    AuditSeal.objects.bulk_create(seals)
    return len(seals), seals[-1] if seals else head
