"""A raffle: its tickets are redemptions, and at an hour that everybody knows its winners are drawn so that everybody can check it.

Invariants: the digest of the seed is published before the first ticket; one draw a raffle; nobody wins twice, however many tickets they
have; every ticket ends with its result. What is not decided at the draw is given back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from engagement.audit.actor import SYSTEM
from saas.core import clock
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows

from .deciding import expire_redemption, mark_delivered
from .drawing import closes_at, commit_seed, open_seed, order_by_lot, published
from .errors import RewardNotFoundError
from .fulfilling import fulfil_redemption
from .models import Redemption, Reward, RewardKind
from .redemption_events import RaffleDrawn
from .states import APPROVED, FULFILLED, REQUESTED

DRAW: Final = "engagement.rewards.draw_raffle"
# Tickets are sold until `draws_at`; one that was being sold at that moment is committed by then.
GRACE: Final = timedelta(minutes=1)


def draw_raffle(*, reward_id: int) -> bool:
    """Draw the winners where it is time, then give every ticket its result; answers whether all is done. Idempotent: a run that was cut
    off is taken up where it stopped.

    Locks the reward, then ticket by ticket. Publishes RaffleDrawn, and RedemptionChanged for each ticket. Raises RewardNotFoundError.
    """
    if not _choose(reward_id):
        return False
    _settle(reward_id)
    return True


def ask_to_draw(schema: str, reward: Reward) -> None:
    """One job at its hour, in the caller's transaction; the digest is published now."""
    commit_seed(reward.pk)
    closes = closes_at(reward.settings)
    if closes is None or "seed" in reward.draw:
        return
    row = JobRow(
        DRAW,
        schema,
        {"reward_id": reward.pk},
        run_at=closes + GRACE,
        queueing_lock=f"draw {reward.pk} {closes}",
    )
    with connection.cursor() as cursor:
        defer_rows(cursor, [row])


@transaction.atomic
def _choose(reward_id: int) -> bool:
    reward = (
        Reward.objects.select_for_update(no_key=True).filter(pk=reward_id, kind=RewardKind.RAFFLE).first()
    )
    if reward is None:
        raise RewardNotFoundError
    closes, now = closes_at(reward.settings), clock.now()
    if "seed" in reward.draw:
        return True
    if closes is None or now < closes + GRACE:
        return False
    if not reward.draw:
        commit_seed(reward.pk)
        reward.refresh_from_db(fields=["draw"])
    seed = open_seed(reward.draw)
    tickets = dict(
        Redemption.objects.filter(reward=reward, state__in=(APPROVED, FULFILLED)).values_list(
            "pk", "member_id"
        )
    )
    winners = pick_winners(seed, tickets, int(reward.settings.get("winners", 1)))
    reward.draw = published(reward.draw, seed=seed, at=now, entries=len(tickets), winners=winners)
    Reward.objects.filter(pk=reward.pk).update(draw=reward.draw)
    publish(RaffleDrawn(reward.pk, reward.name, seed, len(tickets), winners))
    return True


def pick_winners(seed: str, tickets: dict[int, int], number: int) -> list[int]:
    """Pure: of the tickets (redemption → member) in the order of their lots, the first of each member, until there are so many."""
    won: dict[int, int] = {}
    for redemption_id in order_by_lot(seed, tickets):
        if len(won) == number:
            break
        won.setdefault(tickets[redemption_id], redemption_id)
    return list(won.values())


def _settle(reward_id: int) -> None:
    """A transaction a ticket, so that a raffle of thousands holds nothing for long."""
    reward = Reward.objects.get(pk=reward_id)
    winners = {redemption_id: place for place, redemption_id in enumerate(reward.draw["winners"], start=1)}
    drawn_at = datetime.fromisoformat(reward.draw["drawn_at"])
    open_ones = Redemption.objects.filter(
        reward_id=reward_id, state__in=(REQUESTED, APPROVED, FULFILLED), requested_at__lt=drawn_at
    )
    for redemption_id, state in open_ones.order_by("pk").values_list("pk", "state"):
        if state == REQUESTED:
            expire_redemption(redemption_id=redemption_id, reason="The draw came before the team decided.")
            continue
        if state == APPROVED:
            fulfil_redemption(redemption_id=redemption_id)
        result = {"won": redemption_id in winners, "place": winners.get(redemption_id, 0)}
        with transaction.atomic():
            if Redemption.objects.filter(pk=redemption_id, state=FULFILLED).exists():
                mark_delivered(redemption_id=redemption_id, actor=SYSTEM, outcome=result)
