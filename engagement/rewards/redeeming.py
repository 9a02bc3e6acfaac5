"""A member turns points into a reward.

Invariants: the redemption, its points and its stock exist together or not at all; a key makes one redemption, however often it
comes; what is refused changed nothing. The hot path is short: reads without locks, then the redemption, the balance (which is also
what lets one member redeem one thing at a time), and last the reward, whose row is held for that statement and the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.ledger.models import POINTS, Cause, Counter
from engagement.ledger.moving import take_from_balance
from engagement.members.errors import MemberDeletedError, MemberNotFoundError, MemberWaitsError
from saas.core import clock
from saas.core.crypto import seal
from saas.events import publish
from tenants.context import TenantContext

from .member_limits import refuse_over_limit
from .models import Redemption, Reward, RewardState, Sponsor
from .redemption_errors import (
    InvalidRedemptionError,
    MemberCannotRedeemError,
    RedemptionKeyReusedError,
    RewardNotFoundError,
    RewardNotOfferedError,
    SoldOutError,
    SponsorSpentError,
)
from .redemption_events import RedemptionChanged, RewardRanLow
from .states import APPROVED, ENDED, REQUESTED, history_line, needs_team

DOORS: Final = ("web", "rest", "bot")
MAX_KEY: Final = 120
SEAL: Final = "redemption address"
_INSERT: Final = (
    "INSERT INTO redemption (key, member_id, reward_id, sponsor_id, reward_name, kind, price, counted, state, via, requested_at, "
    "decided_at, decided_by, address, history) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (key) DO NOTHING RETURNING id"
)
_RESERVE: Final = (
    "UPDATE reward SET reserved = reserved + 1 WHERE id = %s AND state = 'active' AND stock > reserved "
    "RETURNING stock - reserved, low_stock"
)
_MEMBER: Final = (
    "SELECT m.display_name, m.is_bot, m.deleted_at IS NOT NULL, m.departed_at IS NOT NULL, m.waiting_since IS NOT NULL "
    "FROM member m WHERE m.id = %s"
)


def redeem_reward(
    *,
    context: TenantContext,
    member_id: int,
    reward_id: int,
    key: str,
    via: str,
    actor: Actor,
    address: Mapping[str, str] | None = None,
) -> Redemption:
    """Take the price and one of the stock, and make the redemption: approved at once, or waiting for the team. One transaction.

    Locks the member's balance, then the sponsor where it has a budget, then the reward where it has a stock. Idempotent on `key`:
    asked again, it answers what was made then. Publishes RedemptionChanged, and RewardRanLow where that many were left. Raises
    InvalidRedemptionError, RewardNotFoundError, RewardNotOfferedError, SoldOutError, RedemptionLimitError, NotEligibleError,
    SponsorSpentError, MemberCannotRedeemError, MemberNotFoundError, MemberDeletedError, MemberWaitsError, NotEnoughError,
    RedemptionKeyReusedError; whether the actor may redeem for this member is asked at the door.
    """
    key = _check_key(key)
    if via not in DOORS:
        raise ValueError(f"Nobody redeems via {via!r}.")
    with transaction.atomic():
        made = _find_made(key, member_id, reward_id)
        if made is not None:
            return made
        now = clock.now()
        reward = _get_offered(reward_id, now)
        _check_member(member_id)
        redemption = _build(reward, member_id, key, via, actor, now, address)
        if not _insert(redemption):
            return _get_made(key, member_id, reward_id)
        take_from_balance(
            member_id=member_id,
            currency=POINTS,
            amount=reward.price,
            counter=Counter.SHOP,
            cause=Cause.REDEMPTION,
            cause_id=redemption.pk,
        )
        # From here on no other redemption of this member goes on.
        refuse_over_limit(reward, member_id, context=context, without=redemption.pk)
        _refuse_spent_sponsor(reward, redemption.pk, now)
        publish(RedemptionChanged(redemption.pk, member_id, reward_id, redemption.state, ""))
        if redemption.counted:
            _reserve(reward)
    return redemption


def _check_key(key: str) -> str:
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidRedemptionError(
            f"The key of a redemption has 1 to {MAX_KEY} printable characters. Send another one.", field="key"
        )
    return key


def _find_made(key: str, member_id: int, reward_id: int) -> Redemption | None:
    made = Redemption.objects.filter(key=key).first()
    if made is not None and (made.member_id, made.reward_id) != (member_id, reward_id):
        raise RedemptionKeyReusedError
    return made


def _get_made(key: str, member_id: int, reward_id: int) -> Redemption:
    """Of the same request, which came twice at once and was quicker the other time."""
    made = _find_made(key, member_id, reward_id)
    assert made is not None
    return made


def _get_offered(reward_id: int, now: datetime) -> Reward:
    reward = Reward.objects.filter(pk=reward_id).first() if 0 < reward_id < 2**63 else None
    if reward is None or reward.state == RewardState.DRAFT:
        raise RewardNotFoundError
    if reward.state != RewardState.ACTIVE:
        raise RewardNotOfferedError(f"“{reward.name}” is not on offer at the moment. Choose something else.")
    if reward.starts_at is not None and now < reward.starts_at:
        raise RewardNotOfferedError(f"“{reward.name}” is not on offer yet. Come back when it begins.")
    if reward.ends_at is not None and now >= reward.ends_at:
        raise RewardNotOfferedError(f"“{reward.name}” is no longer on offer. Choose something else.")
    if reward.stock is not None and reward.stock <= reward.reserved:
        raise SoldOutError(reward.name)
    return reward


def _check_member(member_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MEMBER, [member_id])
        row = cursor.fetchone()
    if row is None:
        raise MemberNotFoundError("There is no such member in this community.")
    name, is_bot, is_deleted, has_left, waits = row
    if is_deleted:
        raise MemberDeletedError(f"{name} was deleted, so they can't redeem anything. Restore them first.")
    if is_bot:
        raise MemberCannotRedeemError(f"{name} is a bot, and rewards are for people.")
    if has_left:
        raise MemberCannotRedeemError(
            f"{name} has left the community. Rewards can be redeemed again after coming back."
        )
    if waits:
        raise MemberWaitsError(name)


def _build(
    reward: Reward,
    member_id: int,
    key: str,
    via: str,
    actor: Actor,
    now: datetime,
    address: Mapping[str, str] | None,
) -> Redemption:
    waits = needs_team(reward)
    moment = now.isoformat()
    history = [history_line(REQUESTED, at=moment, by=actor.name)]
    if not waits:
        history.append(history_line(APPROVED, at=moment, by=""))
    return Redemption(
        key=key,
        member_id=member_id,
        reward=reward,
        sponsor_id=reward.sponsor_id,
        reward_name=reward.name,
        kind=reward.kind,
        price=reward.price,
        counted=reward.stock is not None,
        state=REQUESTED if waits else APPROVED,
        via=via,
        requested_at=now,
        decided_at=None if waits else now,
        decided_by="",
        reason="",
        tracking="",
        reminded=0,
        outcome={},
        address=seal(orjson.dumps(dict(address)).decode(), purpose=SEAL) if address else "",
        history=history,
    )


def _insert(row: Redemption) -> bool:
    """Whether the row is new; else its key was taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                row.key, row.member_id, row.reward_id, row.sponsor_id, row.reward_name, row.kind, row.price, row.counted,
                row.state, row.via, row.requested_at, row.decided_at, row.decided_by, row.address,
                orjson.dumps(row.history).decode(),
            ],
        )  # fmt: skip
        made = cursor.fetchone()
    if made is None:
        return False
    row.pk, row._state.adding, row._state.db = made[0], False, "default"
    return True


