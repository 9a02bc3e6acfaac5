"""Two who ask at the same moment, and what a lock that is off looks like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
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
            barrier.wait(10)
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
        thread.join(30)
    if failed:
        raise failed[0]
    return refused


@contextmanager
def row_locks_off(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """SELECT … FOR UPDATE asks without locking."""
    with patch.context() as inner:
        inner.setattr(QuerySet, "select_for_update", lambda self, *_a, **_k: self.all())
        yield


def meet(barrier: threading.Barrier, patience: float = 5) -> Callable[..., None]:
    """To be called between counting and writing. Whoever is alone there goes on after `patience` seconds: where a lock keeps the
    other away that is soon, without the lock it is longer than a thread of a busy machine comes late."""

    def wait(*_args: object, **_given: object) -> None:
        try:
            barrier.wait(patience)
        except threading.BrokenBarrierError:
            barrier.reset()

    return wait
