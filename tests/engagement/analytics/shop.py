"""A shop written by hand: rewards, sponsors, and what was seen and redeemed of them."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any

from engagement.rewards.models import Redemption, Reward, RewardDay

_keys = count(1)


def reward(name: str, price: int = 100, *, created_at: datetime | None = None, **more: Any) -> Reward:
    made = Reward.objects.create(
        kind=more.pop("kind", "custom"),
        key=f"r{next(_keys)}",
        name=name,
        price=price,
        state=more.pop("state", "active"),
        **more,
    )
    if created_at is not None:
        Reward.objects.filter(pk=made.pk).update(created_at=created_at)
    return made


def redeemed(item: Reward, member_id: int, at: datetime, state: str = "delivered", **more: Any) -> Redemption:
    return Redemption.objects.create(
        key=f"k{next(_keys)}",
        member_id=member_id,
        reward=item,
        sponsor_id=more.pop("sponsor_id", item.sponsor_id),
        reward_name=item.name,
        kind=item.kind,
        price=more.pop("price", item.price),
        counted=item.stock is not None,
        state=state,
        via="web",
        requested_at=at,
        **more,
    )


def shown(item: Reward, day: date, seen: int, opened: int) -> None:
    RewardDay.objects.create(reward=item, day=day, seen=seen, opened=opened)
