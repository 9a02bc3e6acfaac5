"""The ledger lock: one writer of earned points a tenant at a time.

Earning, adjusting and reversing hold it to the end of their transaction, which makes standings and histogram exact without
a lock per row. Spending does not take it: it changes current points only, under the lock of the balance's own row.
It is a transaction's advisory lock, so that it costs no write and cannot be left behind. Two tenants whose names share
a CRC32 wait for each other now and then; nothing else follows from it.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

_CLASS: Final = 7_310  # the first key of all our advisory locks on ledgers


def ledger_lock_sql(schema: str) -> str:
    """The statement that takes the lock of a tenant's schema."""
    return f"SELECT pg_advisory_xact_lock({_CLASS}, {crc32(schema.encode()) - 2**31})"
