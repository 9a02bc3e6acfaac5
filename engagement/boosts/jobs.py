"""Boosts begin and end by themselves; here somebody says so."""

from __future__ import annotations

from typing import Final

from saas.events.jobs import job
from tenants.context import current_tenant

from .services import TEND, tend_boosts

QUEUE: Final = "maintenance"


@job(queue=QUEUE, name=TEND, lock="tend boosts")
def tend(*, tenant: str) -> None:
    """Publish what began or ended meanwhile, and ask for the next time. Idempotent."""
    tend_boosts(context=current_tenant())
