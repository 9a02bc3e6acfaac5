"""The chain grows in commit order, once per entry, and only below the oldest transaction still running."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from engagement.audit import sealing
from engagement.audit.actor import Actor
from engagement.audit.jobs import seal_audit, sweep_unsealed
from engagement.audit.models import AuditEntry, AuditSeal
from engagement.audit.sealing import has_unsealed, seal_entries
from engagement.audit.services import record_audit
from engagement.audit.verification import verify_chain
from saas.core.schemas import PUBLIC
from tenants.context import TenantContext, enter_tenant


def record(ada: Actor, number: int = 0) -> AuditEntry:
    with transaction.atomic():
        return record_audit(actor=ada, action="member.changed", target_kind="member", target_id=number)


def waiting_jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from public.procrastinate_jobs where task_name = 'engagement.audit.seal_audit'"
            " and status = 'todo'"
        )
        return int(cursor.fetchone()[0])


def test_every_entry_gets_one_place_and_a_repeat_changes_nothing(log: list[int], acme: TenantContext) -> None:
    with enter_tenant(acme):
        before = list(AuditSeal.objects.values_list("position", "chain"))
        assert seal_entries().count == 0
        assert list(AuditSeal.objects.values_list("position", "chain")) == before
        assert [place for place, _ in before] == list(range(1, AuditEntry.objects.count() + 1))
        assert verify_chain().findings == []


def test_what_an_older_transaction_may_still_write_before_is_not_sealed(
    committed_db: None, acme: TenantContext, ada: Actor
) -> None:
    written, finish = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with enter_tenant(acme), transaction.atomic():
                record_audit(actor=ada, action="member.changed", target_id="early")
                written.set()
                finish.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow)
        assert written.wait(20)
        with enter_tenant(acme):
            record(ada, 1)  # began later, committed earlier
            seal_entries()
            assert not AuditSeal.objects.filter(entry_id=AuditEntry.objects.latest("pk").pk).exists()
            assert has_unsealed()
        finish.set()
        running.result(20)
    with enter_tenant(acme):
        seal_entries()
        last = list(AuditSeal.objects.order_by("-position").values_list("entry_id", flat=True)[:2])
        assert list(
            AuditEntry.objects.filter(pk__in=last).order_by("pk").values_list("target_id", flat=True)
        ) == [
            "early",
            "1",
        ]
        assert verify_chain().findings == []
        assert not has_unsealed()


@pytest.mark.race
@pytest.mark.parametrize("locked", [True, False])
def test_two_sealers_continue_one_chain(
    committed_db: None, acme: TenantContext, ada: Actor, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the lock off, both take the same places and one of them fails: the primary key is the second fence."""
    if not locked:
        monkeypatch.setattr(sealing, "_lock_chain", lambda: None)
    barrier = threading.Barrier(2)
    read_head = sealing._head

    def head_together() -> AuditSeal | None:
        found = read_head()
        if not locked:
            barrier.wait(20)
        return found

    monkeypatch.setattr(sealing, "_head", head_together)
    with enter_tenant(acme):
        for number in range(20):
            record(ada, number)

    def seal() -> str:
        try:
            with enter_tenant(acme):
                return str(seal_entries().count)
        except Exception as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = [future.result(30) for future in [pool.submit(seal), pool.submit(seal)]]
    with enter_tenant(acme):
        assert verify_chain().findings == []
    assert ("IntegrityError" in outcomes) is (not locked), outcomes


def test_one_job_is_asked_for_after_the_commit_however_many_entries(
    committed_db: None, acme: TenantContext, ada: Actor
) -> None:
    with enter_tenant(acme):
        with transaction.atomic():
            for number in range(5):
                record_audit(actor=ada, action="member.changed", target_id=number)
            assert waiting_jobs() == 0
        assert waiting_jobs() == 1
        record(ada)
        assert waiting_jobs() == 1  # the one that waits will do it
    seal_audit(tenant=acme.schema)
    with enter_tenant(acme):
        assert not has_unsealed()


def test_the_sweep_asks_for_what_a_crash_forgot(committed_db: None, acme: TenantContext, ada: Actor) -> None:
    seal_audit(tenant=acme.schema)
    with enter_tenant(acme):
        record(ada)
        with connection.cursor() as cursor:
            cursor.execute("delete from public.procrastinate_jobs")
    sweep_unsealed(tenant=PUBLIC)
    assert waiting_jobs() >= 1


def test_a_rolled_back_entry_leaves_no_gap(committed_db: None, acme: TenantContext, ada: Actor) -> None:
    def fail() -> None:
        with transaction.atomic():
            record_audit(actor=ada, action="member.changed")
            raise RuntimeError

    with enter_tenant(acme):
        record(ada)
        with pytest.raises(RuntimeError):
            fail()
        record(ada)
        seal_entries()
        assert verify_chain().findings == []
