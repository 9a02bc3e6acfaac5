"""Changes of many members' levels, which nobody should wait for with a page open."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.db import connection

from engagement.audit.actor import Actor
from engagement.levels.curves import build_curve
from engagement.levels.errors import InvalidCurveError
from saas.events.jobs import defer, job
from saas.events.retries import Backoff

from .levelling import CurveMovedError, change_curve

QUEUE: Final = "levels"
_LOCK: Final = "apply curve"


@job(queue=QUEUE, retry=Backoff(tries=5, first=2), lock=_LOCK)
def apply_curve(
    *, tenant: str, kind: str, parameters: dict[str, Any], actor: dict[str, Any], expected_version: int
) -> None:
    """Set a curve that was asked for on a page. Idempotent: the same curve again changes nothing; one that somebody else set
    meanwhile is left alone."""
    try:
        change_curve(kind=kind, parameters=parameters, actor=Actor(**actor), expected_version=expected_version)
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
