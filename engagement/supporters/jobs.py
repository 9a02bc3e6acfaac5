"""Points of paid periods that could not be given when they were paid."""

from __future__ import annotations

from typing import Any, Final

from saas.events.jobs import job
from tenants.context import current_tenant

from .mirroring import give_owed_points
from .selectors import list_owed_points

QUEUE: Final = "maintenance"


@job(queue=QUEUE, lock="owed points")
def give_owed(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersAdmitted and MemberRestored: who waited, or was away, gets what they paid for. Idempotent."""
    for payment_id in list_owed_points():
        give_owed_points(context=current_tenant(), payment_id=payment_id)
