"""The jobs of imports, on their own queue: reading a file, and booking or taking back."""

from __future__ import annotations

from saas.events.jobs import job
from saas.events.retries import Backoff
from tenants.context import current_tenant
from tenants.selectors import get_context

from .applying import work_on_import as work
from .services import read_import as read

QUEUE = "imports"


@job(queue=QUEUE, retry=Backoff(tries=5, first=2), lock="reading imports")
def read_import(*, tenant: str, import_id: int) -> None:
    """Read an uploaded file into rows."""
    read(import_id=import_id, guild_id=get_context(slug=current_tenant().slug).guild_id)


@job(queue=QUEUE, retry=Backoff(tries=20, first=2, longest=60), lock="imports")
def work_on_import(*, tenant: str, import_id: int) -> None:
    """Apply, cancel or undo: whatever the run's state asks for. One after another in a tenant."""
    work(import_id=import_id, context=current_tenant())
