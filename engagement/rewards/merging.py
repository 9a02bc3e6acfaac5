"""Redemptions and places in queues of a member who was merged into another one."""

from __future__ import annotations

from django.db import transaction

from .models import DropPlace, Redemption


@transaction.atomic
def move_redemptions(*, member_id: int, merged_id: int) -> int:
    """The redemptions of `merged_id` are `member_id`'s from now on; so are places in queues where they have none of their own, the
    other ones are left. Idempotent. Answers how many redemptions there were."""
    own = DropPlace.objects.filter(member_id=member_id).values("reward_id")
    DropPlace.objects.filter(member_id=merged_id).exclude(reward_id__in=own).update(member_id=member_id)
    return Redemption.objects.filter(member_id=merged_id).update(member_id=member_id)
