"""Discord roles that come with a support, for who keeps roles as desired state (integrations.discord.roles).

Invariant: whose a role is, is written down before Discord is asked. Who had it before the support began keeps it, whatever ends; and
once one of ours is taken back it is forgotten, so that what the team gives later stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from saas.core import clock

from .disputing import is_charged_back
from .models import Supporter, SupportState

OURS: Final = "ours"
HAD: Final = "had"


@dataclass(frozen=True, slots=True)
class SupportRole:
    """`wanted`: the member is to have it now; `ours`: it may be taken away again, None where nobody looked yet."""

    role_id: int
    wanted: bool
    ours: bool | None


def list_support_roles(*, member_id: int, now: datetime | None = None) -> list[SupportRole]:
    """Roles that come with a member's support, and those that came with it and are still to be taken back. One query."""
    now = now or clock.now()
    found: list[SupportRole] = []
    rows = Supporter.objects.select_related("tier").annotate(charged_back=is_charged_back(now))
    for row in rows.filter(member_id=member_id).order_by("pk"):
        wanted = _wanted(row, now)
        if wanted and wanted not in row.roles:
            found.append(SupportRole(int(wanted), wanted=True, ours=None))
        found += [SupportRole(int(role), role == wanted, said == OURS) for role, said in row.roles.items()]
    return found


@transaction.atomic
def note_roles(*, member_id: int, held: Collection[int], now: datetime | None = None) -> None:
    """Write down of a role that is about to be given whether the member, who has `held` in Discord, had it before. Committed before
    Discord is asked: a crash then leaves no doubt whose the role is. Locks the member's supports. Idempotent."""
    now = now or clock.now()
    rows = _lock(member_id, now)
    ours = {role for row in rows for role, said in row.roles.items() if said == OURS}
    for row in rows:
        wanted = _wanted(row, now)
        if wanted and wanted not in row.roles:
            had = int(wanted) in held and wanted not in ours
            row.roles = {**row.roles, wanted: HAD if had else OURS}
            Supporter.objects.filter(pk=row.pk).update(roles=row.roles)


@transaction.atomic
def forget_roles(*, member_id: int, held: Collection[int], now: datetime | None = None) -> None:
    """Drop the notes of roles that are wanted no more and are not ours, or are gone: `held` is what the member has now.

    Locks the member's supports. Idempotent."""
    now = now or clock.now()
    for row in _lock(member_id, now):
        wanted = _wanted(row, now)
        kept = {
            role: said
            for role, said in row.roles.items()
            if role == wanted or (said == OURS and int(role) in held)
        }
        if kept != row.roles:
            Supporter.objects.filter(pk=row.pk).update(roles=kept)


def list_members_with_wrong_roles(*, limit: int = 300) -> list[int]:
    """Members who, as last seen, lack the role of their support or have one of ours that nothing wants any more; by id. One query."""
    now = clock.now()
    supports = Supporter.objects.select_related("tier", "member").annotate(charged_back=is_charged_back(now))
    rows = supports.filter(
        (~Q(state=SupportState.ENDED) & ~Q(tier__role_id="")) | ~Q(roles={}),
        member__departed_at=None,
        member__deleted_at=None,
    )
    found = {
        row.member_id for row in rows.order_by("member_id").iterator(chunk_size=500) if _is_wrong(row, now)
    }
    return sorted(found)[:limit]


def _is_wrong(row: Any, now: datetime) -> bool:
    held = {str(role) for role in row.member.role_ids}
    wanted = _wanted(row, now)
    if wanted and wanted not in held:
        return True
    return any(said == OURS and role in held and role != wanted for role, said in row.roles.items())


def _wanted(row: Any, now: datetime) -> str:
    """Of a support that was read with `charged_back`."""
    return str(row.tier.role_id) if row.runs(now) and not row.charged_back else ""


def _lock(member_id: int, now: datetime) -> list[Any]:
    rows = Supporter.objects.select_for_update(of=("self",)).select_related("tier")
    return list(rows.annotate(charged_back=is_charged_back(now)).filter(member_id=member_id).order_by("pk"))
