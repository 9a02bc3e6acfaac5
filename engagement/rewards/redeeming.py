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
from django.db import IntegrityError, connection, transaction

from engagement.audit.actor import Actor
from engagement.ledger.models import POINTS
from engagement.ledger.moving import NOT_BELOW_ZERO, get_spendable
from engagement.members.errors import MemberDeletedError, MemberNotFoundError
from engagement.members.models import MemberFigure
from saas.core import clock
from saas.core.crypto import seal
from saas.events import publish
from tenants.context import TenantContext

from .drawing import closes_at, commit_seed
from .drops import has_place, take_place
from .eligibility import MemberFacts, Refusal, check_points, check_supply, find_refusal
from .errors import RewardFrozenError, RewardNotFoundError, RewardRefusedError
from .freezing import names_sponsors, refuse_frozen
from .member_limits import refuse_over_limit
from .models import Redemption, RewardKind, RewardState, Sponsor
from .redeem_statements import AskedMember, AskedReward, read_facts, reserve_one, write_redemption
from .redemption_errors import (
    InvalidRedemptionError,
    RedemptionKeyReusedError,
    check_can_redeem,
)
from .redemption_events import RedemptionChanged, RewardRanLow
from .sponsors import count_sponsored, is_sponsoring
from .states import APPROVED, REQUESTED, history_line, needs_team
from .telling import ask_to_tell

