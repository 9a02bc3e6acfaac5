"""Active types over the plan's limit are frozen: nothing more can be handed in for the newest of them. What waits is decided as
promised, nothing is deleted.

Which ones is derived from the plan in force at the moment, never stored: an upgrade thaws exactly what was frozen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from saas.core import clock
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now
from tenants.gates import limit_of, require_room

from .errors import TypeClosedError
from .models import SubmissionType

TYPES: Final = "submission_types"


def types_allowed(context: TenantContext) -> int:
    """How many active types the plan in force lets take submissions, by what this process knows. No query."""
    return limit_of(TYPES, context.entitlements, clock.now())


def frozen_ids(types: Iterable[SubmissionType], allowed: int) -> frozenset[int]:
    """Of all of a community's types those that are frozen: the active ones beyond the oldest `allowed`."""
    active = sorted(one.pk for one in types if one.active and one.archived_at is None)
    return frozenset(active[allowed:])


def require_room_for_type(context: TenantContext, *, more: int = 1) -> None:
    """Under the lock of the types' writers (types.py). Raises LimitReachedError."""
    require_room(TYPES, entitlements_now(context), clock.now(), used=active_types().count(), more=more)


def require_taking(submission_type: SubmissionType, context: TenantContext) -> None:
    """Raises TypeClosedError where nothing can be handed in, with the reason."""
    name = submission_type.name
    if submission_type.archived_at is not None or not submission_type.active:
        raise TypeClosedError(
            f"“{name}” takes nothing at the moment: the team switched it off. Look at what else can be handed in."
        )
    allowed = limit_of(TYPES, entitlements_now(context), clock.now())
    if active_types().filter(pk__lt=submission_type.pk).count() >= allowed:
        raise TypeClosedError(
            f"“{name}” takes nothing at the moment: the community's plan includes {allowed:,} kinds of submissions. Its owner can "
            "change the plan under Billing, or the team can switch another kind off."
        )


def active_types() -> QuerySet[SubmissionType]:
    return SubmissionType.objects.filter(active=True, archived_at=None)
