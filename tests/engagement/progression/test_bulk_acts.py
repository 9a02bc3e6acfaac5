"""One act on many members: a result for each, once per key, undone exactly, finished by whoever comes after a crash."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import connection

from engagement.audit.actor import SYSTEM, Actor
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.models import Member
from engagement.progression import bulk_acts
from engagement.progression.bulk_acts import (
    INLINE,
    begin_bulk_act,
    count_bulk_items,
    list_bulk_results,
    run_bulk_act,
    undo_bulk_act,
)
from engagement.progression.errors import (
    BulkActNotFoundError,
    BulkActRunningError,
    InvalidAdjustmentError,
    InvalidBulkActError,
)
from engagement.progression.jobs import run_bulk
from engagement.progression.models import BulkAct
from engagement.progression.people import MemberFacts, delete_member, register_member
from engagement.progression.services import set_visibility
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant

pytestmark = pytest.mark.usefixtures("rules")
BEA = Actor("user", 7, "Bea", role="moderator", via="web")


def people(context: TenantContext, count: int = 3) -> list[int]:
    return [
        register_member(
            facts=MemberFacts(f"Person {n}"), request_key=f"p{n}", actor=SYSTEM, context=context
        ).pk
        for n in range(count)
    ]


def begin(context: TenantContext, act: str, ids: list[int], **given: object) -> BulkAct:
    given.setdefault("key", uuid4())
    return begin_bulk_act(act=act, member_ids=ids, actor=BEA, context=context, **given)  # type: ignore[arg-type]


def lifetimes() -> set[int]:
    return set(LedgerBalance.objects.filter(currency=0).values_list("lifetime", flat=True))


def test_points_for_many_with_a_result_each_and_undone(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = people(acme)
        delete_member(member_id=ids[1], actor=SYSTEM, context=acme)
        bulk = begin(acme, "points", [*ids, ids[0], 999_999], amount=25, reason="Helped")
        assert bulk.state == "finished"
        counts = count_bulk_items(bulk_id=bulk.pk)
        assert (counts.done, counts.failed) == (2, 2)
        results = list_bulk_results(bulk_id=bulk.pk)
        assert "was deleted" in results[0].message
        assert {result.state for result in results} == {"done", "failed"}
        assert LedgerBalance.objects.get(member_id=ids[0], currency=0).lifetime == 25
        assert verify_ledger(acme) == []
        undone = undo_bulk_act(bulk_id=bulk.pk, actor=BEA, context=acme)
        assert undone.state == "undone"
        assert lifetimes() == {0}
        undo_bulk_act(bulk_id=bulk.pk, actor=BEA, context=acme)
        assert LedgerEntry.objects.count() == 4
        assert verify_ledger(acme) == []


def test_a_form_sent_twice_is_one_act(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids, key = people(acme), uuid4()
        first = begin(acme, "points", ids, amount=5, reason="x", key=key)
        second = begin(acme, "points", ids, amount=5, reason="x", key=key)
        assert first.pk == second.pk
        assert lifetimes() == {5}


def test_hiding_keeps_what_others_chose_since(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = people(acme)
        set_visibility(member_id=ids[0], visibility="alias", alias="Foxy", context=acme)
        set_visibility(member_id=ids[2], visibility="hidden", context=acme)
        bulk = begin(acme, "hide", ids)
        assert count_bulk_items(bulk_id=bulk.pk).unchanged == 1
        set_visibility(member_id=ids[1], visibility="alias", alias="Owl", context=acme)
        undo_bulk_act(bulk_id=bulk.pk, actor=BEA, context=acme)
        shown = [Member.objects.get(pk=one) for one in ids]
        assert [(one.visibility, one.alias) for one in shown] == [
            ("alias", "Foxy"),
            ("alias", "Owl"),
            ("hidden", ""),
        ]
        assert verify_ledger(acme) == []


def test_deleting_and_restoring_many_both_undone(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = people(acme)
        delete_member(member_id=ids[0], actor=SYSTEM, context=acme)
        gone = begin(acme, "delete", ids)
        assert Member.objects.filter(pk__in=ids, deleted_at=None).count() == 0
        undo_bulk_act(bulk_id=gone.pk, actor=BEA, context=acme)
        assert (
            list(
                Member.objects.filter(pk__in=ids, deleted_at=None).order_by("pk").values_list("pk", flat=True)
            )
            == ids[1:]
        )
        back = begin(acme, "restore", ids)
        undo_bulk_act(bulk_id=back.pk, actor=BEA, context=acme)
        assert Member.objects.get(pk=ids[0]).deleted_at is not None


def test_many_run_as_a_job_that_goes_on_after_a_crash(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with enter_tenant(acme):
        ids = people(acme, INLINE + 1)
        bulk = begin(acme, "points", ids, amount=5, reason="x")
        assert bulk.state == "running"
        assert count_bulk_items(bulk_id=bulk.pk).waiting == INLINE + 1
        with pytest.raises(BulkActRunningError):
            undo_bulk_act(bulk_id=bulk.pk, actor=BEA, context=acme)
        real, done = bulk_acts._run_item, []

        def die_halfway(*given: object, **named: object) -> None:
            real(*given, **named)  # type: ignore[arg-type]
            done.append(1)
            if len(done) == 100:
                raise RuntimeError("the worker was killed")

        monkeypatch.setattr(bulk_acts, "_run_item", die_halfway)
        with pytest.raises(RuntimeError):
            run_bulk_act(bulk_id=bulk.pk, context=acme)
        monkeypatch.setattr(bulk_acts, "_run_item", real)
    run_bulk(tenant=acme.schema, bulk_id=bulk.pk)
    run_bulk(tenant=acme.schema, bulk_id=bulk.pk)
    with enter_tenant(acme):
        assert count_bulk_items(bulk_id=bulk.pk).done == INLINE + 1
        assert lifetimes() == {5}
        assert verify_ledger(acme) == []


def test_what_cannot_be_begun_changes_nothing(acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(acme):
        ids = people(acme, 1)
        with pytest.raises(InvalidBulkActError):
            begin(acme, "explode", ids)
        with pytest.raises(InvalidBulkActError):
            begin(acme, "hide", [])
        with pytest.raises(InvalidAdjustmentError):
            begin(acme, "points", ids, amount=0, reason="x")
        with pytest.raises(InvalidAdjustmentError):
            begin(acme, "points", ids, amount=5, reason=" ")
        assert not BulkAct.objects.exists()
        bulk = begin(acme, "hide", ids)
    with enter_tenant(globex), pytest.raises(BulkActNotFoundError):
        undo_bulk_act(bulk_id=bulk.pk, actor=BEA, context=globex)


@pytest.mark.race
@pytest.mark.parametrize("round", range(3))
def test_two_runners_at_once_do_each_member_once(acme: TenantContext, round: int) -> None:
    with enter_tenant(acme):
        ids = people(acme, 30)
        bulk = BulkAct.objects.create(
            key=uuid4(),
            act="points",
            amount=3,
            reason="x",
            total=30,
            actor={"kind": "user", "id": 7, "name": "Bea"},
        )
        for one in ids:
            bulk.items.create(member_id=one)
    barrier = threading.Barrier(2)

    def run() -> None:
        try:
            with enter_tenant(acme):
                barrier.wait(30)
                run_bulk_act(bulk_id=bulk.pk, context=acme)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with enter_tenant(acme):
        assert count_bulk_items(bulk_id=bulk.pk).done == 30
        assert lifetimes() == {3}
        assert verify_ledger(acme) == []
