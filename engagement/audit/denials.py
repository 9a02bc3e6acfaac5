"""Attempts that were refused. They are recorded as well, without letting a script flood the log.

Within an hour the same person's attempts at the same thing make an entry at the 1st, 10th, 100th … of them, and a community's
refusals at most MOST_AN_HOUR. Counted in the cache; where it is away, what the log itself holds of the hour decides.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from django.db import DatabaseError, connection, transaction
from redis import RedisError

from saas.core import clock
from saas.core.redis_clients import cache_redis
from tenants.permissions import PERMISSIONS

from .actor import Actor
from .models import AuditEntry, Outcome
from .services import record_audit

log = structlog.get_logger(__name__)
REFUSED: Final = "permission.refused"
HOUR: Final = 3_600  # seconds
MOST_AN_HOUR: Final = 300


def record_refusal(*, actor: Actor, permission: str, place: str) -> AuditEntry | None:
    """Remember that `actor` was refused `permission` (of tenants.permissions) at `place`, such as a path; None where it is
    only counted.

    Its own transaction, after the refused one was rolled back. Never raises: a refusal stays a refusal when the log cannot be
    written, and that is logged.
    """
    try:
        tries = _count(actor, permission)
        if tries == 0:
            return None
        with transaction.atomic():
            return record_audit(
                actor=actor,
                action=REFUSED,
                target_kind="permission",
                target_id=permission,
                target_name=PERMISSIONS[permission].asks if permission in PERMISSIONS else permission,
                outcome=Outcome.DENIED,
                note=place if tries == 1 else f"{place} ({tries:,} times within the hour)",
            )
    except DatabaseError as error:
        log.warning(
            "refusal_not_recorded", permission=permission, actor=actor.kind, problem=str(error).strip()
        )
        return None


def _count(actor: Actor, permission: str) -> int:
    """Which attempt of this hour it is, where it is to be recorded; 0 where not."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    mine = f"audit:refused:{schema}:{actor.kind}:{actor.id}:{permission}"
    try:
        tries = _bump(mine)
        if not _is_power_of_ten(tries):
            return 0
        return tries if _bump(f"audit:refused:{schema}") <= MOST_AN_HOUR else 0
    except RedisError as error:
        log.warning("refusals_not_counted", problem=str(error))
        recent = AuditEntry.objects.filter(
            action=REFUSED, occurred_at__gt=clock.now() - timedelta(seconds=HOUR)
        )
        known = recent.filter(actor_kind=actor.kind, actor_id=actor.id, target_id=permission).exists()
        return 0 if known or recent.count() >= MOST_AN_HOUR else 1


def _bump(key: str) -> int:
    """Both in one message, and the hour begins with the first."""
    with cache_redis().pipeline(transaction=True) as pipe:
        pipe.set(key, 0, ex=HOUR, nx=True)
        pipe.incr(key)
        return int(pipe.execute()[1])


def _is_power_of_ten(number: int) -> bool:
    return number > 0 and str(number).strip("0") == "1"
