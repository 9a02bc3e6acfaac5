"""Reads of tenants, for commands and the operator. Per message and per request, tenants.routing answers from memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress

from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext
from .entitlements import NO_PLAN, Entitlements
from .errors import TenantNotFoundError
from .models import GuildLink, Tenant


def get_tenant(*, slug: str) -> Tenant:
    """Raises TenantNotFoundError."""
    tenant: Tenant | None = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise TenantNotFoundError(slug)
    return tenant


def get_context(*, slug: str) -> TenantContext:
    """The tenant's context with its guild, read from the database. Raises TenantNotFoundError."""
    tenant = get_tenant(slug=slug)
    return TenantContext.of(tenant, list_links().get(tenant.pk))


def list_tenants() -> list[Tenant]:
    """All of them, by slug."""
    return list(Tenant.objects.order_by("slug"))


def list_tenant_schemas() -> list[str]:
    """The schemas that exist for tenants, in the order they were made. A tenant still being set up has none yet, and gets
    its schema whole from this release's script."""
    made = Tenant.objects.exclude(state=Tenant.State.PROVISIONING)
    return list(made.order_by("pk").values_list("schema_name", flat=True))


def list_links() -> dict[int, int]:
    """Tenant id → id of the guild that is linked to it now."""
    return dict(GuildLink.objects.filter(state=GuildLink.State.ACTIVE).values_list("tenant_id", "guild_id"))


def get_standing_link(*, tenant_id: int) -> GuildLink | None:
    """The guild that the tenant has, also while its bot is away."""
    with enter_schema(PUBLIC):
        return GuildLink.objects.filter(tenant_id=tenant_id).exclude(state=GuildLink.State.UNLINKED).first()


def find_guild_holder(*, guild_id: int) -> Tenant | None:
    """Whose guild it is, whatever has become of the tenant: a closed or suspended one keeps its guild until it is erased."""
    with enter_schema(PUBLIC):
        standing = GuildLink.objects.filter(guild_id=guild_id).exclude(state=GuildLink.State.UNLINKED)
        link = standing.select_related("tenant").first()
    return None if link is None else link.tenant


def read_entitlements(*, tenant_id: int) -> Entitlements:
    """As the database has them now: for who counts under a lock, where what a process remembers may be a second old. One query.

    Raises TenantNotFoundError.
    """
    with enter_schema(PUBLIC):
        found = (
            Tenant.objects.filter(pk=tenant_id).values_list("entitlements", "entitlements_version").first()
        )
    if found is None:
        raise TenantNotFoundError(tenant_id)
    return Entitlements.parse(*found)


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether a tenant is live, since when (None: for ever), and what its plan allows."""

    live: bool
    since: datetime | None
    entitlements: Entitlements


def read_liveness(*, schema: str) -> Liveness:
    """As the database has it now. Closed and unknown tenants are not live. One query."""
    rows = Tenant.objects.filter(schema_name=schema, state=Tenant.State.ACTIVE)
    found = rows.values_list("live", "live_since", "entitlements", "entitlements_version").first()
    if found is None:
        return Liveness(False, None, NO_PLAN)
    live, since, phases, version = found
    return Liveness(live, since, Entitlements.parse(phases, version))


def list_confirmed_addresses(user_ids: Iterable[int]) -> dict[int, str]:
    """Login → the address that its owner confirmed; who confirmed none is left out. One query."""
    with enter_schema(PUBLIC):
        rows = EmailAddress.objects.filter(user_id__in=list(user_ids), verified=True).order_by(
            "primary", "pk"
        )
        return dict(rows.values_list("user_id", "email"))
