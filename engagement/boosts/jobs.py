"""Boosts begin and end by themselves; here somebody says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from saas.core import clock
from saas.events.jobs import defer, job, periodic_job
from tenants.context import current_tenant
from tenants.entitlements import Entitlements
from tenants.models import Tenant

from .services import TEND, tend_boosts

QUEUE: Final = "maintenance"
TWO_HOURS: Final = timedelta(hours=2)


@job(queue=QUEUE, name=TEND, lock="tend boosts")
def tend(*, tenant: str) -> None:
    """Publish what began or ended meanwhile, and ask for the next time. Idempotent."""
    tend_boosts(context=current_tenant())


@periodic_job(cron="7 * * * *", queue=QUEUE)
def follow_dated_plans(*, tenant: str, timestamp: int) -> None:
    """Every hour: where a phase of the plan began by its date, of which there is no news, boosts freeze or thaw with it."""
    now = clock.now()
    there = Tenant.objects.filter(state=Tenant.State.ACTIVE).exclude(entitlements={})
    for schema, data in there.values_list("schema_name", "entitlements").iterator():
        phases = Entitlements.parse(data, 0).phases
        if any(now - TWO_HOURS < phase.starts_at <= now for phase in phases):
            defer(tend, tenant=schema, queueing_lock="tend boosts")


@job(queue=QUEUE, lock="tend boosts")
def follow_plan(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of EntitlementsChanged: boosts freeze or thaw with the plan. Idempotent."""
    tend_boosts(context=current_tenant())
