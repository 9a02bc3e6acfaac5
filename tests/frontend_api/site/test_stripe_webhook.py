"""The address that Stripe calls."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from billing.models import StripeEvent
from tests.billing.inbox.material import SECRET, TEST_KEY, make_event, sign, write
from tests.frontend_api.hosts import ACME, BASE, Browser

PATH = "/stripe/webhook/"


@pytest.fixture(autouse=True)
def _endpoint(settings: object) -> None:
    settings.STRIPE_SECRET_KEY = TEST_KEY  # type: ignore[attr-defined]
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]  # type: ignore[attr-defined]


def send(client: Client, body: bytes, **headers: Any) -> Any:
    given = {"host": BASE, "Stripe-Signature": sign(body)} | headers
    return client.post(PATH, body, content_type="application/json; charset=utf-8", headers=given)


def test_it_is_stored_and_answered_without_a_session_or_a_form(pages: Browser) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = send(client, write(make_event()))
        assert (answer.status_code, answer.content) == (200, b"ok")
        assert not answer.cookies
    assert StripeEvent.objects.count() == 1


def test_it_asks_neither_for_a_user_nor_for_a_session(pages: Browser) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = Client()
    send(client, write(make_event()))
    with CaptureQueriesContext(connection) as queries:
        send(client, write(make_event(2)))
    said = " ".join(query["sql"] for query in queries)
    assert "django_session" not in said
    assert "tenants_user" not in said
    assert len(queries) <= 5  # the schema, a savepoint and its release beside the two inserts


@pytest.mark.parametrize(
    ("signature", "words"),
    [("", "does not fit"), ("t=1,v1=00", "does not fit"), ("t=1,v1=" + "0" * 64, "does not fit")],
)
def test_a_forged_one_is_refused_in_words(pages: Browser, signature: str, words: str) -> None:
    answer = send(Client(), write(make_event()), **{"Stripe-Signature": signature})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")
    assert not StripeEvent.objects.exists()


def test_a_stale_one_is_refused(pages: Browser) -> None:
    body = write(make_event())
    answer = send(Client(), body, **{"Stripe-Signature": sign(body, moment=1_700_000_000)})
    assert (answer.status_code, "5 minutes" in answer.content.decode()) == (400, True)
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("size", [600_000, 3_000_000])
def test_too_much_is_refused_unread(pages: Browser, size: int) -> None:
    answer = send(Client(), write(make_event(padding="x" * size)))
    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()


def test_it_is_only_posted_to(pages: Browser) -> None:
    assert Client().get(PATH, headers={"host": BASE}).status_code == 405


def test_no_communitys_site_has_it(pages: Browser) -> None:
    assert send(Client(), write(make_event()), host=ACME).status_code == 404
    assert not StripeEvent.objects.exists()
