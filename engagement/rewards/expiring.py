"""What does not wait for ever: requests that nobody decided, parcels without an address, what somebody who is gone left; and the draws
and queues whose job was lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from engagement.audit.actor import SYSTEM
from engagement.members.models import Member
from saas.core import clock

from .deciding import expire_redemption, return_of_member
from .drawing import closes_at
from .models import DropPlace, Redemption, Reward, RewardKind, RewardState
from .raffles import GRACE
from .states import APPROVED, DELIVERED, ENDED, EXPIRED, HELD, REQUESTED

UNDECIDED: Final = timedelta(days=14)
NO_ADDRESS: Final = timedelta(days=30)
_AT_ONCE: Final = 500


def expire_due() -> int:
    """Give back what is overdue, each in a transaction of its own; answers how many. A few hundred at a time, the oldest first; the
    next run goes on. Idempotent."""
    now, ended = clock.now(), 0
    for found, reason in (
        (_undecided(now), f"The team did not decide within {UNDECIDED.days} days."),
        (_without_address(now), f"There was no address within {NO_ADDRESS.days} days."),
    ):
        for redemption_id in found.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]:
            ended += expire_redemption(redemption_id=redemption_id, reason=reason).state == EXPIRED
    for member_id in _of_gone().values_list("member_id", flat=True).distinct()[:_AT_ONCE]:
        # Redeemed in the very moment in which the member was deleted.
        ended += len(return_of_member(member_id=member_id, actor=SYSTEM))
    return ended


def has_overdue() -> bool:
    now = clock.now()
    return _undecided(now).exists() or _without_address(now).exists() or _of_gone().exists()


def list_due_raffles() -> list[int]:
    """Raffles whose hour is past and that are not drawn, or not to their end. One query."""
    now = clock.now()
    raffles = Reward.objects.filter(kind=RewardKind.RAFFLE).exclude(state=RewardState.DRAFT)
    undrawn = [
        reward.pk
        for reward in raffles.exclude(draw__has_key="seed").exclude(settings={})
        if (closes := closes_at(reward.settings)) is not None and closes + GRACE <= now
    ]
    unsettled = Redemption.objects.filter(
        reward__in=raffles.filter(draw__has_key="seed"), kind=RewardKind.RAFFLE
    ).exclude(state__in=(DELIVERED, *ENDED))
    return sorted({*undrawn, *unsettled.values_list("reward_id", flat=True)})


def list_due_drops() -> list[int]:
    """Drops that began and are not drawn, or where an offer lapsed. Two queries."""
    now = clock.now()
    drops = Reward.objects.filter(is_drop=True, state=RewardState.ACTIVE, starts_at__lte=now)
    lapsed = DropPlace.objects.filter(
        reward__in=drops, redemption=None, left_at=None, offered_until__lte=now
    ).values_list("reward_id", flat=True)
    return sorted({*drops.exclude(draw__has_key="seed").values_list("pk", flat=True), *lapsed})


def _undecided(now: datetime) -> QuerySet[Redemption]:
    return Redemption.objects.filter(state=REQUESTED, requested_at__lt=now - UNDECIDED)


def _without_address(now: datetime) -> QuerySet[Redemption]:
    return Redemption.objects.filter(
        state=APPROVED, kind=RewardKind.MERCHANDISE, address="", decided_at__lt=now - NO_ADDRESS
    )


def _of_gone() -> QuerySet[Redemption]:
    gone = Member.objects.filter(deleted_at__isnull=False, merged_into_id=None)
    return Redemption.objects.filter(state__in=HELD, member_id__in=gone.values("pk"))
