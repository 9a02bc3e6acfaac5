"""Locks where no row stands for what is counted: a member's requests, and the list of types.

A transaction's advisory locks, so that they cost no write. Both come before the rows of the package's lock order.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

_SQL: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7320))"


def lock_requester(member_id: int) -> None:
    """One at a time asks in the name of this member, so that what a period allows is counted once; deletion takes it too."""
    _lock(f"credits of {member_id}")


def lock_types() -> None:
    """One at a time changes the list of types, so that the plan's limit is counted once."""
    _lock("credit types")


def _lock(name: str) -> None:
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [f"{schema} {name}"])
