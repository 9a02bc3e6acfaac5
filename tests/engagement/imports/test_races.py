"""Two at one run at once, and an import beside live ingest. Each race proves with its lock off that it could see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from engagement.activity.memory import TenantMemory
from engagement.imports import applying
from engagement.imports.applying import work_on_import, work_one_step
from engagement.imports.models import ImportRun
from engagement.imports.services import apply_import, cancel_import, undo_import
from engagement.ledger import statements
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.ledger.statements import Result, Run
from engagement.members.models import Identity
from engagement.progression import writes
from engagement.progression.verification import verify_ledger
from saas.core.errors import ConflictError
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, message
from tests.engagement.imports.bringing import (
    ACTOR,
    FIRST,
    applied_run,
    mee6_file,
    member_of,
    read_run,
)
from tests.engagement.progression.test_bulk import picture
from tests.limits.racing import ROUNDS, meet

pytestmark = pytest.mark.usefixtures("rules")
XP = {user: user * 100 for user in range(1, 13)}
rounds = pytest.mark.parametrize("rounds", ROUNDS)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "STEP", 3)


@contextmanager
def lockless_unit() -> Iterator[tuple[Run, str]]:
    """A ledger_unit without its lock."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with transaction.atomic(), connection.cursor() as cursor:

        def run(sql: str, parameters: Any) -> Result:
            cursor.execute(sql, parameters)
            return cursor

        yield run, schema


def at_once(context: TenantContext, *acts: Callable[[], object]) -> list[BaseException]:
    """Run the acts in threads of their own that begin together; what they raised."""
    barrier, raised = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            with enter_tenant(context):
                barrier.wait(30)
                act()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def people_of(number: int) -> dict[int, int]:
    """Who is brought in that round, each round others, with XP as in the first."""
    return {100 * number + user: xp for user, xp in XP.items()}


def lifetimes() -> dict[int, int]:
    found = dict(LedgerBalance.objects.values_list("member_id", "lifetime"))
    return {
        int(external) - FIRST: found[member]
        for external, member in Identity.objects.values_list("external_id", "member_id")
    }


def apply_and_work(context: TenantContext, run: ImportRun) -> Callable[[], object]:
    def act() -> None:
        apply_import(import_id=run.pk, actor=ACTOR, context=context)
        work_on_import(import_id=run.pk, context=context)

    return act


@rounds
def test_one_run_applied_twice_at_once_is_booked_once(acme: TenantContext, rounds: int) -> None:
    brought: dict[int, int] = {}
    for number in range(rounds):
        brought |= people_of(number)
        with enter_tenant(acme):
            run = read_run(mee6_file(people_of(number)), existing="add")

        raised = at_once(acme, apply_and_work(acme, run), apply_and_work(acme, run))

        with enter_tenant(acme):
            assert raised == []
            assert lifetimes() == brought
            assert verify_ledger(acme) == []


@pytest.mark.parametrize("locked", [True, False])
def test_without_the_lock_applying_twice_goes_wrong(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """Two steps of three rows each. Without the lock both have read how far the run is before either writes, and book the same."""
    with enter_tenant(acme):
        run = read_run(mee6_file(XP), existing="add")
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_one_step(import_id=run.pk, context=acme)  # the curve
    if not locked:
        monkeypatch.setattr(applying, "ledger_unit", lockless_unit)
    together, real = meet(threading.Barrier(2)), applying._worth

    def wait_for_the_other(*arguments: Any) -> Any:
        together()
        return real(*arguments)

    monkeypatch.setattr(applying, "_worth", wait_for_the_other)

    raised = at_once(acme, *[lambda: work_one_step(import_id=run.pk, context=acme)] * 2)

    with enter_tenant(acme):
        run.refresh_from_db()
        wrong = len(raised) + len(verify_ledger(acme)) + (run.done != 6)
        assert (wrong == 0) is locked


@rounds
def test_cancelled_while_it_is_applied_all_is_taken_back_or_all_stands(
    acme: TenantContext, rounds: int
) -> None:
    for number in range(rounds):
        cancel_while_applied(acme, people_of(number))


def cancel_while_applied(acme: TenantContext, brought: dict[int, int]) -> None:
    known = sorted(brought)[:2]
    book(acme, [message(FIRST + user, type="thread") for user in known])
    with enter_tenant(acme):
        before = picture()
        run = read_run(mee6_file(brought))
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)

    raised = at_once(
        acme,
        lambda: work_on_import(import_id=run.pk, context=acme),
        lambda: cancel_import(import_id=run.pk, actor=ACTOR, context=acme),
    )

    with enter_tenant(acme):
        work_on_import(import_id=run.pk, context=acme)
        run.refresh_from_db()
        assert verify_ledger(acme) == []
        if run.state == "cancelled":
            assert raised == []
            assert picture() == before
        else:
            assert run.state == "applied"
            assert [type(error).__name__ for error in raised] == ["ImportStateError"]


