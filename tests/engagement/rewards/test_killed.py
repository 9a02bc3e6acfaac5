"""`kill -9` of the web process right after the commit, and of the worker before and after its own: what was approved is given once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F

from engagement.ledger.models import LedgerEntry
from engagement.notifications.models import Notice
from engagement.rewards.code_seals import digest_code, seal_code
from engagement.rewards.models import Redemption, Reward, RewardCode
from saas.events.jobs import get_job
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import read_jobs

from .racing import people
from .spending import assert_books_balance, make_reward

# Loads the product once; each line makes it a child that redeems, works and dies, whose exit status it answers.
NURSERY = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from engagement.audit.actor import Actor
from engagement.rewards import fulfilling, jobs, redeeming, telling
from tenants.context import enter_tenant
from tenants.selectors import get_context
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
def after(real):
    def call(*args, **named):
        real(*args, **named)
        die()
    return call
def live(where, member, reward, seconds):
    context = get_context(slug="acme")
    if where == "web":
        redeeming.ask_to_tell = die
    with enter_tenant(context):
        redeeming.redeem_reward(
            context=context, member_id=member, reward_id=reward, key=f"k{member}", via="web",
            actor=Actor("member", member, "Ada", via="web"),
        )
    if where == "before the worker's commit":
        fulfilling.mark_delivered = die
    elif where == "after the worker's commit":
        jobs.fulfil_redemption = after(jobs.fulfil_redemption)
    elif where == "anywhere":
        signal.signal(signal.SIGALRM, die)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    call_command("run_worker", until_empty=True, queues="rewards,maintenance", concurrency=1)
for line in sys.stdin:
    where, member, reward, seconds = line.rstrip().split("|")
    child = os.fork()
    if child == 0:
        live(where, int(member), int(reward), float(seconds))
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Kill = Callable[..., int]
PLACES = ("web", "before the worker's commit", "after the worker's commit")


@pytest.fixture
def reward(committed_db: None, acme: TenantContext) -> Iterator[Reward]:
    with enter_tenant(acme):
        made = make_reward(kind="code", stock=3)
        for code in ("AAA", "BBB", "CCC"):
            RewardCode.objects.create(reward=made, sealed=seal_code(code), digest=digest_code(code))
        yield made


@pytest.fixture
def kill() -> Iterator[Kill]:
    """`kill(where, member_id, reward)` in a process of its own; answers how that ended."""
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None

        def one(where: str, member_id: int, reward: Reward, seconds: float = 0) -> int:
            connections.close_all()
            print(where, member_id, reward.pk, seconds, sep="|", file=nursery.stdin, flush=True)
            while not (said := nursery.stdout.readline()).strip().lstrip("-").isdigit():  # type: ignore[union-attr]
                assert said, "the nursery itself died"  # what the worker logs stands between
            return int(said)

        yield one
        nursery.stdin.close()


def recover() -> None:
    """Ten minutes later: the sweeps look, and every job that is not done runs again, as after the heartbeat of a dead worker."""
    late = timedelta(minutes=20)
    Redemption.objects.update(requested_at=F("requested_at") - late, decided_at=F("decided_at") - late)
    get_job("engagement.rewards.sweep_redemptions")(tenant="public")
    get_job("engagement.rewards.sweep_fulfilment")(tenant="public")
    done: set[int] = set()
    while jobs := [job for job in read_jobs() if job["status"] != "succeeded" and job["id"] not in done]:
        for job in jobs:
            done.add(job["id"])
            if job["task_name"].startswith(("engagement.rewards.", "engagement.notifications.tell_red")):
                get_job(job["task_name"])(**job["args"])


def assert_given_once(context: TenantContext, reward: Reward, member_id: int) -> None:
    redemption = Redemption.objects.get(member_id=member_id)
    assert redemption.state == "delivered"
    assert [line["state"] for line in redemption.history].count("fulfilled") == 1
    assert RewardCode.objects.filter(redemption=redemption).count() == 1
    assert LedgerEntry.objects.filter(member_id=member_id, amount=-100).count() == 1
    assert Notice.objects.filter(member_id=member_id, kind="code_ready").count() == 1
    given = RewardCode.objects.exclude(redemption=None).count()
    reward.refresh_from_db()
    assert (reward.stock, reward.reserved) == (3 - given, 0)
    assert_books_balance(context)


@pytest.mark.parametrize("where", PLACES)
def test_what_was_approved_is_given_once(acme: TenantContext, reward: Reward, kill: Kill, where: str) -> None:
    (member_id,) = people(acme, 1, points=100)
    assert kill(where, member_id, reward) == -signal.SIGKILL
    with enter_tenant(acme):
        row = Redemption.objects.get()
        assert row.state == ("delivered" if where.startswith("after") else "approved")
        recover()
        assert_given_once(acme, reward, member_id)
        recover()
        assert_given_once(acme, reward, member_id)


@pytest.mark.faults
def test_killed_anywhere_a_hundred_times(acme: TenantContext, reward: Reward, kill: Kill) -> None:
    draw = random.Random(5)
    with enter_tenant(acme):
        Reward.objects.update(stock=103)
        for number in range(100):
            code = f"CODE-{number}"
            RewardCode.objects.create(reward=reward, sealed=seal_code(code), digest=digest_code(code))
    for _ in range(100):
        (member_id,) = people(acme, 1, points=100)
        kill("anywhere", member_id, reward, draw.uniform(0.01, 1.5))
        with enter_tenant(acme):
            recover()
            redemption = Redemption.objects.get(member_id=member_id)
            assert redemption.state == "delivered"
            assert RewardCode.objects.filter(redemption=redemption).count() == 1
            assert Notice.objects.filter(member_id=member_id).count() == 1
    with enter_tenant(acme):
        assert_books_balance(acme)
