"""Rewards on offer over the plan's limit are frozen: out of the shop and not to be redeemed. The oldest stay.

Which ones is derived from the plan in force at the moment, never stored: an upgrade thaws exactly what was frozen, and an organiser
chooses by pausing others. Nothing is deleted, and what was redeemed before goes its way. Drafts, paused and archived ones count nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from django.db.models import QuerySet

from saas.core import clock
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED
from tenants.gatekeeping import entitlements_now
from tenants.gates import is_open, limit_of, require_room

from .errors import RewardFrozenError
from .models import Reward, RewardState

REWARDS: Final = "rewards"
NONE_FROZEN: Final = 2**62


def rewards_allowed(context: TenantContext) -> int:
    """How many rewards the plan in force lets be on offer now. No query."""
    return limit_of(REWARDS, context.entitlements, clock.now())


def first_frozen_id(context: TenantContext) -> int:
    """Active rewards with this id and above are frozen. One query; none where the plan has no limit."""
    return _first_frozen(rewards_allowed(context))


def list_frozen_ids(rewards: Iterable[Reward], allowed: int) -> frozenset[int]:
    """Which of a community's rewards are frozen: those on offer beyond the oldest `allowed`."""
    active = sorted(reward.pk for reward in rewards if reward.state == RewardState.ACTIVE)
    return frozenset(active[allowed:])


def names_sponsors(context: TenantContext) -> bool:
    """Whether rewards name all of their sponsors: the plan's gate `sponsors`. Without it only those with an agreed end. No query."""
    return is_open("sponsors", context.entitlements, clock.now())


# --- in the transaction of whoever writes ---


def require_room_for_reward(context: TenantContext) -> None:
    """One more on offer, by the plan as the database has it now. The caller holds the catalogue's lock. Raises LimitReachedError."""
    require_room(REWARDS, entitlements_now(context), clock.now(), used=_active().count())


class Named(Protocol):
    name: str
    state: str

    @property
    def pk(self) -> int: ...


def refuse_frozen(reward: Named, context: TenantContext) -> None:
    """For whoever redeems. One query or two; none where nothing is sold. Raises RewardFrozenError."""
    allowed = limit_of(REWARDS, entitlements_now(context), clock.now())
    if reward.state == RewardState.ACTIVE and reward.pk >= _first_frozen(allowed):
        raise RewardFrozenError(reward.name, allowed)


def _first_frozen(allowed: int) -> int:
    if allowed >= UNLIMITED:
        return NONE_FROZEN
    found = _active().order_by("pk").values_list("pk", flat=True)[allowed : allowed + 1]
    return next(iter(found), NONE_FROZEN)


def _active() -> QuerySet[Reward]:
    return Reward.objects.filter(state=RewardState.ACTIVE)
