"""What tests of redemptions are made of: members with points, rewards, and the sums that must hold afterwards."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db.models import Count, Q

from engagement.audit.actor import SYSTEM, Actor
from engagement.ledger.models import LedgerBalance
from engagement.members.models import Member
from engagement.progression.services import adjust_points, ensure_member
from engagement.progression.verification import verify_ledger
from engagement.rewards.models import Redemption, Reward, RewardKind
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.states import HELD
from tenants.context import TenantContext

MODERATOR = Actor("user", 999_999, "Mo Moderator", role="moderator", via="web")
_numbers = count(1)


def make_member(context: TenantContext, points: int = 0, *, discord_id: int | None = None) -> Member:
    number = next(_numbers)
    external = discord_id or 700_000_000_000_000_000 + number
    member = ensure_member(provider="discord", external_id=str(external), display_name=f"Member {number}")
    if points:
        give(context, member, points)
    return member


def give(context: TenantContext, member: Member, points: int) -> None:
    adjust_points(
        member_id=member.pk,
        amount=points,
        reason="For the test.",
        actor=SYSTEM,
        idempotency_key=f"give-{next(_numbers)}",
        context=context,
    )


def make_reward(**facts: Any) -> Reward:
    number = next(_numbers)
    values: dict[str, Any] = {
        "kind": RewardKind.CUSTOM,
        "key": f"reward-{number}",
        "name": f"Reward {number}",
        "price": 100,
        "state": "active",
    }
    return Reward.objects.create(**values | facts)


def redeem(context: TenantContext, member: Member, reward: Reward, *, key: str = "") -> Redemption:
    return redeem_reward(
        context=context,
        member_id=member.pk,
        reward_id=reward.pk,
        key=key or f"key-{next(_numbers)}",
        via="web",
        actor=Actor("member", member.pk, member.display_name, role="member", via="web"),
    )


def balance_of(member: Member) -> tuple[int, int]:
    """(current, debt)"""
    row = LedgerBalance.objects.get(member_id=member.pk, currency=0)
    return row.current, row.debt


def assert_books_balance(context: TenantContext) -> None:
    """Every balance is the sum of its entries, and every reward holds what its redemptions say."""
    assert verify_ledger(context) == []
    held = Count("redemptions", filter=Q(redemptions__counted=True, redemptions__state__in=HELD))
    for reward in Reward.objects.annotate(held=held):
        assert reward.reserved == reward.held, f"{reward.key}: {reward.reserved} reserved, {reward.held} held"
