"""TenantContext: frozen facts about the tenant in hand, and the one way into its schema.

`enter_tenant` is synchronous on purpose: django-tenants keeps the schema on the connection of the *thread*, so a
`with` around an `await` would query another thread's schema (DESIGN section 4.2). Async code calls one synchronous
function per unit of work, which enters the schema inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class TenantContext:
    tenant_id: int
    schema: str
    slug: str
    name: str
    timezone: str
    first_weekday: int  # 0 is Monday
    locale: str
    points_name: str
    colour: str
    live: bool
    guild_id: int | None = None


@contextmanager
def enter_tenant(context: TenantContext) -> Iterator[TenantContext]:
    """Every query of this thread inside the block sees `context.schema`; afterwards, what was there before."""
    previous = connection.schema_name  # type: ignore[attr-defined]
    connection.set_schema(context.schema)  # type: ignore[attr-defined]
    try:
        yield context
    finally:
        connection.set_schema(previous)  # type: ignore[attr-defined]
