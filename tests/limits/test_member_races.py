"""Members are counted under the ledger lock, whoever makes one; and a downgrade while members earn loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connections

from engagement.activity.admission import admit_slice, admit_waiting
from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.ledger import statements
from engagement.members.models import Member
from engagement.progression import people, room
from engagement.progression.people import MemberFacts, register_member
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, message
from tests.plans import put_on_plan

from .people import count_held, count_tracked, describe_everybody, let_in, waiting_users
from .racing import ROUNDS, at_once, meet


@pytest.fixture(autouse=True)
def _rules(committed_db: None, acme: TenantContext, globex: TenantContext) -> None:
    from engagement.kinds import seed_community

    for context in (acme, globex):
        with enter_tenant(context):
            seed_community(context)


def register(context: TenantContext, key: str) -> None:
    with enter_tenant(context):
        register_member(facts=MemberFacts(key), request_key=key, actor=SYSTEM, context=context)


def race(context: TenantContext, number: int) -> int:
    """Two register the last member that fits, beside ingest that meets a newcomer; answers how many are tracked."""
    with enter_tenant(context):
        Member.objects.update(deleted_at="2026-01-01T00:00:00Z", waiting_since=None)
    at_once(
        lambda: register(context, f"one {number}"),
        lambda: register(context, f"two {number}"),
        lambda: book(context, [message(10_000 + number)]),
    )
    return count_tracked(context)


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_three_who_would_be_the_last_member_one_is_tracked(acme: TenantContext, rounds: int) -> None:
    context = put_on_plan(acme, members=1)
    assert [race(context, number) for number in range(rounds)] == [1] * rounds


@pytest.mark.race
def test_without_the_lock_both_would_be_registered(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = put_on_plan(acme, members=1)
    counted, together = people.require_member_room, meet(threading.Barrier(2))

    def count_and_wait(*args: object, **given: object) -> None:
        counted(*args, **given)  # type: ignore[arg-type]
        together()

    monkeypatch.setattr(people, "require_member_room", count_and_wait)
    monkeypatch.setattr(statements, "ledger_lock_sql", lambda _schema: "SELECT 1")
    seen = []
    for number in range(5):
        with enter_tenant(context):
            Member.objects.update(deleted_at="2026-01-01T00:00:00Z")
        at_once(
            lambda number=number: register(context, f"one {number}"),  # type: ignore[misc]
            lambda number=number: register(context, f"two {number}"),  # type: ignore[misc]
        )
        seen.append(count_tracked(context))
    assert max(seen) > 1


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_who_let_in_take_turns(acme: TenantContext, rounds: int) -> None:
    for number in range(rounds):
        low = put_on_plan(acme, members=0)
        book(low, [message(1_000 * number + user) for user in range(8)])
        context = put_on_plan(acme)
        at_once(lambda: admit_waiting(context=context), lambda: admit_waiting(context=context))  # noqa: B023
        assert (waiting_users(acme), count_held(acme)) == ([], 0)
    describe_everybody(acme)


def stream(guild: int, rounds: int) -> Iterator[list[object]]:
    for number in range(rounds):
        yield [
            message(user, at=NOON + number * 2 * MINUTE, number=number * 100 + user, guild=guild)
            for user in range(1, 3 + number % 9)
        ]


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_downgrade_while_members_earn_loses_nothing(
    acme: TenantContext, globex: TenantContext, rounds: int
) -> None:
    """One earns all along; the other goes up and down and lets in meanwhile, while ingest knows an older plan now and then."""
    size = min(12 * rounds, 200)
    for batch in stream(globex.guild_id or 0, size):
        book(globex, batch)  # type: ignore[arg-type]
    contexts = [put_on_plan(acme, members=2)]
    done = threading.Event()

    def earn() -> None:
        memory = TenantMemory()
        for number, batch in enumerate(stream(acme.guild_id or 0, size)):
            book(contexts[-1 - (number % 2) * (len(contexts) > 1)], batch, memory)  # type: ignore[arg-type]
        done.set()

    def change() -> None:
        number = 0
        while not done.is_set():
            number += 1
            contexts.append(put_on_plan(acme, members=(number * 3) % 11))
            admit_slice(context=replace(contexts[-1]), at_most=5)

    assert at_once(earn, change) == []
    let_in(put_on_plan(acme))

    assert describe_everybody(acme) == describe_everybody(globex)
    connections.close_all()


DYING = """
import os, signal, sys
import django
django.setup()
from engagement.activity import admission
from tenants.selectors import get_context
real, calls = admission.admit_slice, []
def dying(**given):
    given["at_most"] = 3
    done = real(**given)
    calls.append(done)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
admission.admit_slice = dying
admission.admit_waiting(context=get_context(slug="acme"))
"""


def test_a_worker_killed_between_slices_leaves_each_activity_judged_once(
    acme: TenantContext, globex: TenantContext
) -> None:
    for batch in stream(globex.guild_id or 0, 6):
        book(globex, batch)  # type: ignore[arg-type]
    low = put_on_plan(acme, members=0)
    for batch in stream(acme.guild_id or 0, 6):
        book(low, batch)  # type: ignore[arg-type]
    context = put_on_plan(acme)
    before = count_held(acme)

    for _ in range(3):
        ended = subprocess.run([sys.executable, "-c", DYING], check=False, env=dict(os.environ), timeout=60)
        assert ended.returncode == -signal.SIGKILL
    assert 0 < count_held(acme) < before
    let_in(context)

    assert describe_everybody(acme) == describe_everybody(globex)
    assert room.is_limited(context) is False
