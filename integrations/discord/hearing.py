"""Whether Discord is to hear of a community's news."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from saas.core import clock
from saas.events.log import get_moment
from tenants.context import TenantContext
from tenants.entitlements import Entitlements
from tenants.gates import GATES, is_open
from tenants.routing import get_routing
from tenants.selectors import read_liveness

from .problems import clear_problem, note_problem


def heard(tenant: str, gate: str = "", *, event_id: int | None = None) -> TenantContext | None:
    """The tenant, while Discord is to hear of it: linked, active, live, and with a plan that opens `gate`, if one is named.

    In shadow mode nothing shows in Discord; once the community is live, the sweep catches up. Whether it is live and what its plan
    has is asked of the database, because what routing remembers may be old; `event_id` names the news that is to be told: what
    was published before the community went live stays untold, however late its job runs.
    """
    context = get_routing().context_for_schema(tenant)
    if context is None or context.guild_id is None:
        return None
    now = read_liveness(schema=tenant)
    if not now.live or (event_id is not None and _is_older(event_id, now.since)):
        return None
    return context if not gate or _is_in_plan(gate, now.entitlements) else None


def _is_in_plan(gate: str, entitlements: Entitlements) -> bool:
    """What the plan leaves out is skipped and, where plans are sold, shown to the organiser until it is open again."""
    key = f"plan:{gate}"
    if not is_open(gate, entitlements, clock.now()):
        note_problem(
            key=key,
            message=f"{GATES[gate].title} are not part of the plan, so nothing is done in Discord. Nothing is lost: it goes "
            "on with a plan that has them. You find the plans under Billing.",
        )
        return False
    if settings.BILLING_ON:
        clear_problem(key=key)
    return True


def _is_older(event_id: int, since: datetime | None) -> bool:
    if since is None:
        return False
    published = get_moment(event_id)
    return published is not None and published < since
