"""What happens to submissions by itself."""

from __future__ import annotations

from typing import Final

from saas.events.jobs import job
from tenants.context import current_tenant

from . import sla

QUEUE: Final = "maintenance"


@job(queue=QUEUE, name=sla.TELL, priority=10)
def tell_outcome(*, tenant: str, submission_id: int) -> None:
    """The seconds are over in which a decision could be taken back unnoticed. Idempotent."""
    sla.tell_outcome(submission_id=submission_id, context=current_tenant())


@job(queue=QUEUE, name=sla.REMIND, lock="remind reviewers")
def remind_reviewers(*, tenant: str) -> None:
    """Something waits since half of what its type promises, or longer. Idempotent."""
    sla.remind_reviewers()
