"""Work on members that nobody waits for: purging who was deleted, forgetting old codes, bulk acts over many."""

from __future__ import annotations

from engagement.members.claims import forget_old_claims
from saas.events.jobs import defer, job, periodic_job
from tenants.context import current_tenant
from tenants.models import Tenant

from .bulk_acts import run_bulk_act
from .people import purge_deleted_members

QUEUE = "maintenance"


@periodic_job(cron="23 3 * * *", queue=QUEUE)
def tidy_members_everywhere(*, tenant: str, timestamp: int) -> None:
    """Every night, one job a tenant."""
    for schema in Tenant.objects.values_list("schema_name", flat=True).iterator():
        defer(tidy_members, tenant=schema, queueing_lock="tidy members")


@job(queue=QUEUE, lock="tidy members")
def tidy_members(*, tenant: str) -> None:
    """Purge members deleted 30 days ago and forget expired claim codes. Idempotent."""
    purge_deleted_members()
    forget_old_claims()


@job(queue=QUEUE, lock="bulk acts")
def run_bulk(*, tenant: str, bulk_id: int) -> None:
    """Do, or undo, what is left of a bulk act. Idempotent: a repeat goes on where the last run stopped."""
    run_bulk_act(bulk_id=bulk_id, context=current_tenant())
