"""The map behind tenants.routing: what each tenant contributes, and one immutable snapshot of all contributions.

Invariant: a snapshot never changes. `read_snapshot` reads all tenants; `patch_snapshot` makes a new one in which some
tenants were read again, at the cost of copying a few dictionaries: at 100,000 tenants reading one takes
milliseconds, reading all takes seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext
from .models import ApiKey, Domain, GuildLink, Tenant


@dataclass(frozen=True, slots=True)
class HostMatch:
    """What a host name leads to: a tenant's site, or (context None) our own; `redirect_to` is the host to use instead.
    `closed` is the state, suspended or deleted, of a tenant whose site is closed."""

    context: TenantContext | None
    redirect_to: str | None = None
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one active tenant contributes; of a closed one, its hosts alone. `removed` is a guild whose bot is away; `keys` are its API keys, revoked ones too:
    what they sent before may still be on its way."""

    context: TenantContext | None
    hosts: dict[str, HostMatch]
    removed: int | None = None
    keys: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    parts: dict[int, Part] = field(default_factory=dict)
    guilds: dict[int, TenantContext] = field(default_factory=dict)
    hosts: dict[str, HostMatch] = field(default_factory=dict)
    schemas: dict[str, TenantContext] = field(default_factory=dict)
    keys: dict[int, TenantContext] = field(default_factory=dict)
    linked: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()


def read_snapshot() -> Snapshot:
    """Every tenant. Raises what the database raises."""
    return _join(read_parts(None))


def patch_snapshot(old: Snapshot, tenant_ids: Collection[int]) -> Snapshot:
    """`old` with those tenants read again. Raises what the database raises."""
    fresh = read_parts(tenant_ids)
    parts, guilds, hosts, schemas = dict(old.parts), dict(old.guilds), dict(old.hosts), dict(old.schemas)
    keys = dict(old.keys)
    for tenant_id in tenant_ids:
        gone = parts.pop(tenant_id, None)
        if gone is None:
            continue
        for key in gone.keys:
            keys.pop(key, None)
        # A guild or a host may have gone to another tenant, whose part says so.
        if gone.context is not None:
            schemas.pop(gone.context.schema, None)
            if gone.context.guild_id is not None and guilds.get(gone.context.guild_id) is gone.context:
                del guilds[gone.context.guild_id]
        for host, match in gone.hosts.items():
            if hosts.get(host) is match:
                del hosts[host]
    removed = frozenset(part.removed for part in parts.values() if part.removed is not None)
    return _add(fresh, Snapshot(parts, guilds, hosts, schemas, keys, removed=removed))


def _join(parts: dict[int, Part]) -> Snapshot:
    base = settings.BASE_DOMAIN.lower()
    hosts = {base: HostMatch(None), f"www.{base}": HostMatch(None, base)}
    if base == "localhost":
        hosts["127.0.0.1"] = HostMatch(None)
    return _add(parts, Snapshot(hosts=hosts))


def _add(fresh: dict[int, Part], to: Snapshot) -> Snapshot:
    """Fills `to`, which nobody has seen yet."""
    to.parts.update(fresh)
    for part in fresh.values():
        to.hosts.update(part.hosts)
        if part.context is None:
            continue
        to.schemas[part.context.schema] = part.context
        to.keys.update(dict.fromkeys(part.keys, part.context))
        if part.context.guild_id is not None:
            to.guilds[part.context.guild_id] = part.context
    removed = to.removed | {part.removed for part in fresh.values() if part.removed is not None}
    return Snapshot(to.parts, to.guilds, to.hosts, to.schemas, to.keys, frozenset(to.guilds), removed)


def read_parts(tenant_ids: Collection[int] | None) -> dict[int, Part]:
    """The parts of those tenants that are active or closed; None: of all. Four queries in one transaction."""

    def chosen(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
        return rows if tenant_ids is None else rows.filter(**{f"{key}__in": tenant_ids})

    with enter_schema(PUBLIC), transaction.atomic():
        links = chosen(GuildLink.objects.exclude(state=GuildLink.State.UNLINKED), "tenant_id")
        guilds = {
            tenant: (guild, state)
            for tenant, guild, state in links.values_list("tenant_id", "guild_id", "state")
        }
        tenants = list(chosen(Tenant.objects.exclude(state=Tenant.State.PROVISIONING), "pk"))
        domains: dict[int, list[tuple[str, bool]]] = defaultdict(list)
        for tenant_id, domain, is_redirect in chosen(Domain.objects.all(), "tenant_id").values_list(
            "tenant_id", "domain", "is_redirect"
        ):
            domains[tenant_id].append((domain, is_redirect))
        keys: dict[int, list[int]] = defaultdict(list)
        for tenant_id, key_id in chosen(ApiKey.objects.all(), "tenant_id").values_list("tenant_id", "pk"):
            keys[tenant_id].append(key_id)
    return {
        tenant.pk: _make_part(tenant, domains[tenant.pk], keys[tenant.pk], *guilds.get(tenant.pk, (None, "")))
        for tenant in tenants
    }


def _make_part(
    tenant: Tenant, domains: list[tuple[str, bool]], keys: list[int], guild: int | None, state: str
) -> Part:
    base = settings.BASE_DOMAIN.lower()
    own = f"{tenant.slug}.{base}"
    if tenant.state != Tenant.State.ACTIVE:
        shut = HostMatch(None, closed=tenant.state)
        return Part(None, dict.fromkeys([*(domain.lower() for domain, _ in domains), own], shut))
    context = TenantContext.of(tenant, guild if state == GuildLink.State.ACTIVE else None)
    hosts = {
        domain.lower(): HostMatch(context, own if is_redirect else None) for domain, is_redirect in domains
    }
    # The slug counts also where BASE_DOMAIN changed after the row was written.
    hosts[own] = HostMatch(context)
    return Part(context, hosts, guild if state == GuildLink.State.REMOVED else None, tuple(keys))
