"""Two who ask at the same moment, and what a lock that is off looks like."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.db.models import QuerySet

from saas.core.errors import EngageHubError

ROUNDS = [pytest.param(3, id="3"), pytest.param(100, id="100", marks=pytest.mark.faults)]


def at_once(*acts: Callable[[], object]) -> list[EngageHubError]:
    """All of them in threads that begin together; answers what they were refused with. Anything else fails the test."""
    barrier = threading.Barrier(len(acts))
    refused: list[EngageHubError] = []
    failed: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(30)
            act()
        except EngageHubError as error:
            refused.append(error)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]
    return refused


@contextmanager
def row_locks_off(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """SELECT … FOR UPDATE asks without locking."""
    with patch.context() as inner:
        inner.setattr(QuerySet, "select_for_update", lambda self, *_a, **_k: self.all())
        yield


def wait_until(holds: Callable[[], bool], patience: float = 30) -> None:
    """Or as long as it takes to see that it will not come to it: what the test asserts tells."""
    deadline = time.monotonic() + patience
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)


def holds_up_another() -> bool:
    """Whether somebody waits for a lock that this thread's connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def anybody_is_held_up() -> bool:
    """The same of whoever holds it: for those who do not work on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_locks where not granted)")
        return bool(cursor.fetchone()[0])


def meet(barrier: threading.Barrier, patience: float = 20) -> Callable[..., None]:
    """To be called between counting and writing: nobody goes on before all of the barrier's parties have counted. Only whoever keeps
    another away by a lock that they hold goes on alone, and the other, once it comes, has nobody left to wait for.

    So a race takes no longer than its parties take, whatever the machine does. Where locks are on, one for each round: whom it
    refuses does not come.
    """
    coming = threading.Lock()
    came, gone_on = 0, -1  # how many so far, and of which round somebody went on

    def wait(*_args: object, **_given: object) -> None:
        nonlocal came, gone_on
        with coming:
            number, came = came // barrier.parties, came + 1

        def is_over() -> bool:
            return came >= (number + 1) * barrier.parties or gone_on >= number or holds_up_another()

        wait_until(is_over, patience)
        with coming:
            gone_on = max(gone_on, number)

    return wait
