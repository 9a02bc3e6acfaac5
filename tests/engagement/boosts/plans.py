"""Boosts for the tests of this folder, planned as the pages plan them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from engagement.audit.actor import SYSTEM
from engagement.boosts.models import Boost
from engagement.boosts.services import Allowance, BoostDraft, plan_boost
from engagement.boosts.windows import moment_of
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from ..activity.facts import NOON

AT_NOON = moment_of(NOON)
HOUR = timedelta(hours=1)
_numbers = count(1)


def plan(
    context: TenantContext,
    *,
    now: datetime = AT_NOON,
    hours: float = 2,
    percent: int = 200,
    starts_at: datetime | None = None,
    scope: dict[str, Any] | None = None,
    allowances: Sequence[Allowance] = (),
    key: str = "",
    **more: Any,
) -> Boost:
    """From `starts_at`, or at once, for so many hours."""
    lasts = timedelta(hours=hours)
    draft = BoostDraft(
        name=more.pop("name", "Double"),
        percent=percent,
        scope=scope or {},
        starts_at=starts_at,
        ends_at=None if starts_at is None else starts_at + lasts,
        lasts=lasts,
        **more,
    )
    with clock.frozen_at(now), enter_tenant(context):
        return plan_boost(
            context=context,
            draft=draft,
            actor=SYSTEM,
            key=key or f"test-{next(_numbers)}",
            allowances=allowances,
        )
