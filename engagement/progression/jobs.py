"""Work on members that nobody waits for: purging who was deleted, bulk acts over many, a new curve for everybody."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import structlog
from django.db import connection

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.erasure import erase_person
from engagement.levels.curves import build_curve
from engagement.levels.errors import InvalidCurveError
from engagement.members.claims import forget_old_claims
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import current_tenant
from tenants.errors import OwnerRoleMissingError
from tenants.models import Tenant

from .bulk_acts import run_bulk_act
from .levelling import CurveMovedError, change_curve
from .people import purge_deleted_members

QUEUE: Final = "maintenance"
OWNERS: Final = "provisioning"  # its workers may use the owner's database role
LEVELS: Final = "levels"
_LOCK: Final = "apply curve"
log = structlog.get_logger(__name__)


@periodic_job(cron="23 3 * * *", queue=QUEUE)
def tidy_members_everywhere(*, tenant: str, timestamp: int) -> None:
    """Every night, one job a tenant."""
    there = Tenant.objects.filter(state__in=(Tenant.State.ACTIVE, Tenant.State.SUSPENDED))
    for schema in there.values_list("schema_name", flat=True).iterator():
        defer(tidy_members, tenant=schema, queueing_lock="tidy members")


@job(queue=QUEUE, lock="tidy members")
def tidy_members(*, tenant: str) -> None:
    """Purge members deleted 30 days ago and forget expired claim codes. Idempotent."""
    purge_deleted_members()
    forget_old_claims()


@job(queue=OWNERS, retry=Backoff(tries=8, first=60), lock="erase traces")
def erase_traces(*, tenant: str, people: list[tuple[str, int]]) -> None:
    """Erase what the audit log tells of purged members, each (kind, id). Idempotent. Raises UnavailableError while an entry is not
    sealed. A worker without the owner's role leaves it, and its log says how it is done by hand."""
    context = current_tenant()
    for kind, number in people:
        try:
            erase_person(
                kind=kind, person_id=number, actor=SYSTEM, reason="Deleted 30 days ago", context=context
            )
        except OwnerRoleMissingError:
            log.warning(
                "audit_not_erased",
                people=people,
                why="This worker has no DATABASE_OWNER_URL.",
                remedy=f"manage.py erase_audit {context.slug} <kind> <id> --reason purged",
            )
            return


@job(queue=QUEUE, lock="bulk acts")
def run_bulk(*, tenant: str, bulk_id: int) -> None:
    """Do, or undo, what is left of a bulk act. Idempotent: a repeat goes on where the last run stopped."""
    run_bulk_act(bulk_id=bulk_id, context=current_tenant())


@job(queue=LEVELS, retry=Backoff(tries=5, first=2), lock=_LOCK)
def apply_curve(
    *, tenant: str, kind: str, parameters: dict[str, Any], actor: dict[str, Any], expected_version: int
) -> None:
    """Set a curve that was asked for on a page. Idempotent: the same curve again changes nothing; one that somebody else set
    meanwhile is left alone."""
    try:
        change_curve(
            kind=kind, parameters=parameters, actor=Actor(**actor), expected_version=expected_version
        )
    except (InvalidCurveError, CurveMovedError):
        return


def defer_curve(
    *, tenant: str, kind: str, parameters: dict[str, Any], actor: Actor, expected_version: int
) -> None:
    """Have a curve set by a worker, in the caller's transaction. Raises InvalidCurveError at once for one that cannot be."""
    build_curve(kind, parameters)
    defer(
        apply_curve,
        tenant=tenant,
        queueing_lock=_LOCK,
        kind=kind,
        parameters=parameters,
        actor=asdict(actor),
        expected_version=expected_version,
    )


def is_curve_waiting(*, tenant: str) -> bool:
    """Whether a change that was deferred is still to be made, or being made. One query, by the index of waiting jobs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM public.procrastinate_jobs WHERE lock = %s AND status IN ('todo', 'doing'))",
            [f"{tenant}:{_LOCK}"],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
