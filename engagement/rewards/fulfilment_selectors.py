"""Reads of what is still to be given, and of what was given for a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from saas.core import clock

from .fulfilling import BY_HAND
from .models import Redemption, RedemptionState, RewardKind
from .states import APPROVED, GIVEN

STUCK_AFTER: Final = timedelta(minutes=10)
_ENDED_FOR: Final = timedelta(days=90)  # so long a role that could not be taken back is tried again


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role that a redemption gives or gave. `wanted`: the member is to have it now; `ours`: it may be taken away again."""

    redemption_id: int
    role_id: int
    wanted: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for the team: decisions, things to do by hand, parcels to send, addresses that members owe, and what is stuck."""

    undecided: int
    by_hand: int
    unshipped: int
    without_address: int
    stuck: int


def list_role_grants(*, member_id: int, now: datetime | None = None) -> list[RoleGrant]:
    """Of one member, past ones included: a role of theirs that no redemption wants any more is taken back. One query."""
    now = now or clock.now()
    rows = Redemption.objects.filter(
        member_id=member_id, kind=RewardKind.ROLE, outcome__has_key="role_id"
    ).order_by("pk")
    return [
        RoleGrant(
            row.pk,
            int(row.outcome["role_id"]),
            row.state in (APPROVED, *GIVEN) and (row.ends_at is None or row.ends_at > now),
            "had" not in row.outcome,
        )
        for row in rows
    ]


def list_members_with_grants(*, after_id: int = 0, limit: int = 5_000) -> dict[int, list[int]]:
    """Members who are to have roles from redemptions now → those roles; by member id, from the one after `after_id` on. One query."""
    running = Q(ends_at=None) | Q(ends_at__gt=clock.now())
    rows = (
        Redemption.objects.filter(running, kind=RewardKind.ROLE, state__in=GIVEN, member_id__gt=after_id)
        .order_by("member_id")
        .values_list("member_id", "outcome__role_id")
    )
    found: dict[int, list[int]] = {}
    for member_id, role_id in rows[:limit]:
        if role_id:
            found.setdefault(member_id, []).append(int(role_id))
    return found


def list_ended_roles(*, limit: int = 500) -> list[Redemption]:
    """Roles whose time is over and that are not gone yet. By index."""
    now = clock.now()
    rows = Redemption.objects.filter(ends_at__gt=now - _ENDED_FOR, ends_at__lte=now, kind=RewardKind.ROLE)
    return list(rows.exclude(outcome__has_key="ended").order_by("ends_at")[:limit])


def list_waiting_roles(*, limit: int = 500) -> list[Redemption]:
    """Approved, and not given yet."""
    return list(Redemption.objects.filter(state=APPROVED, kind=RewardKind.ROLE).order_by("pk")[:limit])


def list_unfinished(*, limit: int = 500) -> list[int]:
    """Approved ones that ought to have been given by now, or that are to be tried again; not those that wait for people."""
    now = clock.now()
    rows = Redemption.objects.filter(state=APPROVED).exclude(kind__in=BY_HAND)
    forgotten = Q(due_at=None, decided_at__lt=now - STUCK_AFTER) | Q(
        due_at=None, decided_at=None, requested_at__lt=now - STUCK_AFTER
    )
    return list(
        rows.filter(forgotten | Q(due_at__lte=now)).order_by("pk").values_list("pk", flat=True)[:limit]
    )


def has_fulfilment_work() -> bool:
    """Whether anything of this community is to be looked at: two reads by index."""
    now = clock.now()
    if Redemption.objects.filter(state__in=(RedemptionState.APPROVED, RedemptionState.REQUESTED)).exists():
        return True
    ended = Redemption.objects.filter(ends_at__gt=now - _ENDED_FOR, ends_at__lte=now)
    return ended.exclude(outcome__has_key="ended").exists() or Redemption.objects.exclude(address="").exists()


def get_attention() -> Attention:
    """What waits for the team, counted. One query."""
    shipped = Q(kind=RewardKind.MERCHANDISE, state=APPROVED)
    counted = Redemption.objects.filter(state__in=(RedemptionState.REQUESTED, APPROVED)).aggregate(
        undecided=Count("pk", filter=Q(state=RedemptionState.REQUESTED)),
        by_hand=Count("pk", filter=Q(kind=RewardKind.CUSTOM, state=APPROVED)),
        unshipped=Count("pk", filter=shipped & ~Q(address="")),
        without_address=Count("pk", filter=shipped & Q(address="")),
        stuck=Count("pk", filter=Q(state=APPROVED, outcome__has_key="waits")),
    )
    return Attention(**counted)


def list_redemptions_by_id(ids: Iterable[int]) -> dict[int, Redemption]:
    """One query."""
    return Redemption.objects.in_bulk(list(ids))