def _refuse_spent_sponsor(reward: Reward, redemption_id: int, now: datetime) -> None:
    """Raises SponsorSpentError. The sponsor's row is locked where it has a budget, so that two don't take its last."""
    if reward.sponsor_id is None:
        return
    sponsors = Sponsor.objects.filter(pk=reward.sponsor_id)
    sponsor = sponsors.get()
    if sponsor.budget is not None:
        sponsor = sponsors.select_for_update(no_key=True).get()
    too_early = sponsor.starts_at is not None and now < sponsor.starts_at
    too_late = sponsor.ends_at is not None and now >= sponsor.ends_at
    if too_early or too_late or sponsor.archived_at is not None:
        raise SponsorSpentError(
            f"“{reward.name}” is paid for by {sponsor.name}, who does not give it at the moment. Choose something else."
        )
    if sponsor.budget is not None:
        paid = Redemption.objects.filter(sponsor_id=sponsor.pk).exclude(state__in=ENDED)
        if paid.exclude(pk=redemption_id).count() >= sponsor.budget:
            raise SponsorSpentError(
                f"“{reward.name}” is paid for by {sponsor.name}, who has given all there was. Choose something else."
            )


def _reserve(reward: Reward) -> None:
    """One of the stock. Raises SoldOutError, RewardNotOfferedError where it was taken out of the shop a moment ago."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [reward.pk])
        row = cursor.fetchone()
    if row is None:
        _get_offered(reward.pk, clock.now())
        raise SoldOutError(reward.name)
    left, low = row
    if left == 0 or left == low:
        publish(RewardRanLow(reward.pk, reward.name, left))
