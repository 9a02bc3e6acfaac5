"""Boosts begin and end by themselves; here somebody says so."""

from __future__ import annotations

from typing import Any

from saas.events.jobs import job
from tenants.context import current_tenant

from .services import TEND, tend_boosts


@job(queue="maintenance", name=TEND, lock="tend boosts")
def tend(*, tenant: str) -> None:
    """Publish what began or ended meanwhile, and ask for the next time. Idempotent."""
    tend_boosts(context=current_tenant())


@job(queue="maintenance", lock="tend boosts")
def follow_plan(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of EntitlementsChanged: boosts freeze or thaw with the plan. Idempotent."""
    tend_boosts(context=current_tenant())
