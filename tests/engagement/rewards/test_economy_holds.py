"""Many writers do everything that moves points, stock and credits, in random order, some of them dying between two steps.

Afterwards sums equal balances, nothing spendable is below zero, debt stands where it is owed, no stock is below zero or sold twice, and
every redemption went a legal way of which each step was told once.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.db.models import Q, Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engagement.audit.actor import SYSTEM, Actor
from engagement.credits.models import CreditMove, CreditType
from engagement.credits.moving import grant_credits, revoke_credits, spend_credits, undo_move
from engagement.ledger import prepared
from engagement.ledger.models import Cause, LedgerBalance, LedgerEntry
from engagement.points.models import Adjustment
from engagement.progression.awarding import award_points, take_award_back
from engagement.progression.services import adjust_points, undo_adjustment
from engagement.rewards import redeem_statements
from engagement.rewards.deciding import (
    approve_redemption,
    cancel_redemption,
    expire_redemption,
    mark_delivered,
    reject_redemption,
)
from engagement.rewards.fulfilling import fulfil_redemption, undo_fulfilment
from engagement.rewards.models import Redemption, Reward
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.states import ENDED, GIVEN, MOVES, REQUESTED
from engagement.rewards.telling import tell_new_redemptions
from saas.core.errors import EngageHubError
from saas.events.models import TenantEvent
from saas.events.retries import RetryLaterError
from tenants.context import TenantContext, enter_tenant

from .racing import people
from .spending import MODERATOR, assert_books_balance, make_reward

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]
STOCK = 5
ACTS = (
    "award", "unaward", "adjust", "unadjust", "redeem", "redeem", "redeem", "redeem", "approve", "reject", "cancel", "fulfil",
    "deliver", "expire", "grant", "revoke", "spend", "undo credits",
)  # fmt: skip
_numbers = iter(range(1, 10**9))


class CrashError(Exception):
    """The process is gone: its connection broke in the middle."""


@dataclass
class Shop:
    """What one example moves: few members and few pieces, so that writers meet."""

    context: TenantContext
    members: list[int]
    rewards: list[int]
    currency: int
    awards: list[int] = field(default_factory=list)

    def act(self, name: str, dice: random.Random) -> None:
        """Once. What is asked for and not possible is refused, which is fine."""
        getattr(self, "_" + name.replace(" ", "_"))(dice)

    def _award(self, dice: random.Random) -> None:
        cause_id = next(_numbers)
        award_points(
            member_id=dice.choice(self.members), amount=dice.randint(1, 300), cause=Cause.SUBMISSION, cause_id=cause_id,
            context=self.context,
        )  # fmt: skip
        self.awards.append(cause_id)

    def _unaward(self, dice: random.Random) -> None:
        if self.awards:
            cause_id = dice.choice(self.awards)
            take_award_back(
                member_id=0, cause=Cause.SUBMISSION, undo=Cause.SUBMISSION_UNDO, cause_id=cause_id, context=self.context
            )  # fmt: skip

    def _adjust(self, dice: random.Random) -> None:
        adjust_points(
            member_id=dice.choice(self.members), amount=dice.choice([-400, -50, 60, 500]), reason="Test", actor=SYSTEM,
            idempotency_key=f"p-{next(_numbers)}", context=self.context,
        )  # fmt: skip

    def _unadjust(self, dice: random.Random) -> None:
        found = list(Adjustment.objects.filter(member_id__in=self.members).values_list("pk", flat=True))
        if found:
            undo_adjustment(
                adjustment_id=dice.choice(found), actor=SYSTEM, idempotency_key=f"u-{next(_numbers)}",
                context=self.context,
            )  # fmt: skip

    def _redeem(self, dice: random.Random) -> None:
        member_id = dice.choice(self.members)
        redeem_reward(
            context=self.context, member_id=member_id, reward_id=dice.choice(self.rewards), key=f"r-{next(_numbers)}",
            via="web", actor=Actor("member", member_id, "M", via="web"),
        )  # fmt: skip

    def _redemption(self, dice: random.Random) -> int:
        found = list(Redemption.objects.filter(reward_id__in=self.rewards).values_list("pk", flat=True))
        return dice.choice(found) if found else 0

    def _approve(self, dice: random.Random) -> None:
        approve_redemption(context=self.context, redemption_id=self._redemption(dice), actor=MODERATOR)

    def _reject(self, dice: random.Random) -> None:
        reject_redemption(
            context=self.context, redemption_id=self._redemption(dice), actor=MODERATOR, reason="No"
        )

    def _cancel(self, dice: random.Random) -> None:
        redemption_id = self._redemption(dice)
        cancel_redemption(context=self.context, redemption_id=redemption_id, actor=MODERATOR)
        undo_fulfilment(redemption_id=redemption_id)

    def _fulfil(self, dice: random.Random) -> None:
        fulfil_redemption(redemption_id=self._redemption(dice))

    def _deliver(self, dice: random.Random) -> None:
        mark_delivered(redemption_id=self._redemption(dice), actor=SYSTEM)

    def _expire(self, dice: random.Random) -> None:
        expire_redemption(redemption_id=self._redemption(dice), reason="Late")

    def _credits(self, dice: random.Random) -> dict[str, Any]:
        return {
            "context": self.context, "member_id": dice.choice(self.members), "type_key": "ai", "reason": "Test",
            "amount": dice.randint(1, 50), "actor": SYSTEM, "key": f"c-{next(_numbers)}",
        }  # fmt: skip

    def _grant(self, dice: random.Random) -> None:
        grant_credits(**self._credits(dice))

    def _revoke(self, dice: random.Random) -> None:
        revoke_credits(**self._credits(dice), force=dice.random() < 0.5)

    def _spend(self, dice: random.Random) -> None:
        spend_credits(**self._credits(dice))

    def _undo_credits(self, dice: random.Random) -> None:
        found = list(CreditMove.objects.filter(member_id__in=self.members).values_list("pk", flat=True))
        if found:
            undo_move(
                context=self.context, move_id=dice.choice(found), actor=SYSTEM, force=dice.random() < 0.5
            )


def open_shop(context: TenantContext) -> Shop:
    members = people(context, 3, points=400)
    with enter_tenant(context):
        currency, _ = CreditType.objects.get_or_create(key="ai", defaults={"name": "AI", "unit": "credits"})
        credits = {"kind": "credits", "settings": {"type_id": currency.pk, "amount": 20}}
        rewards = [
            make_reward(price=70, stock=STOCK, approval="moderator"),
            make_reward(price=40, stock=STOCK, kind="partner", settings={"url": "https://example.com"}),
            make_reward(price=90, stock=STOCK, limit_count=2, limit_period="day", **credits),
            make_reward(price=30, kind="code", settings={"source": "generated"}),
        ]
    return Shop(context, members, [one.pk for one in rewards], currency.pk)


def run(shop: Shop, acts: list[tuple[str, int, int]], writers: int, crash: Callable[[int], Any]) -> int:
    """Each act by whichever writer is free; answers how many of them died. `acts`: name, seed, dies before its n-th statement or 0.
    A writer keeps its connection, as a web process does, until it dies."""

    def work(act: tuple[str, int, int]) -> bool:
        name, seed, dies_at = act
        try:
            with enter_tenant(shop.context):
                if dies_at:
                    with crash(dies_at):
                        shop.act(name, random.Random(seed))
                else:
                    shop.act(name, random.Random(seed))
        except (EngageHubError, RetryLaterError):
            return False
        except (CrashError, DatabaseError):
            if not dies_at:
                raise  # a deadlock, or a constraint that nobody foresaw
            return True
        finally:
            # Who dies while asking for a job after the commit is not heard of by the act, which is done.
            if dies_at:
                connections.close_all()
        return False

    coming = iter(acts)  # hands each out once, whoever asks

    def write() -> int:
        try:
            return sum(work(act) for act in coming)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(write) for _ in range(writers)]
    return sum(one.result() for one in running)


class dying:
    """The connection breaks before the n-th statement of this thread."""

    def __init__(self, statement: int) -> None:
        self.left = statement

    def __enter__(self) -> None:
        connection.ensure_connection()
        self.wrapping = connection.execute_wrapper(self._execute)
        self.wrapping.__enter__()
        _dying.value = self

    def __exit__(self, *_why: Any) -> None:
        _dying.value = None
        self.wrapping.__exit__(None, None, None)

    def _execute(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.count()
        return execute(sql, params, many, context)

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            connection.connection.close()
            raise CrashError


class _Dying(threading.local):
    value: dying | None = None


_dying = _Dying()


@pytest.fixture(autouse=True)
def _prepared_statements_die_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = prepared.ask

    def counted(*given: Any, **named: Any) -> Any:
        if _dying.value is not None:
            _dying.value.count()
        return ask(*given, **named)

    monkeypatch.setattr(redeem_statements, "ask", counted)


def check(shop: Shop) -> None:
    with enter_tenant(shop.context):
        tell_new_redemptions(shop.context.schema)
        assert_books_balance(shop.context)
        balances = LedgerBalance.objects.filter(member_id__in=shop.members)
        assert not balances.filter(Q(current__lt=0) | Q(debt__lt=0) | Q(current__gt=0, debt__gt=0)).exists()
        for reward in Reward.objects.filter(pk__in=shop.rewards):
            gone = Redemption.objects.filter(reward=reward, counted=True, state__in=GIVEN).count()
            if reward.stock is not None:
                assert 0 <= reward.reserved <= reward.stock
                assert reward.stock + gone == STOCK, f"{reward.kind}: {reward.stock} left, {gone} gone"
        for redemption in Redemption.objects.filter(reward_id__in=shop.rewards):
            _check_redemption(redemption)


def _check_redemption(redemption: Redemption) -> None:
    entries = LedgerEntry.objects.filter(
        currency=0, cause_kind__in=(Cause.REDEMPTION, Cause.REDEMPTION_REFUND), cause_id=redemption.pk
    )
    paid = entries.aggregate(sum=Sum("amount"))["sum"]
    assert paid == (0 if redemption.state in ENDED else -redemption.price)
    assert redemption.counted is False or redemption.state not in ENDED
    states = [line["state"] for line in redemption.history]
    assert states[0] == REQUESTED
    assert states[-1] == redemption.state
    assert all(to in MOVES[was] for was, to in pairwise(states))
    news = TenantEvent.objects.filter(type="RedemptionChanged", data__redemption_id=redemption.pk).order_by(
        "id"
    )
    steps = [(row.data["was"], row.data["state"]) for row in news]
    assert steps[0][0] == ""
    assert [to for _was, to in steps] == states[-len(steps) :]
    assert all(to in MOVES[was] for was, to in steps[1:])


act = st.tuples(st.sampled_from(ACTS), st.integers(0, 2**32), st.sampled_from([0, 0, 0, 1, 2, 3, 4, 6, 9]))
# What threads did cannot be done again, so nothing is made smaller.
_ONCE = (Phase.generate,)
_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=_CHECKS,
    database=None,
    derandomize=True,
    phases=_ONCE,
)
@given(acts=st.lists(act, min_size=40, max_size=60))
def test_the_economy_holds(acme: TenantContext, acts: list[tuple[str, int, int]]) -> None:
    shop = open_shop(acme)
    run(shop, acts, writers=8, crash=dying)
    check(shop)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@settings(max_examples=60, deadline=None, suppress_health_check=_CHECKS, database=None, phases=_ONCE)
@given(acts=st.lists(act, min_size=200, max_size=400))
def test_the_economy_holds_with_32_writers(acme: TenantContext, acts: list[tuple[str, int, int]]) -> None:
    shop = open_shop(acme)
    run(shop, acts, writers=32, crash=dying)
    check(shop)


def test_writers_do_meet_succeed_and_die(acme: TenantContext) -> None:
    """The control: with such acts things do happen, in every state, and some writers die."""
    dice = random.Random(7)
    acts = [
        (dice.choice(ACTS), dice.randrange(2**32), dice.choice([0, 0, 0, 1, 2, 3, 4, 6, 9]))
        for _ in range(220)
    ]
    shop = open_shop(acme)

    died = run(shop, acts, writers=16, crash=dying)

    check(shop)
    with enter_tenant(acme):
        states = set(Redemption.objects.values_list("state", flat=True))
        assert died > 5
        assert len(states) >= 3
        assert states & set(ENDED)
        assert LedgerEntry.objects.filter(cause_kind=Cause.REDEMPTION_REFUND, cause_id__lt=10**9).exists()
