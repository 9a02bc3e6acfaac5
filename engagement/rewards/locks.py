"""The catalogue's lock: whoever adds a reward, puts one on offer or moves one holds it to the end of the transaction.

It is what the plan's limit and the order are counted under. Redeeming does not take it: the reward's own row is the lock there.
Whoever takes both takes this one first.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from django.db import connection

_CLASS: Final = 7_320  # the first key of all our advisory locks on catalogues


def lock_catalogue() -> None:
    """Of the tenant in hand, whose transaction must be open."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_CLASS, crc32(schema.encode()) - 2**31])