DOORS: Final = ("web", "rest", "bot")
MAX_KEY: Final = 120
SEAL: Final = "redemption address"
RESERVES_WHAT_IT_HAS: Final = "reward_reserves_what_it_has"
_NOBODY: Final = "There is no such member in this community."


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

    Locks the sponsor where it has a budget, the member's balance, then the reward where it has a stock. Idempotent on `key`:
    asked again, it answers what was made then. Publishes RedemptionChanged: in a transaction of the caller's there, else moments later by
    a job (telling); and RewardRanLow where that many were left. Raises RewardRefusedError,
    RewardNotFoundError, RewardFrozenError, InvalidRedemptionError, MemberCannotRedeemError, MemberNotFoundError, MemberDeletedError,
    MemberWaitsError, RedemptionKeyReusedError; whether the actor may redeem for this member is asked at the door.
    """
    key = _check_key(key)
    if via not in DOORS:
        raise ValueError(f"Nobody redeems via {via!r}.")
    if not 0 < member_id < 2**63:
        raise MemberNotFoundError(_NOBODY)
    if not 0 < reward_id < 2**63:
        raise RewardNotFoundError
    now = clock.now()
    member, reward, made = read_facts(context.schema, key=key, member_id=member_id, reward_id=reward_id)
    if made is not None:
        return _get_made(key, member_id, reward_id)
    if reward.id is None or reward.state == RewardState.DRAFT:
        raise RewardNotFoundError
    _check_member(member)
    facts = _facts_of(member, reward, context)
    _refuse(find_refusal(reward, facts, now))
    _refuse_frozen(reward, member_id, context)
    if reward.kind == RewardKind.RAFFLE:
        _check_raffle(reward, now)
    redemption = _build(reward, member_id, key, via, actor, now, address)
    try:
        _write(redemption, reward, facts, context)
    except IntegrityError as error:
        return _explain(error, redemption, reward)
    redemption._state.adding, redemption._state.db = False, "default"
    return redemption


def _write(redemption: Redemption, reward: AskedReward, facts: MemberFacts, context: TenantContext) -> None:
    """All of it in one statement, which is a transaction of its own, where nothing has to be counted under a lock."""
    schema, counted = context.schema, redemption.counted
    redemption.told = connection.in_atomic_block
    needs_lock = reward.limit_count is not None or reward.sponsor_id is not None or reward.is_drop
    if not needs_lock and not redemption.told:
        written = write_redemption(schema, redemption, reserve=counted)
        redemption.pk = written.id
    else:
        with transaction.atomic():
            redemption.sponsor_id = _credit_sponsor(reward, context, redemption.requested_at)
            written = write_redemption(schema, redemption, reserve=counted and not needs_lock)
            redemption.pk = written.id
            if needs_lock:
                # The balance is locked, so no other redemption of this member goes on.
                refuse_over_limit(reward, reward.pk, facts, redemption.requested_at, without=written.id)
                if counted:
                    written = reserve_one(schema, written.id, reward.pk)
                if reward.is_drop:
                    take_place(
                        reward_id=reward.pk,
                        reward_name=reward.name,
                        member_id=redemption.member_id,
                        redemption_id=written.id,
                        now=redemption.requested_at,
                    )
            if redemption.told:
                publish(
                    RedemptionChanged(
                        written.id, redemption.member_id, redemption.reward_id, redemption.state, ""
                    )
                )
    if not redemption.told:
        ask_to_tell(schema)
    if written.left is not None and written.left in (0, written.low):
        with transaction.atomic():  # after the commit: what a crash loses is a hint
            publish(RewardRanLow(redemption.reward_id, reward.name, written.left))


def _explain(error: IntegrityError, redemption: Redemption, reward: AskedReward) -> Redemption:
    """Why a constraint refused it; or what the same request made, which was quicker the other time. Raises RewardRefusedError."""
    why = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if why == NOT_BELOW_ZERO:
        has = get_spendable(member_id=redemption.member_id, currency=POINTS)
        _refuse(check_points(reward, MemberFacts(redemption.member_id, points=has)))
    if why == RESERVES_WHAT_IT_HAS:
        reward.reserved = reward.stock or 0
        _refuse(check_supply(reward))
    if not Redemption.objects.filter(key=redemption.key).exists():
        raise error
    return _get_made(redemption.key, redemption.member_id, redemption.reward_id)


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RewardRefusedError(refusal)


def _facts_of(member: AskedMember, reward: AskedReward, context: TenantContext) -> MemberFacts:
    """Roles and figures only where the reward asks for them. `taken` is counted later, under the lock."""
    asks, figures = reward.eligibility, {}
    if asks.get("figures"):
        figures = dict(MemberFigure.objects.filter(member_id=member.id or 0).values_list("name", "value"))
    return MemberFacts(
        member_id=member.id or 0,
        level=member.level or 0,
        role_ids=frozenset(str(one) for one in orjson.loads(member.role_ids)) if asks else frozenset(),
        joined_at=member.joined_at,
        type_id=member.type_id,
        figures=figures,
        points=member.points or 0,
        timezone=context.timezone,
        first_weekday=context.first_weekday,
    )


def _check_key(key: str) -> str:
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidRedemptionError(
            f"The key of a redemption has 1 to {MAX_KEY} printable characters. Send another one.", field="key"
        )
    return key


def _get_made(key: str, member_id: int, reward_id: int) -> Redemption:
    made = Redemption.objects.get(key=key)
    if (made.member_id, made.reward_id) != (member_id, reward_id):
        raise RedemptionKeyReusedError
    return made


def _check_member(member: AskedMember) -> None:
    if member.id is None:
        raise MemberNotFoundError(_NOBODY)
    if member.is_deleted:
        raise MemberDeletedError(
            f"{member.name} was deleted, so they can't redeem anything. Restore them first."
        )
    check_can_redeem(member.name, is_bot=member.is_bot, left=member.has_left, waits=member.waits)


def _refuse_frozen(reward: AskedReward, member_id: int, context: TenantContext) -> None:
    """A drop that froze while members queued is theirs all the same."""
    try:
        refuse_frozen(reward, context)
    except RewardFrozenError:
        if not reward.is_drop or not has_place(reward_id=reward.pk, member_id=member_id):
            raise


def _check_raffle(reward: AskedReward, now: datetime) -> None:
    """Tickets are sold until the draw, and none before the digest of its seed is published."""
    closes = closes_at({"draws_at": reward.draws_at})
    if reward.is_drawn or (closes is not None and now >= closes):
        _refuse(Refusal("offer_over", f"The tickets of “{reward.name}” are sold no longer: it is drawn."))
    if not reward.is_committed:
        commit_seed(reward.pk)


def _build(
    reward: AskedReward,
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
        reward_id=reward.pk,
        sponsor_id=None,
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


def _credit_sponsor(reward: AskedReward, context: TenantContext, now: datetime) -> int | None:
    """Who pays for this one: the reward's sponsor, while it is named (is_sponsoring). Its row is locked where it has a budget, before
    everything else, so that two don't take its last."""
    if reward.sponsor_id is None:
        return None
    sponsor = Sponsor.objects.get(pk=reward.sponsor_id)
    used = 0
    if sponsor.budget is not None:
        sponsor = Sponsor.objects.select_for_update(no_key=True).get(pk=reward.sponsor_id)
        used = count_sponsored([sponsor.pk]).get(sponsor.pk, 0)
    return sponsor.pk if is_sponsoring(sponsor, used, now, in_plan=names_sponsors(context)) else None
