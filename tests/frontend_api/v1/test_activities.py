"""Activities that programs report: from the request over the stream to points, once, in the right community."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from redis import Redis

from engagement.activity.consumer import Consumer, drain
from engagement.activity.models import Activity
from engagement.activity.reports import MAX_BATCH
from engagement.audit.actor import SYSTEM
from engagement.members.models import Identity, Member
from engagement.rules.services import create_rule
from saas.core import clock
from tenants.api_keys import list_api_keys, revoke_api_key
from tenants.context import TenantContext, enter_tenant
from tenants.routing import Routing
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, GLOBEX
from tests.frontend_api.v1.asking import Api, code_of, issue

ADA = 810_000_000_000_000_001
SCOPES = ("activities:write", "entries:read")


@pytest.fixture
def program(committed_api: Api, acme: TenantContext, redis_stream: Redis) -> Api:
    with enter_tenant(acme):
        create_rule(
            key="lesson",
            name="Lessons",
            definition={"triggers": ["lesson_completed"], "amount": 20, "daily_count_cap": 3},
            actor=SYSTEM,
        )
    return Api(issue(acme, *SCOPES))


@pytest.fixture
def ingest(
    program: Api, redis_stream: Redis, redis_cache: Redis, settings: Any
) -> Iterator[Callable[[], int]]:
    routing = Routing()
    consumer = Consumer(
        stream=redis_stream, cache=redis_cache, routing=routing, partitions=settings.ACTIVITY_PARTITIONS
    )

    def run() -> int:
        routing.load()
        return drain(consumer, seconds=10)

    yield run
    consumer.stop()
    consumer.run()


def lesson(number: int = 1, **changes: Any) -> dict[str, Any]:
    subject = {"provider": "academy", "external_id": "4711"}
    return {"id": f"lesson-{number}", "type": "lesson_completed", "subject": subject, **changes}


def test_a_report_becomes_points(program: Api, ingest: Callable[[], int], acme: TenantContext) -> None:
    sent = program.post("activities", lesson(name="Ada", attributes={"score": 0.5, "passed": True}))
    assert sent.status_code == 202
    source_id = sent.json()["source_id"]
    assert code_of(program.get(f"activities/{source_id}")) == "activity_not_found"
    ingest()
    booked = program.get(f"activities/{source_id}").json()
    assert (booked["points"], booked["attributes"]) == (20, {"score": 0.5, "passed": True})
    assert booked["source"].startswith("key:")
    with enter_tenant(acme):
        member = Member.objects.get(pk=booked["member_id"])
        assert member.display_name == "Ada"
    why = program.get(f"activities/{source_id}/why").json()
    assert (why["points"], why["note"], why["entries"][0]["title"]) == (20, "", "Lessons")


def test_it_counts_once_however_often_and_by_whichever_key_it_is_sent(
    program: Api, ingest: Callable[[], int], acme: TenantContext
) -> None:
    other = Api(issue(acme, *SCOPES))
    for sender in (program, program, other):
        assert sender.post("activities", lesson()).status_code == 202
    ingest()
    assert program.post("activities", lesson()).status_code == 202
    ingest()
    assert [line["points"] for line in program.get("activities").json()["items"]] == [20]


def test_what_a_key_sent_before_it_was_revoked_still_counts(
    program: Api, ingest: Callable[[], int], acme: TenantContext
) -> None:
    program.post("activities", lesson())
    reader = Api(issue(acme, "entries:read"))
    for key in list_api_keys(tenant_id=acme.tenant_id):
        if "activities:write" in key.scopes:
            revoke_api_key(tenant_id=acme.tenant_id, key_id=key.pk)
    assert code_of(program.post("activities", lesson(2))) == "bad_api_key"
    ingest()
    assert len(reader.get("activities").json()["items"]) == 1


def test_whose_it_is_can_be_said_in_four_ways(
    program: Api, ingest: Callable[[], int], acme: TenantContext
) -> None:
    member_id = give(acme, ADA, "Ada", 0)
    digest = hashlib.sha256(b"bob@example.org").hexdigest()
    subjects = [
        {"member_id": member_id},
        {"provider": "discord", "external_id": str(ADA)},
        {"email": " Bob@Example.org"},
        {"email_sha256": digest},
    ]
    for number, subject in enumerate(subjects):
        assert program.post("activities", lesson(number, subject=subject)).status_code == 202, subject
    ingest()
    told = {line["source_id"]: line["member_id"] for line in program.get("activities").json()["items"]}
    bob = told["api:lesson-2"]
    assert told == {
        "api:lesson-0": member_id,
        "api:lesson-1": member_id,
        "api:lesson-2": bob,
        "api:lesson-3": bob,
    }
    with enter_tenant(acme):
        assert list(Identity.objects.filter(member_id=bob).values_list("external_id", flat=True)) == [digest]


def test_an_address_that_the_team_wrote_down_finds_its_member(
    program: Api, ingest: Callable[[], int], acme: TenantContext
) -> None:
    member_id = give(acme, ADA, "Ada", 0)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(email="Ada@example.org")
    program.post("activities", lesson(subject={"email": "ada@EXAMPLE.org"}))
    ingest()
    assert program.get("activities").json()["items"][0]["member_id"] == member_id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 121}, "id"),
        ({"type": "message"}, "type"),
        ({"type": "message_deleted"}, "type"),
        ({"type": "daily_bonus"}, "type"),
        ({"type": "Lesson"}, "type"),
        ({"type": "x" * 41}, "type"),
        ({"subject": {}}, "subject"),
        ({"subject": {"member_id": 1, "email": "a@example.org"}}, "subject"),
        ({"subject": {"provider": "academy"}}, "subject.external_id"),
        ({"subject": {"provider": "email", "external_id": "x"}}, "subject.provider"),
        ({"subject": {"provider": "manual", "external_id": "x"}}, "subject.provider"),
        ({"subject": {"provider": "discord", "external_id": "12"}}, "subject.external_id"),
        ({"subject": {"member_id": 10**15}}, "subject.member_id"),
        ({"subject": {"email_sha256": "abc"}}, "subject.email_sha256"),
        ({"subject": {"email": "nobody"}}, "subject.email"),
        ({"occurred_at": "2020-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"attributes": {"A": 1}}, "attributes"),
        ({"attributes": {"a": [1]}}, "attributes.a"),
        ({"attributes": {"a": "x" * 201}}, "attributes.a"),
        ({"attributes": {"a": 10**17}}, "attributes.a"),
        ({"attributes": {"a": "\x00"}}, "attributes.a"),
        ({"attributes": {f"a{n}": n for n in range(21)}}, "attributes"),
        ({"channel": "x" * 41}, "channel"),
        ({"roles": ["1"]}, "roles"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(
    program: Api, redis_stream: Redis, change: dict[str, Any], field: str
) -> None:
    answer = program.post("activities", lesson(**change))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field, answer.json()
    assert not redis_stream.keys("activities:*")
    batch = program.post("activities/batch", {"activities": [lesson(**change), lesson(2)]})
    assert (batch.status_code, batch.json()["accepted"], batch.json()["refused"]) == (202, 1, 1)
    assert batch.json()["results"][0]["errors"][0]["field"] == field


def test_a_batch_answers_for_each_in_order(program: Api, ingest: Callable[[], int]) -> None:
    items: list[Any] = [lesson(1), lesson(2, type="message"), {"id": 5}, lesson(3)]
    answer = program.post("activities/batch", {"activities": items}).json()
    assert [line["status"] for line in answer["results"]] == ["accepted", "refused", "refused", "accepted"]
    assert [line["id"] for line in answer["results"]] == ["lesson-1", "lesson-2", "", "lesson-3"]
    assert answer["results"][1]["code"] == "invalid_activity"
    ingest()
    assert len(program.get("activities").json()["items"]) == 2


def test_a_batch_has_a_bound_and_costs_the_same_queries(
    program: Api, acme: TenantContext, redis_stream: Redis
) -> None:
    from django.db import connection

    member_id = give(acme, ADA, "Ada", 0)
    full = [lesson(n, subject={"member_id": member_id}) for n in range(MAX_BATCH)]
    assert (
        code_of(program.post("activities/batch", {"activities": [*full, lesson(MAX_BATCH)]}))
        == "invalid_input"
    )
    assert code_of(program.post("activities/batch", {"activities": []})) == "invalid_input"
    counts = []
    for items in (full[:1], full):
        with CaptureQueriesContext(connection) as queries:
            assert program.post("activities/batch", {"activities": items}).json()["accepted"] == len(items)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_hostile_names_are_made_safe(program: Api, ingest: Callable[[], int], acme: TenantContext) -> None:
    name = "<script>alert(1)</script>\u202eeve" + "x" * 150
    assert program.post("activities", lesson(name=name[:200])).status_code == 202
    ingest()
    with enter_tenant(acme):
        shown = Member.objects.get(identities__provider="academy").display_name
    assert "\u202e" not in shown
    assert len(shown) <= 100


def test_while_the_stream_is_away_nothing_is_lost_silently(
    program: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engagement.activity import reports

    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(reports, "stream_redis", lambda: away)
    answer = program.post("activities", lesson(), idempotency_key="k")
    assert (answer.status_code, code_of(answer)) == (503, "unavailable")
    assert answer["Retry-After"] == "5"
    monkeypatch.undo()
    assert program.post("activities", lesson(), idempotency_key="k").status_code == 202


def test_activities_stay_in_their_community(
    program: Api, ingest: Callable[[], int], globex: TenantContext, acme: TenantContext
) -> None:
    program.post("activities", lesson())
    assert code_of(program.on(GLOBEX).post("activities", lesson(2))) == "bad_api_key"
    ingest()
    theirs = Api(issue(globex, *SCOPES), GLOBEX)
    assert theirs.get("activities").json()["items"] == []
    assert code_of(theirs.get("activities/api:lesson-1")) == "activity_not_found"
    with enter_tenant(globex):
        assert not Activity.objects.exists()


def test_a_person_of_the_team_can_try_it_out(program: Api, ingest: Callable[[], int]) -> None:
    owner = program.as_person("acme-owner").on(ACME)
    assert owner.post("activities", lesson()).status_code == 202
    ingest()
    (line,) = owner.get("activities").json()["items"]
    assert line["source"].startswith("tenant:")
    assert (
        code_of(program.as_person("acme-moderator").on(ACME).post("activities", lesson(2))) == "not_permitted"
    )


def test_the_list_is_filtered_and_paged(program: Api, ingest: Callable[[], int]) -> None:
    program.post("activities/batch", {"activities": [lesson(n) for n in range(25)]})
    ingest()
    first = program.get("activities?type=lesson_completed&limit=20").json()
    second = program.get(f"activities?type=lesson_completed&limit=20&cursor={first['next_cursor']}").json()
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (20, 5, None)
    assert sum(line["points"] for line in first["items"] + second["items"]) == 60  # three a day
    later = (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert program.get(f"activities?since={later}").json()["items"] == []
    assert program.get("activities?type=purchase").json()["items"] == []
    why = program.get("activities/api:lesson-24/why").json()
    assert "limit of the day" in why["note"]
