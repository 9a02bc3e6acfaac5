"""Rewards for the tests of this folder, made as the pages make them."""

from __future__ import annotations

from itertools import count
from typing import Any

from engagement.audit.actor import Actor
from engagement.rewards.catalogue import create_reward, offer_reward
from engagement.rewards.models import Reward
from tenants.context import TenantContext

ADA = Actor("user", 1, "Ada", "owner", "web")
_numbers = count(1)


def make(context: TenantContext, kind: str = "custom", *, offered: bool = True, **facts: Any) -> Reward:
    """In the tenant in hand. On offer unless said otherwise."""
    settings = {"instructions": "Say hello."} if kind == "custom" else {}
    given = {"name": f"Reward {next(_numbers)}", "price": 100, "settings": settings, **facts}
    key = given.pop("key", "")
    reward = create_reward(context=context, kind=kind, facts=given, actor=ADA, key=key)
    return offer_reward(context=context, reward_id=reward.pk, actor=ADA) if offered else reward
