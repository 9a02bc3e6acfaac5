"""Seats: how many people a team may have by its plan, and whose are frozen after a downgrade.

Which seats are frozen is derived and never stored: the owner's comes first, then those of whoever joined earlier. So an upgrade
thaws exactly what was frozen, and so does the end of somebody else's place. Nobody is thrown out: a frozen seat only looks.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from saas.core import clock

from .entitlements import Entitlements
from .gates import limit_of, require_room
from .models import Invite, Membership, Tenant

SEATS = "seats"


def with_seats(rows: QuerySet[Membership]) -> QuerySet[Membership]:
    """The same Memberships, each with what `is_frozen` reads; no query more."""
    return rows.annotate(seat=Subquery(_earlier()), plan=F("tenant__entitlements"))


@cache
def _earlier() -> QuerySet[Any, Any]:
    """How many came no later. Never evaluated by itself; every page asks it, so that it is put together once."""
    return (
        Membership.objects.filter(tenant_id=OuterRef("tenant_id"))
        .filter(
            Q(role=Membership.Role.OWNER)
            | Q(created_at__lt=OuterRef("created_at"))
            | Q(created_at=OuterRef("created_at"), pk__lte=OuterRef("pk"))
        )
        .order_by()
        .values("tenant_id")
        .annotate(number=Count("pk"))
        .values("number")
    )


def is_frozen(row: Membership, moment: datetime | None = None) -> bool:
    """Whether the seat is over what the plan in force includes. For rows of `with_seats`."""
    seated: Any = row
    if row.role == Membership.Role.OWNER:
        return False
    allowed = limit_of(SEATS, Entitlements.parse(seated.plan, 0), moment or clock.now())
    return bool(seated.seat > allowed)


def require_seat_to_offer(tenant: Tenant, *, besides: int | None = None) -> None:
    """Room for one more invite, people and open invites counted. `besides`: an invite that takes its own former place.

    `tenant` is the row as its lock gave it. Raises LimitReachedError.
    """
    now = clock.now()
    offered = Invite.objects.filter(tenant=tenant, accepted_at=None, expires_at__gt=now).exclude(
        pk=besides or 0
    )
    _require(tenant, Membership.objects.filter(tenant=tenant).count() + offered.count(), now)


def require_seat_to_join(tenant: Tenant) -> None:
    """Room for one more person: after a downgrade open invites are good for as many as there is room. As above."""
    _require(tenant, Membership.objects.filter(tenant=tenant).count(), clock.now())


def _require(tenant: Tenant, used: int, now: datetime) -> None:
    entitlements = Entitlements.parse(tenant.entitlements, tenant.entitlements_version)
    require_room(SEATS, entitlements, now, used=used)
