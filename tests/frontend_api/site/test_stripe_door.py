"""Webhooks that are answered before Django: as the view answers them, and together when they come together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.db import OperationalError, connection

from billing.inbox import batching
from billing.inbox.receiving import JOB, LARGEST_BODY
from billing.models import StripeEvent
from frontend_api.site.stripe_door import PATH, StripeDoor
from saas.events.queue import list_queued
from tests.billing.inbox.material import SECRET, TEST_KEY, make_event, sign, write

Request = tuple[dict[str, Any], bytes]
BROKEN = write(make_event(99))[:-1] + b',"x":1e-99999}'  # signed rightly, and Postgres cannot keep it


@pytest.fixture(autouse=True)
def _endpoint(committed_db: None, settings: object) -> None:
    settings.STRIPE_SECRET_KEY = TEST_KEY  # type: ignore[attr-defined]
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]  # type: ignore[attr-defined]


def webhook(body: bytes, *, method: str = "POST", scheme: str = "http", **headers: str) -> Request:
    given = {
        "host": django_settings.BASE_DOMAIN,
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
        "stripe-signature": sign(body),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "path": PATH,
        "method": method,
        "scheme": scheme,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    return scope, body


def ask(*requests: Request) -> list[tuple[int, str]]:
    """All of them at once; what went on to Django answers 418."""

    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"Django"})

    door = StripeDoor(django)

    async def one(request: Request) -> tuple[int, str]:
        scope, body = request
        pieces = [body[:1000], body[1000:]]
        answer: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: dict[str, Any]) -> None:
            answer.append(message)

        await door(scope, receive, send)
        return answer[0]["status"], answer[1]["body"].decode()

    async def everything() -> list[tuple[int, str]]:
        return await asyncio.gather(*(one(request) for request in requests))

    return async_to_sync(everything)()


def transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM stripe_event")
        return int(cursor.fetchone()[0])


def test_it_is_stored_with_its_job_and_answered() -> None:
    assert ask(webhook(write(make_event()))) == [(200, "ok")]
    (job,) = list_queued(state="todo", name=JOB)
    assert job.arguments == {"event_id": StripeEvent.objects.get().pk}


def test_those_that_come_together_share_a_transaction() -> None:
    answers = ask(*(webhook(write(make_event(number))) for number in range(30)))
    assert answers == [(200, "ok")] * 30
    assert (StripeEvent.objects.count(), len(list_queued(state="todo", name=JOB))) == (30, 30)
    assert transactions() == 1


def test_a_repeat_in_the_same_batch_is_stored_once() -> None:
    same = write(make_event(7))
    assert ask(*(webhook(body) for body in (write(make_event(1)), same, same, same))) == [(200, "ok")] * 4
    assert StripeEvent.objects.count() == 2
    assert len(list_queued(state="todo", name=JOB)) == 2


def test_one_that_cannot_be_kept_is_refused_and_its_neighbours_are_stored() -> None:
    bodies = [write(make_event(1)), write(make_event(2)), BROKEN, write(make_event(3))]
    statuses = [status for status, _ in ask(*(webhook(body) for body in bodies))]
    assert statuses == [200, 200, 400, 200]
    assert set(StripeEvent.objects.values_list("stripe_id", flat=True)) == {"evt_1", "evt_2", "evt_3"}


def test_a_forged_one_is_refused_in_words() -> None:
    ((status, words),) = ask(webhook(write(make_event()), stripe_signature="t=1,v1=00"))
    assert (status, "does not fit" in words) == (400, True)
    assert not StripeEvent.objects.exists()


def test_without_a_database_stripe_is_asked_to_send_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_incoming: object) -> list[bool]:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(batching, "store_incoming", away)
        answers = ask(*(webhook(write(make_event(number))) for number in range(3)))
    assert [status for status, _ in answers] == [503] * 3
    assert ask(webhook(write(make_event(1)))) == [(200, "ok")]


@pytest.mark.parametrize(
    "change",
    [
        lambda scope: scope.update(method="GET"),
        lambda scope: scope.update(path="/stripe/webhook"),
        lambda scope: scope["headers"].__setitem__(0, (b"host", b"acme.localhost")),
        lambda scope: scope["headers"].__setitem__(2, (b"content-length", str(LARGEST_BODY + 1).encode())),
        lambda scope: scope["headers"].__setitem__(2, (b"content-length", b"many")),
        lambda scope: scope["headers"].pop(2),
    ],
    ids=["a GET", "another path", "another host", "too large", "no number", "no length"],
)
def test_anything_unusual_goes_on_to_django(change: Callable[[dict[str, Any]], object]) -> None:
    scope, body = webhook(write(make_event()))
    change(scope)
    assert ask((scope, body)) == [(418, "Django")]
    assert not StripeEvent.objects.exists()


def test_where_https_is_asked_for_only_what_came_that_way_is_answered(settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    body = write(make_event())
    assert ask(webhook(body)) == [(418, "Django")]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # type: ignore[attr-defined]
    assert ask(webhook(body, scheme="https")) == [(418, "Django")]
    assert ask(webhook(body, x_forwarded_proto="https")) == [(200, "ok")]
