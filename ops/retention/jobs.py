"""The nightly pruning: one job a schema, and one as the owner's role where its log has something old."""

from __future__ import annotations

from typing import Final

import structlog
from django.db import ProgrammingError
from prometheus_client import Counter

from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.pruning import has_old_events
from tenants.models import Tenant
from tenants.owner import as_owner

from .table import OF_PUBLIC, OF_TENANTS, Kept

QUEUE: Final = "maintenance"
OWNERS: Final = "provisioning"  # its workers may use the owner's role
LATE: Final = -10  # whoever waits for a community to be made goes first
PRUNED: Final = Counter("engagehub_pruned_rows_total", "Rows that went because they were old.", ["table"])
log = structlog.get_logger(__name__)


@periodic_job(cron="47 4 * * *", queue=QUEUE)
def prune_everywhere(*, tenant: str, timestamp: int = 0) -> None:
    """Every night, public and every community that is not deleted: those that a plan or a person suspended too."""
    there = Tenant.objects.filter(state__in=(Tenant.State.ACTIVE, Tenant.State.SUSPENDED))
    defer(prune_old, tenant=PUBLIC, queueing_lock="prune")
    defer(prune_as_owner, tenant=PUBLIC, queueing_lock="prune as owner")
    for schema in there.order_by("pk").values_list("schema_name", flat=True).iterator():
        try:
            with enter_schema(schema):
                old = has_old_events()
        except ProgrammingError:
            log.warning("community_went_meanwhile", schema=schema)
            continue
        defer(prune_old, tenant=schema, queueing_lock="prune")
        if old:
            defer(prune_as_owner, tenant=schema, queueing_lock="prune as owner")


@job(queue=QUEUE, priority=LATE, lock="prune")
def prune_old(*, tenant: str) -> None:
    """What the app's role may delete. Idempotent: cut off, the next run goes on."""
    _prune(tenant, by_owner=False)


@job(queue=OWNERS, priority=LATE, lock="prune as owner")
def prune_as_owner(*, tenant: str) -> None:
    """What only the owner's role may delete: the event log, and in public the scripts of earlier releases. Idempotent."""
    with as_owner(), enter_schema(tenant):
        _prune(tenant, by_owner=True)


def _prune(tenant: str, *, by_owner: bool) -> None:
    kept: tuple[Kept, ...] = OF_PUBLIC if tenant == PUBLIC else OF_TENANTS
    for one in kept:
        if one.by_owner == by_owner and (gone := one.prune()):
            PRUNED.labels(one.table).inc(gone)
            log.info("pruned", table=one.table, rows=gone)
