"""What is stored of a webhook, and what is refused."""

from __future__ import annotations

import pytest
from django.db import connection

from billing.inbox.errors import OtherModeError, UnreadableEventError, WebhookRefusedError
from billing.inbox.receiving import JOB, LARGEST_BODY, receive_webhook
from billing.models import StripeEvent
from saas.events.queue import list_queued
from tests.billing.inbox.material import LIVE_KEY, make_event, sign, write

pytestmark = pytest.mark.usefixtures("db")


def receive(body: bytes, content_type: str = "application/json; charset=utf-8") -> bool:
    return receive_webhook(body=body, content_type=content_type, signature=sign(body))


def test_an_event_is_stored_with_its_job() -> None:
    assert receive(
        write(make_event(data={"object": {"id": "in_1", "object": "invoice", "customer": "cus_1"}}))
    )
    row = StripeEvent.objects.get()
    assert (row.stripe_id, row.state, row.object_id, row.customer_id) == (
        "evt_1",
        "received",
        "in_1",
        "cus_1",
    )
    assert row.payload["data"]["object"]["id"] == "in_1"
    (job,) = list_queued(state="todo", name=JOB)
    assert (job.queue, job.arguments, job.tenant) == ("billing", {"event_id": row.pk}, "public")


def test_a_repeat_is_known_and_adds_nothing() -> None:
    body = write(make_event())
    assert [receive(body), receive(body), receive(body)] == [True, False, False]
    assert StripeEvent.objects.count() == 1
    assert len(list_queued(state="todo", name=JOB)) == 1


def test_a_repeat_with_another_body_leaves_the_first_as_it_was() -> None:
    receive(write(make_event()))
    assert not receive(write(make_event(type="invoice.paid")))
    assert StripeEvent.objects.get().type == "customer.subscription.updated"


@pytest.mark.parametrize(
    ("about", "customer"),
    [
        ({"id": "cus_1", "object": "customer"}, "cus_1"),
        ({"id": "in_1", "object": "invoice", "customer": {"id": "cus_2", "object": "customer"}}, "cus_2"),
        ({"id": "price_1", "object": "price"}, ""),
        ({"object": "invoice", "customer": None}, ""),
    ],
)
def test_the_customer_is_read_where_it_stands(about: dict[str, object], customer: str) -> None:
    receive(write(make_event(data={"object": about})))
    row = StripeEvent.objects.get()
    assert (row.object_id, row.customer_id) == (about.get("id", ""), customer)


BAD = {
    "not JSON": b"not json",
    "empty": b"",
    "a list": b"[]",
    "null": b"null",
    "another object": write({"object": "charge", "id": "ch_1"}),
    "a thin event": write({"object": "v2.core.event", "id": "evt_1", "type": "v2.core.account.updated"}),
    "no id": write(make_event(id=None)),
    "an empty id": write(make_event(id="")),
    "a long id": write(make_event(id="e" * 256)),
    "a long type": write(make_event(type="t" * 81)),
    "a number for a type": write(make_event(type=4)),
    "no moment": write(make_event(created=None)),
    "true for a moment": write(make_event(created=True)),
    "a moment beyond all": write(make_event(created=2**62)),
    "an object without an id that is a text": write(make_event(data={"object": {"id": 7}})),
    "a NUL in the id": write(make_event(id="evt_\x00")),
    "broken UTF-8": b'{"object": "event", "id": "\xff"}',
    "a number that Postgres cannot keep": write(make_event())[:-1] + b',"x":1e-99999}',
    "half a character": write(make_event())[:-1] + b',"x":"\\ud800"}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_event_is_refused_and_not_stored(body: bytes) -> None:
    with pytest.raises(UnreadableEventError):
        receive(body)
    assert not StripeEvent.objects.exists()
    assert not list_queued(state="todo", name=JOB)


def test_another_content_type_is_refused() -> None:
    body = write(make_event())
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
        with pytest.raises(UnreadableEventError):
            receive(body, content_type)
    assert not StripeEvent.objects.exists()


def test_too_much_is_refused() -> None:
    with pytest.raises(UnreadableEventError, match="512 kB"):
        receive(write(make_event(padding="x" * LARGEST_BODY)))
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize(
    ("key", "live"), [("", True), (LIVE_KEY, False), (LIVE_KEY.replace("sk", "rk"), False)]
)
def test_the_other_modes_events_are_refused(settings: object, key: str, live: bool) -> None:
    settings.STRIPE_SECRET_KEY = key or settings.STRIPE_SECRET_KEY  # type: ignore[attr-defined]
    with pytest.raises(OtherModeError):
        receive(write(make_event(livemode=live)))
    assert receive(write(make_event(livemode=not live)))


def test_hostile_text_is_stored_as_it_is_but_for_nul() -> None:
    hostile = "<script>\x00\u202e🙂\\u0000" + "x" * 100_000
    receive(write(make_event(data={"object": {"id": "cus_1", "object": "customer", "name": hostile}})))
    name = StripeEvent.objects.get().payload["data"]["object"]["name"]
    assert name == hostile.replace("\x00", "")


def test_a_forged_one_leaves_nothing() -> None:
    body = write(make_event())
    for signature in ("", "t=1,v1=abc", sign(body, secret="whsec_other"), sign(body + b" ")):
        with pytest.raises(WebhookRefusedError):
            receive_webhook(body=body, content_type="application/json", signature=signature)
    assert not StripeEvent.objects.exists()


def test_storing_takes_two_statements() -> None:
    from django.test.utils import CaptureQueriesContext

    receive(write(make_event()))
    with CaptureQueriesContext(connection) as queries:
        receive(write(make_event(2)))
    assert len([q for q in queries if q["sql"].lower().startswith(("insert", "\ninsert", "with"))]) == 2
