"""Two workers at one event, and processes that are killed: each event is worked off once, and none is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from billing.inbox import processing
from billing.inbox.jobs import process_event
from billing.inbox.processing import work_off
from billing.inbox.receiving import JOB
from billing.inbox.upkeep import sweep_unsettled
from billing.mirror import refresh_subscription
from billing.models import StripeEvent
from saas.core import clock
from saas.events.jobs import PUBLIC
from saas.events.queue import list_queued
from saas.events.retries import RetryLaterError
from tests.billing.inbox.material import make_event, sign, write
from tests.billing.inbox.scene import Paying, begin_paying, come_in
from tests.stripe import StripeServer

ROUNDS = [pytest.param(3, id="3"), pytest.param(100, id="100", marks=pytest.mark.faults)]


@pytest.fixture
def paying(committed_db: None, _endpoint: None, stripe_server: StripeServer) -> Paying:
    found = begin_paying(stripe_server)
    refresh_subscription(stripe_id=found.subscription_id)
    return found


def updated(paying: Paying, number: int = 1) -> dict[str, object]:
    thing = {"id": paying.subscription_id, "object": "subscription", "customer": paying.customer_id}
    return make_event(number, data={"object": thing})


# --- two workers ---


def race(paying: Paying, number: int) -> int:
    """Two workers take the same event; answers how many of them did the work."""
    event = come_in(updated(paying, number))
    together, done = threading.Barrier(2), []

    def work() -> None:
        try:
            together.wait(30)
            work_off(event_id=event.pk)
            done.append(True)
        except RetryLaterError:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work), pool.submit(work)]:
            future.result()
    event.refresh_from_db()
    assert event.state == "processed"
    return event.tries


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_workers_one_works_it_off(paying: Paying, rounds: int) -> None:
    assert [race(paying, number) for number in range(rounds)] == [1] * rounds


@pytest.mark.race
def test_without_the_claim_both_would(paying: Paying, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim off: who reads a waiting event takes it."""
    together = threading.Barrier(2)

    def take(event_id: int) -> StripeEvent:
        found = StripeEvent.objects.get(pk=event_id, state="received")
        together.wait(30)
        StripeEvent.objects.filter(pk=event_id).update(tries=processing.F("tries") + 1)
        return found

    monkeypatch.setattr(processing, "_claim", take)
    monkeypatch.setattr(processing, "_keep_claim", lambda event: None)
    assert race(paying, 1) == 2


# --- kill -9 ---


@pytest.fixture
def start(
    committed_db: None, _endpoint: None, stripe_server: StripeServer
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A process of its own with the settings' Stripe, or the one at `stripe_url`."""
    running: list[subprocess.Popen[str]] = []

    def run(code: str, *, stripe_url: str = stripe_server.url) -> subprocess.Popen[str]:
        environment = os.environ | {
            "STRIPE_SECRET_KEY": stripe_server.key,
            "STRIPE_WEBHOOK_SECRET": "whsec_the_one_in_use",
            "STRIPE_API_URL": stripe_url,
            "DJANGO_SETTINGS_MODULE": "saas.settings.dev",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what was waited for did not happen in time"
        time.sleep(0.05)


RECEIVE = """
import sys
from billing.inbox.receiving import receive_webhook
signature = sys.stdin.readline().strip()
body = sys.stdin.readline().strip().encode()
receive_webhook(body=body, content_type="application/json", signature=signature)
print("stored", flush=True)
sys.stdin.read()
"""
WORK = """
from billing.inbox.processing import work_off
work_off(event_id={event_id})
print("done", flush=True)
"""


def test_killed_after_storing_it_is_worked_off_by_another(
    paying: Paying, start: Callable[..., subprocess.Popen[str]]
) -> None:
    paying.cancel_there()
    web = start(RECEIVE)
    body = write(updated(paying))
    assert web.stdin is not None
    assert web.stdout is not None
    web.stdin.write(f"{sign(body)}\n{body.decode()}\n")
    web.stdin.flush()
    assert web.stdout.readline() == "stored\n"
    web.send_signal(signal.SIGKILL)
    assert web.wait(60) == -signal.SIGKILL
    event = StripeEvent.objects.get()
    assert (event.state, paying.knows) == ("received", False)
    (job,) = list_queued(state="todo", name=JOB)
    process_event(tenant=PUBLIC, **job.arguments)
    event.refresh_from_db()
    assert (event.state, paying.knows) == ("processed", True)


def test_killed_before_its_answer_nothing_half_is_stored(
    paying: Paying, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """The process dies between the row and the job: neither is there, Stripe was not answered and sends it again."""
    code = RECEIVE.replace(
        "signature = sys",
        "import os, billing.inbox.receiving as r\nr.defer_rows = lambda *a: os.kill(os.getpid(), 9)\nsignature = sys",
    )
    web = start(code)
    body = write(updated(paying))
    assert web.stdin is not None
    web.stdin.write(f"{sign(body)}\n{body.decode()}\n")
    web.stdin.flush()
    assert web.wait(60) == -signal.SIGKILL
    assert not StripeEvent.objects.exists()
    event = come_in(updated(paying))
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert event.state == "processed"


def test_a_worker_killed_in_the_middle_leaves_it_to_the_next(
    paying: Paying, start: Callable[..., subprocess.Popen[str]]
) -> None:
    paying.cancel_there()
    event = come_in(updated(paying))
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")  # its job was lost with the worker
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # A Stripe that takes the call and never answers holds the worker between its claim and its work.
        port = silent.getsockname()[1]
        worker = start(WORK.format(event_id=event.pk), stripe_url=f"http://127.0.0.1:{port}")
        silent.settimeout(60)
        held, _ = silent.accept()
        with held:
            worker.send_signal(signal.SIGKILL)
            worker.wait(60)
    event.refresh_from_db()
    assert (event.state, event.tries) == ("received", 1)
    assert event.claimed_until is not None
    with pytest.raises(RetryLaterError):
        work_off(event_id=event.pk)
    assert sweep_unsettled() == 0
    with clock.frozen_at(clock.now() + timedelta(minutes=3)):
        assert sweep_unsettled() == 1
        work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tries, paying.knows) == ("processed", 2, True)
