"""Files that nothing refers to go by themselves."""

from __future__ import annotations

from typing import Final

from saas.events.jobs import defer, job, periodic_job
from tenants.models import Tenant

from .services import sweep_files

QUEUE: Final = "maintenance"


@job(queue=QUEUE, lock="sweep files")
def sweep_community_files(*, tenant: str) -> None:
    """One community's. Idempotent."""
    sweep_files()


@periodic_job(cron="41 3 * * *", queue=QUEUE)
def sweep_all_files(*, tenant: str, timestamp: int) -> None:
    """Each night, one job for each community."""
    there = Tenant.objects.filter(state=Tenant.State.ACTIVE).values_list("schema_name", flat=True)
    for schema in there.iterator():
        defer(sweep_community_files, tenant=schema, queueing_lock="sweep files")
