"""What a member is told of their own support: that it began, that a payment is late, that it ends because they left, that it ended.

Nobody else is told, and no channel either: who pays what is the member's own.
"""

from __future__ import annotations

from typing import Any

from engagement.progression.merged import find_owner
from engagement.supporters.models import GRACE, Supporter, SupportState

from .models import Notice
from .notices import tell_member


def tell_support_began(*, supporter_id: int, event_id: int) -> Notice | None:
    """Nothing for one that ended meanwhile. Idempotent on the event."""
    row = _find(supporter_id)
    return None if row is None or row.state == SupportState.ENDED else _tell(row, "support_began", event_id)


def tell_support_late(*, supporter_id: int, event_id: int) -> Notice | None:
    """Nothing once it is paid or over. Idempotent on the event."""
    row = _find(supporter_id)
    if row is None or row.state != SupportState.LATE or row.late_since is None:
        return None
    return _tell(row, "support_late", event_id, until=(row.late_since + GRACE).isoformat())


def tell_support_ending(*, supporter_id: int, why: str, event_id: int) -> Notice | None:
    """Whoever cancelled it knows; who left the server may not. Nothing once it was resumed or is over. Idempotent on the event."""
    row = _find(supporter_id)
    if why != "left" or row is None or row.state == SupportState.ENDED or row.cancel_at is None:
        return None
    return _tell(row, "support_ends", event_id, until=row.cancel_at.isoformat())


def tell_support_ended(*, supporter_id: int, event_id: int) -> Notice | None:
    """Idempotent on the event."""
    row = _find(supporter_id)
    return None if row is None or row.state != SupportState.ENDED else _tell(row, "support_ended", event_id)


def _find(supporter_id: int) -> Supporter | None:
    return Supporter.objects.select_related("tier").filter(pk=supporter_id).first()


def _tell(row: Supporter, kind: str, event_id: int, **more: Any) -> Notice | None:
    return tell_member(
        member_id=find_owner(row.member_id),
        kind=kind,
        facts={"tier": row.tier.name, **more},
        key=f"support:{row.pk}:{event_id}",
    )
