"""News about tenants, in the public log."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class TenantProvisioned(DomainEvent):
    tenant_id: int
    schema: str
    slug: str


@dataclass(frozen=True)
class GuildLinked(DomainEvent):
    tenant_id: int
    guild_id: int


@dataclass(frozen=True)
class GuildUnlinked(DomainEvent):
    tenant_id: int
    guild_id: int


@dataclass(frozen=True)
class GuildRenamed(DomainEvent):
    tenant_id: int
    guild_id: int
    name: str


@dataclass(frozen=True)
class GuildOwnerChanged(DomainEvent):
    tenant_id: int
    guild_id: int
    owner_id: int


@dataclass(frozen=True)
class GuildWentAway(DomainEvent):
    tenant_id: int
    guild_id: int


@dataclass(frozen=True)
class GuildCameBack(DomainEvent):
    tenant_id: int
    guild_id: int


@dataclass(frozen=True)
class SlugChanged(DomainEvent):
    tenant_id: int
    former: str
    slug: str


@dataclass(frozen=True)
class CommunityFounded(DomainEvent):
    """Somebody asked for a community: its row and address are there, its schema is still to be made."""

    tenant_id: int


@dataclass(frozen=True)
class WentLive(DomainEvent):
    """In the community's own log: from now on it is announced and roles are given."""

    tenant_id: int


@dataclass(frozen=True)
class WentShadow(DomainEvent):
    """In the community's own log: from now on nothing is announced and no role changes."""

    tenant_id: int


@dataclass(frozen=True)
class OwnershipTransferred(DomainEvent):
    tenant_id: int
    former_id: int
    owner_id: int


@dataclass(frozen=True)
class CommunityDeleted(DomainEvent):
    tenant_id: int
    slug: str


@dataclass(frozen=True)
class CommunityRestored(DomainEvent):
    tenant_id: int
    slug: str
