"""Room for members: how many the plan tracks, who is tracked, who waits. Asked and decided under the ledger lock.

Tracked is who is here, no bot, and does not wait. Whoever is over the limit becomes a member who *waits*: stored with everything
they do, without points, level and rank, until there is room; then what they did is judged in the order of its arrival
(engagement.activity.admission). Who is tracked stays tracked, after a downgrade too, and when they leave and come back: that was
promised. Who waited longest comes first, so that nobody new is let past a queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson
from django.db.models import Q

from engagement.ledger.arrays import int_array
from engagement.ledger.statements import Run, in_schema
from engagement.members.errors import MemberWaitsError
from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import LIMITS, LimitReachedError, limit_of

from .models import HeldActivity

MEMBERS: Final = "members"
# As the index member_waiting says it, word for word.
WAITING: Final = "(waiting_since IS NOT NULL OR admission IS NOT NULL)"
IS_WAITING: Final = Q(waiting_since__isnull=False) | Q(admission__isnull=False)
_COUNT: Final = (
    "SELECT t.entitlements, t.entitlements_version, (SELECT count(*) FROM {s}.member WHERE NOT is_bot AND deleted_at IS NULL "
    "AND departed_at IS NULL AND waiting_since IS NULL), "
    f"EXISTS (SELECT 1 FROM {{s}}.member WHERE {WAITING} AND waiting_since IS NOT NULL AND deleted_at IS NULL) "
    "FROM public.tenant t WHERE t.id = %s"
)
_HOLD_BACK: Final = "UPDATE {s}.member SET waiting_since = now() WHERE id = ANY(%s::bigint[])"


@dataclass(frozen=True, slots=True)
class Room:
    """By the plan that is in force as the database has it now."""

    allowed: int
    tracked: int
    has_queue: bool

    @property
    def free(self) -> int:
        """How many more the plan tracks."""
        return max(0, self.allowed - self.tracked)

    @property
    def for_newcomers(self) -> int:
        """Those who wait come first."""
        return 0 if self.has_queue else self.free


_ENDLESS: Final = Room(UNLIMITED, 0, False)


def is_limited(context: TenantContext) -> bool:
    """Whether members are counted at all, by what this process knows of the plan. No query."""
    return limit_of(MEMBERS, context.entitlements, clock.now()) < UNLIMITED


def count_room(run: Run, schema: str, context: TenantContext, *, without: int = 0) -> Room:
    """One query; none where the plan has no limit. `without`: so many were made a moment ago and do not count yet."""
    if not is_limited(context):
        return _ENDLESS
    room = read_room(run, schema, context)
    return replace(room, tracked=room.tracked - without)


def read_room(run: Run, schema: str, context: TenantContext) -> Room:
    """As `count_room`, whatever this process knows. One query."""
    rows = run(in_schema(_COUNT, schema), (context.tenant_id,)).fetchall()
    if not rows:
        return _ENDLESS  # being dropped
    stored, version, tracked, has_queue = rows[0]
    entitlements = Entitlements.parse(_as_data(stored), version)
    return Room(limit_of(MEMBERS, entitlements, clock.now()), tracked, has_queue)


def require_member_room(run: Run, schema: str, context: TenantContext, *, more: int = 1) -> None:
    """Room for so many whom somebody of the team wants in. Raises LimitReachedError."""
    room = count_room(run, schema, context)
    if room.free < more:
        raise LimitReachedError(LIMITS[MEMBERS], room.allowed)


def hold_back(run: Run, schema: str, member_ids: Sequence[int]) -> None:
    """These newcomers wait. Their standing is the caller's to bring in line."""
    run(in_schema(_HOLD_BACK, schema), (int_array(member_ids),))


def refuse_waiting(*, waiting: bool, name: str) -> None:
    """Raises MemberWaitsError: somebody who waits has no points that could be changed."""
    if waiting:
        raise MemberWaitsError(name)


def take_over_held(run: Run, schema: str, *, kept: Member, gone: Member) -> None:
    """What a merged member did and nobody has judged is the other one's. Whoever of the two was tracked gives their place, so that
    the member who stays waits only where both did; what is held is then judged at once, late as it is."""
    moves = (
        "INSERT INTO {s}.held_activity (member_id, activity_id) SELECT %s, activity_id FROM {s}.held_activity WHERE member_id = %s "
        "ON CONFLICT DO NOTHING"
    )
    run(in_schema(moves, schema), (kept.pk, gone.pk))
    HeldActivity.objects.filter(member_id=gone.pk).delete()
    if gone.waiting_since is None:
        kept.waiting_since = None
    elif kept.waiting_since is not None:
        kept.waiting_since = min(kept.waiting_since, gone.waiting_since)
    if kept.waiting_since is None and kept.admission is None:
        held = HeldActivity.objects.filter(member_id=kept.pk).exists()
        kept.admission = {} if held else None
    kept.save(update_fields=["waiting_since", "admission"])
    Member.objects.filter(pk=gone.pk).update(waiting_since=None, admission=None)
    gone.waiting_since = gone.admission = None


def _as_data(stored: object) -> dict[str, object]:
    """JSON as this connection gives it: taken apart, or as text."""
    if isinstance(stored, str | bytes):
        return dict(orjson.loads(stored))
    return dict(stored) if isinstance(stored, dict) else {}
