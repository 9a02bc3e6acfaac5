"""TenantContext: frozen facts about the tenant in hand, and the one way into its schema.

`enter_tenant` is synchronous on purpose: django-tenants keeps the schema on the connection of the *thread*, so a
`with` around an `await` would query another thread's schema (DESIGN section 4.2). Async code calls one synchronous
function per unit of work, which enters the schema inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from saas.core.schemas import enter_schema

from .entitlements import NO_PLAN, Entitlements

if TYPE_CHECKING:
    from .models import Tenant


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
    kind: str = "discord"  # of Tenant.Kind
    emblem_url: str = ""
    description: str = ""
    board_public: bool = True  # off: the leaderboard is for members alone
    role_map: tuple[tuple[int, str], ...] = ()  # Discord role id → role here
    entitlements: Entitlements = NO_PLAN

    @classmethod
    def of(cls, tenant: Tenant, guild_id: int | None = None) -> TenantContext:
        """The facts of a tenant's row."""
        return cls(
            tenant_id=tenant.pk,
            schema=tenant.schema_name,
            slug=tenant.slug,
            name=tenant.name,
            timezone=tenant.timezone,
            first_weekday=tenant.first_weekday,
            locale=tenant.locale,
            points_name=tenant.points_name,
            colour=tenant.colour,
            live=tenant.live,
            guild_id=guild_id,
            kind=tenant.kind,
            emblem_url=tenant.emblem_url,
            description=tenant.description,
            board_public=tenant.board_public,
            role_map=tuple((int(role), name) for role, name in tenant.role_map.items()),
            entitlements=Entitlements.parse(tenant.entitlements, tenant.entitlements_version),
        )


_entered: ContextVar[TenantContext | None] = ContextVar("entered_tenant", default=None)


@contextmanager
def enter_tenant(context: TenantContext) -> Iterator[TenantContext]:
    """Every query of this thread inside the block sees `context.schema`; afterwards, what was there before."""
    token = _entered.set(context)
    try:
        with enter_schema(context.schema):
            yield context
    finally:
        _entered.reset(token)


def current_tenant() -> TenantContext:
    """The tenant whose schema this thread is in. No query after `enter_tenant`; one where the schema was set otherwise.

    Raises tenants.errors.TenantNotFoundError in the public schema.
    """
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    context = _entered.get()
    if context is not None and context.schema == schema:
        return context
    from .errors import TenantNotFoundError
    from .models import Tenant

    tenant = Tenant.objects.filter(schema_name=schema).first()
    if tenant is None:
        raise TenantNotFoundError(schema)
    return TenantContext.of(tenant)
