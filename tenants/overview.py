"""Communities as EngageHub's own staff look at them. Public tables only: nothing here enters a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q

from saas.core.schemas import PUBLIC, enter_schema

from .errors import TenantNotFoundError
from .models import ApiKey, Domain, GuildLink, Membership, Tenant

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class TenantPage:
    """`following` is what to ask for after this page; None at the end."""

    tenants: list[Tenant]
    guilds: dict[int, GuildLink]
    following: int | None


@dataclass(frozen=True, slots=True)
class TenantDetail:
    tenant: Tenant
    domains: list[Domain]
    team: list[Membership]
    links: list[GuildLink]
    keys: list[ApiKey]


def count_states() -> dict[str, int]:
    """How many communities there are in each state, states without one included. One query."""
    with enter_schema(PUBLIC):
        counted = dict(Tenant.objects.values_list("state").annotate(n=Count("pk")))
    return {state: counted.get(state, 0) for state in Tenant.State.values}


def find_tenants(*, text: str = "", state: str = "", before: int | None = None) -> TenantPage:
    """Newest first; `text` is part of a name, an address or a schema, or a guild's id. Two queries."""
    found = Tenant.objects.order_by("-pk")
    text = text.replace("\x00", "").strip()[:100]
    if text:
        wanted = Q(name__icontains=text) | Q(slug__icontains=text.lower()) | Q(schema_name=text.lower())
        if text.isdecimal() and len(text) <= 20:
            guild = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED).filter(guild_id=int(text))
            wanted |= Q(pk__in=guild.values("tenant_id")) if int(text) < 2**63 else Q()
        found = found.filter(wanted)
    if state in Tenant.State.values:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(pk__lt=before)
    with enter_schema(PUBLIC):
        rows = list(found[: PAGE + 1])
        page = rows[:PAGE]
        links = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED)
        guilds = {link.tenant_id: link for link in links.filter(tenant__in=page)} if page else {}
    return TenantPage(page, guilds, page[-1].pk if len(rows) > PAGE else None)


def get_tenant_detail(*, tenant_id: int) -> TenantDetail:
    """Five queries. Raises TenantNotFoundError."""
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None:
            raise TenantNotFoundError(tenant_id)
        return TenantDetail(
            tenant,
            list(Domain.objects.filter(tenant=tenant).order_by("-is_primary", "domain")),
            list(Membership.objects.select_related("user").filter(tenant=tenant).order_by("created_at")),
            list(GuildLink.objects.filter(tenant=tenant).order_by("-linked_at")),
            list(ApiKey.objects.filter(tenant=tenant).order_by("-pk")[:50]),
        )
