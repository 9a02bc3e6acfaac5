"""A crowd that asks at the same moment, as the connections of a few web processes would let it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from engagement.audit.actor import Actor
from engagement.ledger.models import POINTS, Cause, Counter
from engagement.ledger.moving import give_to_balance
from engagement.ledger.statements import ledger_unit
from engagement.progression.newcomers import Newcomer, create_members
from engagement.rewards.models import Redemption, Reward
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.states import ENDED
from engagement.rewards.telling import tell_new_redemptions
from saas.core.errors import EngageHubError
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .spending import assert_books_balance

WIDTH = 32  # connections at once
_serial = iter(range(1, 10**9))
# (rounds, racers)
ROUNDS = [
    pytest.param(3, 40, id="3"),
    pytest.param(1, 200, id="200 racers"),
    pytest.param(100, 200, id="100", marks=[pytest.mark.faults, pytest.mark.timeout(1800)]),
]


def crowd(acts: Iterable[Callable[[], object]]) -> list[object]:
    """Runs them all, the first WIDTH beginning together, the others as one of those connections comes free; answers what each gave,
    or was refused with. Anything else fails."""
    waiting = list(acts)
    answers: list[object] = [None] * len(waiting)
    starting = threading.Barrier(min(WIDTH, len(waiting)))
    coming = iter(enumerate(waiting))  # hands each out once, whoever asks

    def connect() -> None:
        try:
            starting.wait(60)
            for number, act in coming:
                try:
                    answers[number] = act()
                except EngageHubError as error:
                    answers[number] = error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(starting.parties) as pool:
        running = [pool.submit(connect) for _ in range(starting.parties)]
    for one in running:
        one.result()
    return answers


def went_through(answers: Iterable[object]) -> list[object]:
    return [answer for answer in answers if not isinstance(answer, EngageHubError)]


def people(context: TenantContext, number: int, *, points: int) -> list[int]:
    """So many new members who can spend, quickly."""
    with enter_tenant(context), ledger_unit() as (run, schema):
        newcomers = [
            Newcomer("discord", str(600_000_000_000_000_000 + next(_serial)), "Racer", "", None, False, [])
            for _ in range(number)
        ]
        ids = create_members(run, schema, newcomers)
        for member_id in ids:
            if points:
                top_up(member_id, points)
    return list(ids)


def top_up(member_id: int, points: int) -> None:
    """Points to spend that count in no standing, as a refund's."""
    give_to_balance(
        member_id=member_id,
        currency=POINTS,
        amount=points,
        counter=Counter.SHOP,
        cause=Cause.REDEMPTION_REFUND,
        cause_id=10**12 + next(_serial),
    )


def asks(context: TenantContext, member_id: int, reward: Reward, key: str) -> Callable[[], object]:
    def ask() -> object:
        with enter_tenant(context):
            actor = Actor("member", member_id, "Racer", via="web")
            return redeem_reward(
                context=context, member_id=member_id, reward_id=reward.pk, key=key, via="web", actor=actor
            )

    return ask


def had(context: TenantContext, reward: Reward) -> int:
    """How many were given away."""
    with enter_tenant(context):
        return Redemption.objects.filter(reward=reward).exclude(state__in=ENDED).count()


def check_books(context: TenantContext) -> None:
    with enter_tenant(context):
        assert_books_balance(context)
        tell_new_redemptions(context.schema)
        # Of each redemption it was told once that it came into being.
        firsts = TenantEvent.objects.filter(type="RedemptionChanged", data__was="")
        assert sorted(row.data["redemption_id"] for row in firsts) == sorted(
            Redemption.objects.values_list("pk", flat=True)
        )
