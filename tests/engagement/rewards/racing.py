"""A crowd that asks at the same moment, as the connections of a few web processes would let it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from engagement.ledger.models import POINTS, Cause, Counter
from engagement.ledger.moving import give_to_balance
from engagement.ledger.statements import ledger_unit
from engagement.progression.newcomers import Newcomer, create_members
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant

WIDTH = 32  # connections at once
_serial = iter(range(1, 10**9))


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
