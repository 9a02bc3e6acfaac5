"""What it means for a community to take itself out of its retainer, before it does. Reads only; `covering.leave_retainer` does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from billing.entitling import get_gift
from billing.models import RetainerPlace, Subscription
from billing.phases import build_phases
from billing.plans import FREE
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.entitlements import Entitlements

from .selectors import find_place, is_ahead, list_covers, plan_ends


@dataclass(frozen=True, slots=True)
class Leaving:
    """`ends_at`: until when the retainer's plan stays on all the same; None where its first day is ahead, so that nothing ends. `then`:
    the key of the plan from then on, which a gift or an earlier plan of its own may make more than Free, `quantity` times."""

    place: RetainerPlace
    ends_at: datetime | None
    then: str
    quantity: int = 1


def preview_leaving(*, tenant_id: int) -> Leaving | None:
    """None for a community that no retainer covers. Five queries at most."""
    now = clock.now()
    place = find_place(tenant_id=tenant_id)
    if place is None:
        return None
    if is_ahead(place, now):
        return Leaving(place, None, "")
    with enter_schema(PUBLIC):
        own = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        covers = [
            replace(cover, left_at=now) if cover.left_at is None else cover
            for cover in list_covers(tenant_id)
        ]
        phases = build_phases(own, now, get_gift(place.tenant), covers)
    left = RetainerPlace(retainer=place.retainer, joined_at=place.joined_at, left_at=now)
    ends_at = plan_ends(left) or now
    phase = Entitlements.parse({"phases": phases}, 0).phase_at(max(ends_at, now))
    then = phase.plan if phase is not None and phase.plan else FREE
    return Leaving(place, ends_at, then, own.quantity if own is not None and own.plan == then else 1)
