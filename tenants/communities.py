"""A person's communities: where they are on the team, and what waits for them there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .lifecycle import offer_until, undo_until
from .models import Membership, Tenant, User


@dataclass(frozen=True, slots=True)
class Place:
    """One community as a member of its team sees it. `until`: a deleted one can be restored till then."""

    tenant_id: int
    name: str
    slug: str
    role: str
    role_name: str
    state: str
    live: bool
    emblem_url: str
    until: datetime | None
    reason: str
    offered_by: str
    offered_until: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state == Tenant.State.ACTIVE

    @property
    def may_restore(self) -> bool:
        return self.state == Tenant.State.DELETED and self.role == Membership.Role.OWNER


@dataclass(frozen=True, slots=True)
class Door:
    """A community that is open to somebody, by what it takes to lead them there."""

    tenant_id: int
    name: str
    slug: str


def list_doors(*, user: User, limit: int) -> list[Door]:
    """The first of the open communities on whose team the person is, by name. One query, and a light one: every page asks it."""
    found = Membership.objects.filter(user=user, tenant__state=Tenant.State.ACTIVE)
    rows = found.order_by("tenant__name", "tenant_id").values_list(
        "tenant_id", "tenant__name", "tenant__slug"
    )
    return [Door(*row) for row in rows[:limit]]


def list_places(*, user: User, only_open: bool = False) -> list[Place]:
    """The communities on whose team the person is, by name. Two queries, however many there are."""
    found = (
        Membership.objects.select_related("tenant").filter(user=user).order_by("tenant__name", "tenant_id")
    )
    if only_open:
        found = found.filter(tenant__state=Tenant.State.ACTIVE)
    memberships = list(found)
    offered = [one.tenant_id for one in memberships if one.tenant.heir_id == user.pk]
    owners = Membership.objects.select_related("user").filter(
        tenant_id__in=offered, role=Membership.Role.OWNER
    )
    givers = {one.tenant_id: str(one.user) for one in owners} if offered else {}
    return [_describe(one, givers.get(one.tenant_id, "")) for one in memberships]


def _describe(membership: Membership, giver: str) -> Place:
    tenant = membership.tenant
    until = offer_until(tenant) if giver and tenant.state == Tenant.State.ACTIVE else None
    return Place(
        tenant_id=tenant.pk,
        name=tenant.name,
        slug=tenant.slug,
        role=membership.role,
        role_name=membership.get_role_display(),
        state=tenant.state,
        live=tenant.live,
        emblem_url=tenant.emblem_url,
        until=undo_until(tenant),
        reason=tenant.suspended_for,
        offered_by=giver if until else "",
        offered_until=until,
    )
