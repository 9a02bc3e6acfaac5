"""Entries: listed by cursor while rows change, explained, given, undone; one effect per Idempotency-Key, whoever races."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from engagement.audit.models import AuditEntry
from engagement.ledger.models import LedgerEntry
from saas.core import clock
from tenants import idempotency
from tenants.context import TenantContext, enter_tenant
from tenants.jobs import prune_idempotent_requests
from tenants.models import IdempotentRequest
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of, issue

ADA = 810_000_000_000_000_001


@pytest.fixture
def ada(acme: TenantContext, api: Api) -> int:
    return give(acme, ADA, "Ada", 100)


def adjustment(member_id: int, amount: int = 50) -> dict[str, Any]:
    return {"member_id": member_id, "amount": amount, "reason": "Helped"}


def test_points_are_given_explained_and_undone(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:write", "entries:read")
    given = program.post("entries", adjustment(ada))
    assert given.status_code == 201
    assert (given.json()["current"], given.json()["lifetime"]) == (150, 150)
    entry_id = given.json()["entry_id"]
    why = program.get(f"entries/{entry_id}").json()
    assert why["kind"] == "adjustment"
    assert {"what": "By", "text": "test"} in why["reasons"]
    undone = program.post(f"entries/{entry_id}/undo")
    assert (undone.status_code, undone.json()["current"]) == (201, 100)
    assert code_of(program.post(f"entries/{entry_id}/undo")) == "already_undone"
    listed = program.get(f"entries?member={ada}").json()["items"]
    assert [line["amount"] for line in listed] == [-50, 50, 100]
    assert [line["kind"] for line in listed] == ["undo", "adjustment", "adjustment"]


def test_the_audit_log_names_the_key(ada: int, acme: TenantContext, key_of: Callable[..., Api]) -> None:
    key_of("entries:write").post("entries", adjustment(ada), x_request_id="shop-77")
    with enter_tenant(acme):
        entry = AuditEntry.objects.latest("pk")
    assert (entry.actor_kind, entry.actor_name, entry.via, entry.request_id) == (
        "key",
        "test",
        "rest",
        "shop-77",
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 0}, "invalid_adjustment"),
        ({"amount": 10**9 + 1}, "invalid_input"),
        ({"amount": "many"}, "invalid_input"),
        ({"reason": ""}, "invalid_input"),
        ({"reason": "x" * 301}, "invalid_input"),
        ({"member_id": 2**62}, "member_not_found"),
        ({"member_id": 2**63}, "invalid_input"),
    ],
)
def test_what_cannot_be_booked_is_refused(
    ada: int, key_of: Callable[..., Api], change: dict[str, Any], code: str
) -> None:
    assert code_of(key_of("entries:write").post("entries", adjustment(ada) | change)) == code


def test_what_a_rule_gave_is_not_undone_by_hand(ada: int, key_of: Callable[..., Api]) -> None:
    assert code_of(key_of("entries:write").post("entries/999999/undo")) == "entry_not_found"


def test_another_communitys_entries_are_404s_of_the_same_shape(
    ada: int, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        mine = LedgerEntry.objects.get(member_id=ada).pk
    give(globex, ADA + 1, "Other", 10)
    with enter_tenant(globex):
        LedgerEntry.objects.filter(pk=mine).exists()
    program = Api(issue(globex, "entries:read", "entries:write"), GLOBEX)
    there, nowhere = program.get(f"entries/{mine + 10_000}"), program.get("entries/999999999")
    assert (
        (there.status_code, code_of(there))
        == (nowhere.status_code, code_of(nowhere))
        == (404, "entry_not_found")
    )
    assert there.json()["detail"] == nowhere.json()["detail"]
    acmes = Api(issue(acme, "entries:read"), GLOBEX)
    assert code_of(acmes.get("entries")) == "bad_api_key"


# --- pages ---


def test_pages_are_stable_while_entries_come(
    ada: int, acme: TenantContext, key_of: Callable[..., Api]
) -> None:
    for number in range(24):
        give(acme, ADA, "Ada", 1, key=f"test:{number}")
    program = key_of("entries:read")
    first = program.get("entries?limit=10")
    assert f"cursor={first.json()['next_cursor']}" in first["Link"]
    seen = [line["id"] for line in first.json()["items"]]
    cursor = first.json()["next_cursor"]
    while cursor:
        give(acme, ADA, "Ada", 1, key=f"test:between:{cursor}")
        page = program.get(f"entries?limit=10&cursor={cursor}").json()
        seen += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)
    assert len(program.get("entries").json()["items"]) == 20


def test_entries_are_filtered(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:read", "entries:write")
    program.post("entries", adjustment(ada))
    now = clock.now()
    past, later = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()

    def count(query: str) -> int:
        return len(program.get("entries?" + query.replace("+", "%2B")).json()["items"])

    assert count("kind=adjustment") == 2
    assert count("kind=award&kind=daily") == 0
    assert count(f"since={past}&until={later}") == 2
    assert count(f"since={later}") == 0
    assert count(f"member={ada + 1000}") == 0
    assert code_of(program.get("entries?kind=gift")) == "invalid_input"


def test_a_page_costs_the_same_queries_however_many_there_are(
    ada: int, acme: TenantContext, key_of: Callable[..., Api]
) -> None:
    from django.db import connection

    program = key_of("entries:read")
    program.get("me")  # notes the key's use

    def count(limit: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert program.get(f"entries?limit={limit}").status_code == 200
        return len(queries)

    def add(first: int, count: int) -> None:
        with enter_tenant(acme):
            LedgerEntry.objects.bulk_create(
                LedgerEntry(
                    member_id=ada,
                    amount=1,
                    counter=1,
                    cause_kind=2,
                    cause_id=number,
                    base_amount=1,
                    occurred_at=clock.now(),
                )
                for number in range(first, first + count)
            )

    add(1, 10)
    few = count(5)
    add(100, 10_000)
    assert count(100) == few


# --- one effect per key ---


def test_the_same_key_takes_effect_once(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:write")
    first = program.post("entries", adjustment(ada), idempotency_key="k-1")
    again = program.post("entries", adjustment(ada), idempotency_key="k-1")
    assert again.json() == first.json()
    assert again.status_code == 201
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert program.post("entries", adjustment(ada), idempotency_key="k-2").json()["current"] == 200


def test_another_body_under_the_same_key_is_refused(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:write")
    program.post("entries", adjustment(ada), idempotency_key="k-1")
    answer = program.post("entries", adjustment(ada, 60), idempotency_key="k-1")
    assert (answer.status_code, code_of(answer)) == (422, "idempotency_key_mismatch")


def test_keys_are_each_callers_own(ada: int, key_of: Callable[..., Api]) -> None:
    for _ in range(2):
        answer = key_of("entries:write").post("entries", adjustment(ada), idempotency_key="k-1")
    assert answer.json()["current"] == 200


def test_what_failed_may_be_sent_again_under_its_key(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:write")
    assert code_of(program.post("entries", adjustment(ada, 0), idempotency_key="k-1")) == "invalid_adjustment"
    assert program.post("entries", adjustment(ada), idempotency_key="k-1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "ümlaut"])
def test_a_key_has_a_form(ada: int, key_of: Callable[..., Api], key: str) -> None:
    answer = key_of("entries:write").post("entries", adjustment(ada), idempotency_key=key)
    assert code_of(answer) == "invalid_idempotency_key"


def test_a_crash_after_the_write_leaves_neither_and_the_retry_books_once(
    ada: int, key_of: Callable[..., Api], acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = key_of("entries:write")
    with monkeypatch.context() as patch:
        patch.setattr(idempotency.IdempotentRequest.objects, "filter", _die)
        assert program.post("entries", adjustment(ada), idempotency_key="k-1").status_code == 500
    assert not IdempotentRequest.objects.exists()
    assert program.post("entries", adjustment(ada), idempotency_key="k-1").json()["current"] == 150


def _die(*_: object, **__: object) -> Any:
    raise RuntimeError("killed")


def test_keys_are_forgotten_after_a_day(ada: int, key_of: Callable[..., Api]) -> None:
    program = key_of("entries:write")
    program.post("entries", adjustment(ada), idempotency_key="k-1")
    IdempotentRequest.objects.update(created_at=clock.now() - idempotency.KEPT)
    program.post("entries", adjustment(ada), idempotency_key="k-2")
    again = program.post("entries", adjustment(ada, 7), idempotency_key="k-1")
    assert again.status_code == 201
    IdempotentRequest.objects.filter(key="k-2").update(created_at=clock.now() - idempotency.KEPT)
    prune_idempotent_requests(tenant="public", timestamp=0)
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["k-1"]


@pytest.mark.race
@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_the_same_request_at_once_takes_effect_once(
    committed_api: Api, acme: TenantContext, rounds: int
) -> None:
    member_id = give(acme, ADA, "Ada", 100)
    program = Api(issue(acme, "entries:write"))
    for number in range(rounds):
        answers = _at_once(program, adjustment(member_id, 1), f"k-{number}", count=4)
        assert [answer.status_code for answer in answers] == [201] * 4
        assert {answer.json()["current"] for answer in answers} == {101 + number}
        assert sum("Idempotency-Replayed" in answer for answer in answers) == 3


@pytest.mark.race
def test_without_the_key_each_takes_effect(committed_api: Api, acme: TenantContext) -> None:
    """The control: the test above can see the bug."""
    member_id = give(acme, ADA, "Ada", 100)
    program = Api(issue(acme, "entries:write"))
    answers = _at_once(program, adjustment(member_id, 1), None, count=4)
    assert max(answer.json()["current"] for answer in answers) == 104


@pytest.mark.race
def test_a_request_that_runs_on_and_on_is_not_waited_for_for_ever(
    committed_api: Api, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", "100ms")
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            idempotency.answer_once(
                tenant_id=acme.tenant_id, caller="key:1", key="k", fingerprint="f", work=_wait
            )
        finally:
            connections.close_all()

    def _wait() -> idempotency.Answer:
        holding.set()
        done.wait(timeout=60)
        return idempotency.Answer(200, "{}")

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(timeout=60)
    try:
        with pytest.raises(idempotency.IdempotencyKeyInUseError):
            idempotency.answer_once(
                tenant_id=acme.tenant_id, caller="key:1", key="k", fingerprint="f", work=_die
            )
    finally:
        done.set()
        thread.join()


def _at_once(api: Api, body: dict[str, Any], key: str | None, *, count: int) -> list[Any]:
    answers: list[Any] = []
    begin = threading.Barrier(count)

    def ask() -> None:
        try:
            begin.wait(timeout=30)
            headers = {} if key is None else {"idempotency_key": key}
            answers.append(api.post("entries", body, **headers))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