def test_without_the_lock_cancelling_is_lost(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that has read the old state writes after the one who cancels, who is not heard."""
    with enter_tenant(acme):
        run = read_run(mee6_file(XP))
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_one_step(import_id=run.pk, context=acme)
    monkeypatch.setattr(applying, "ledger_unit", lockless_unit)
    read, cancelled = threading.Event(), threading.Event()
    real = applying._move_on

    def late(*arguments: Any) -> None:
        read.set()
        cancelled.wait(30)
        real(*arguments)

    monkeypatch.setattr(applying, "_move_on", late)

    def cancel() -> None:
        read.wait(30)
        cancel_import(import_id=run.pk, actor=ACTOR, context=acme)
        cancelled.set()

    raised = at_once(acme, lambda: work_one_step(import_id=run.pk, context=acme), cancel)

    with enter_tenant(acme):
        run.refresh_from_db()
        # Taking back is to begin at the first row; the step has moved the place on, and the first rows would be passed over.
        assert raised or run.position > 0


@rounds
def test_undone_while_another_is_applied_or_after_it(acme: TenantContext, rounds: int) -> None:
    for number in range(rounds):
        undo_beside_another(acme, people_of(number))


def undo_beside_another(acme: TenantContext, brought: dict[int, int]) -> None:
    one, two, *_ = brought
    with enter_tenant(acme):
        before = picture()
        first = applied_run(acme, mee6_file({one: 100, two: 50}))
        second = read_run(mee6_file(brought))

    def undo() -> None:
        undo_import(import_id=first.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=first.pk, context=acme)

    raised = at_once(acme, apply_and_work(acme, second), undo)

    with enter_tenant(acme):
        assert all(isinstance(error, ConflictError) for error in raised)
        assert len(raised) <= 1
        for run in (second, first):
            run.refresh_from_db()
            if run.state == "applied":
                undo_import(import_id=run.pk, actor=ACTOR, context=acme)
                work_on_import(import_id=run.pk, context=acme)
        assert picture() == before
        assert verify_ledger(acme) == []


@rounds
def test_undone_twice_at_once_is_taken_back_once(acme: TenantContext, rounds: int) -> None:
    for number in range(rounds):
        undo_twice(acme, people_of(number))


def undo_twice(acme: TenantContext, brought: dict[int, int]) -> None:
    with enter_tenant(acme):
        before = picture()
        given_back = LedgerEntry.objects.filter(cause_kind=11)
        earlier = given_back.count()
        run = applied_run(acme, mee6_file(brought))

    def undo() -> None:
        undo_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)

    assert at_once(acme, undo, undo) == []

    with enter_tenant(acme):
        assert picture() == before
        assert given_back.count() == earlier + len(brought)


def ingest(context: TenantContext, memory: TenantMemory, spell: range, users: Sequence[int]) -> None:
    for minute in spell:
        at = NOON + minute * MINUTE
        book(context, [message(FIRST + user, type="thread", at=at) for user in users], memory)


@rounds
def test_beside_live_ingest_both_count(acme: TenantContext, rounds: int) -> None:
    """Ingest holds these members in its memory from before the import."""
    memory = TenantMemory()
    for number in range(rounds):
        brought = people_of(number)
        one, two, three, *_, last = brought
        users = (one, two, three, last + 1)
        ingest(acme, memory, range(1), users)
        with enter_tenant(acme):
            run = read_run(mee6_file(brought), existing="add")

        raised = at_once(
            acme,
            apply_and_work(acme, run),
            lambda users=users: ingest(acme, memory, range(20, 200, 20), users),  # type: ignore[misc]
        )

        with enter_tenant(acme):
            assert raised == []
            assert verify_ledger(acme) == []
            entry = LedgerEntry.objects.get(member_id=member_of(one), cause_kind=10)
            assert entry.amount == XP[1]


def test_without_counting_writes_ingest_forgets_the_import(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import leaves no word that it wrote, and ingest goes on with the members in its memory."""
    memory = TenantMemory()
    ingest(acme, memory, range(1), (1, 2, 3, 13))
    monkeypatch.setattr(statements, "COUNT_WRITE", "SELECT 1")
    counting = " ".join(writes.COUNT_WRITE.split())
    assert counting in writes._WRITE
    monkeypatch.setattr(writes, "_WRITE", writes._WRITE.replace(counting, "SELECT 1"))
    with enter_tenant(acme):
        applied_run(acme, mee6_file(XP), existing="add", keep="xp")

    ingest(acme, memory, range(20, 40, 20), (1, 2, 3, 13))

    with enter_tenant(acme):
        assert verify_ledger(acme) != []
