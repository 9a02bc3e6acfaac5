"""Rewards in the shop and redemptions of them, made as directly as a test may."""

from __future__ import annotations

from typing import Any

from engagement.audit.actor import Actor
from engagement.rewards.models import Redemption, Reward
from engagement.rewards.redeeming import redeem_reward
from tenants.context import TenantContext, enter_tenant

TEAM = Actor(kind="system", id=0, name="the team")


def offer(context: TenantContext, name: str, price: int = 50, **facts: Any) -> int:
    """A reward of the kind “something else” that is on offer; `facts` are columns. Its id."""
    with enter_tenant(context):
        values = {"kind": "custom", "state": "active", "settings": {"instructions": "Write to us"}} | facts
        key = f"{name.lower().replace(' ', '-')[:20]}-{Reward.objects.count()}"
        return int(Reward.objects.create(key=key, name=name, price=price, **values).pk)


def redeemed(context: TenantContext, member_id: int, reward_id: int, key: str = "one") -> int:
    """The redemption's id."""
    with enter_tenant(context):
        row = redeem_reward(
            context=context, member_id=member_id, reward_id=reward_id, key=key, via="web", actor=TEAM
        )
        return int(row.pk)


def state_of(context: TenantContext, redemption_id: int) -> str:
    with enter_tenant(context):
        return str(Redemption.objects.values_list("state", flat=True).get(pk=redemption_id))
