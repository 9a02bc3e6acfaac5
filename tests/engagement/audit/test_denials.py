"""Refused attempts are recorded, and a script cannot flood the log with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis import Redis, RedisError

from engagement.audit import denials
from engagement.audit.actor import Actor
from engagement.audit.denials import record_refusal
from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant


@pytest.fixture(autouse=True)
def _inside(db: None, acme: TenantContext, redis_cache: Redis):  # type: ignore[no-untyped-def]
    with enter_tenant(acme):
        yield


def refusals() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="permission.refused").order_by("pk"))


def test_a_refusal_says_who_tried_what_and_where(ada: Actor) -> None:
    record_refusal(actor=ada, permission="change_rules", place="POST /dashboard/rules/")

    [entry] = refusals()
    assert (entry.outcome, entry.actor_name, entry.target_id) == ("denied", "Ada", "change_rules")
    assert entry.target_name == "change the rules"
    assert entry.note == "POST /dashboard/rules/"


def test_a_thousand_tries_make_four_entries(ada: Actor) -> None:
    for _ in range(1_200):
        record_refusal(actor=ada, permission="change_rules", place="/x")

    assert [entry.note for entry in refusals()] == [
        "/x",
        "/x (10 times within the hour)",
        "/x (100 times within the hour)",
        "/x (1,000 times within the hour)",
    ]


def test_another_person_and_another_act_are_counted_apart(ada: Actor) -> None:
    for actor in (ada, replace(ada, id=8), replace(ada, kind="discord")):
        for permission in ("change_rules", "change_levels"):
            record_refusal(actor=actor, permission=permission, place="/x")
            record_refusal(actor=actor, permission=permission, place="/x")

    assert len(refusals()) == 6


def test_many_people_fill_the_hour_and_no_more(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "MOST_AN_HOUR", 5)
    for number in range(20):
        record_refusal(actor=replace(ada, id=number), permission="change_rules", place="/x")

    assert len(refusals()) == 5


def test_another_community_counts_for_itself(ada: Actor, globex: TenantContext) -> None:
    record_refusal(actor=ada, permission="change_rules", place="/x")
    with enter_tenant(globex):
        record_refusal(actor=ada, permission="change_rules", place="/x")
        assert len(refusals()) == 1


def test_without_the_cache_the_log_itself_decides(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Redis:
        raise RedisError("away")

    monkeypatch.setattr(denials, "cache_redis", away)
    for _ in range(3):
        record_refusal(actor=ada, permission="change_rules", place="/x")
    record_refusal(actor=ada, permission="change_levels", place="/x")

    assert [entry.target_id for entry in refusals()] == ["change_rules", "change_levels"]
