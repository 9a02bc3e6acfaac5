"""The catalogue's jobs: long lists that come in."""

from __future__ import annotations

from typing import Final

from saas.events.jobs import job
from saas.events.retries import Backoff
from tenants.context import current_tenant

from .codes import work_on_codes as bring
from .exchange import work_on_table as apply

QUEUE: Final = "imports"


@job(queue=QUEUE, retry=Backoff(tries=10, first=2), lock="reward codes")
def work_on_codes(*, tenant: str, run_id: int) -> None:
    """Bring a list of codes in. Idempotent."""
    bring(run_id=run_id)


@job(queue=QUEUE, retry=Backoff(tries=5, first=2), lock="reward tables")
def work_on_table(*, tenant: str, run_id: int) -> None:
    """Apply a table to the catalogue. Idempotent."""
    apply(run_id=run_id, context=current_tenant())
