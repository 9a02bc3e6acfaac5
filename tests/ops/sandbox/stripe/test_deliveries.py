"""Events on their way: signed, tried again, and every way in which that goes wrong on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from tests.stripe import WEBHOOK_SECRET, StripeServer


class Receiver(ThreadingHTTPServer):
    """An endpoint that keeps what comes and answers the next of `answers`, then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/stripe/webhook/"

    def types(self) -> list[str]:
        return [self.event(place).type for place in range(len(self.got))]

    def event(self, place: int, secret: str = WEBHOOK_SECRET) -> stripe.Event:
        return stripe.Webhook.construct_event(*self.got[place], secret)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver(stripe_server: StripeServer) -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        stripe_server.control.add_endpoint(server.url, WEBHOOK_SECRET)
        yield server
        server.shutdown()
        thread.join()


def make(stripe_server: StripeServer, *names: str) -> None:
    for name in names:
        stripe_server.client.v1.products.create({"name": name})


def test_an_event_arrives_signed(stripe_server: StripeServer, receiver: Receiver):
    make(stripe_server, "Growth")
    assert stripe_server.control.settle()

    event = receiver.event(0)

    assert (event.type, event.data.object["name"]) == ("product.created", "Growth")
    assert stripe_server.client.v1.events.retrieve(event.id).pending_webhooks == 0
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.event(0, "whsec_another")


def test_a_refused_delivery_is_tried_again(stripe_server: StripeServer, receiver: Receiver):
    receiver.answers = [500, 302]
    make(stripe_server, "Growth")
    while len(receiver.got) < 3:
        stripe_server.control.settle()

    stripe_server.control.settle()
    (delivery,) = stripe_server.control.deliveries()

    assert [line["status"] for line in delivery["log"]] == [500, 302, 200]
    assert len({receiver.event(place).id for place in range(3)}) == 1


def test_a_delivery_that_is_never_taken_fails_and_can_be_released(
    stripe_server: StripeServer, receiver: Receiver
):
    receiver.answers = [500] * 4
    make(stripe_server, "Growth")
    while len(receiver.got) < 4:
        stripe_server.control.settle()
    stripe_server.control.settle()

    assert stripe_server.control.deliveries()[0]["state"] in ("failed", "pending")
    assert stripe_server.control.release()[0]["state"] == "delivered"


def test_each_event_twice(stripe_server: StripeServer, receiver: Receiver):
    stripe_server.control.faults(repeat=2)
    make(stripe_server, "Growth")
    stripe_server.control.settle()

    assert receiver.types() == ["product.created"] * 2
    assert receiver.event(0).id == receiver.event(1).id


@pytest.mark.parametrize("fault", ["hold", "drop"])
def test_held_or_lost_until_released_in_any_order(
    stripe_server: StripeServer, receiver: Receiver, fault: str
):
    stripe_server.control.faults(**{fault: True})
    make(stripe_server, "a", "b", "c")
    assert stripe_server.control.settle()
    assert receiver.got == []

    stripe_server.control.release(order="reversed")

    assert [receiver.event(place).data.object["name"] for place in range(3)] == ["c", "b", "a"]


def test_shuffled_events_all_arrive(stripe_server: StripeServer, receiver: Receiver):
    stripe_server.control.faults(shuffle=True, spread=0.1)
    make(stripe_server, *"abcdefgh")
    stripe_server.control.settle()

    assert sorted(receiver.event(place).data.object["name"] for place in range(8)) == list("abcdefgh")


def test_forged_stale_and_changed_by_hand(stripe_server: StripeServer, receiver: Receiver):
    stripe_server.control.faults(drop=True)
    make(stripe_server, "Growth")
    event = stripe_server.last_event("product.created")["id"]

    stripe_server.control.deliver(event, secret="whsec_forged")
    stripe_server.control.deliver(event, age=3600)
    stripe_server.control.deliver(event, change={"type": "product.deleted"}, times=2)

    for place in (0, 1):
        with pytest.raises(stripe.SignatureVerificationError):
            receiver.event(place)
    assert receiver.event(2).type == receiver.event(3).type == "product.deleted"


def test_both_secrets_sign_while_one_is_rolled(stripe_server: StripeServer, receiver: Receiver):
    endpoint = stripe_server.client.v1.webhook_endpoints.list().data[0]
    stripe_server.control.roll_secret(endpoint.id, "whsec_new")
    make(stripe_server, "Growth")
    stripe_server.control.settle()

    assert receiver.event(0, WEBHOOK_SECRET).id == receiver.event(0, "whsec_new").id


def test_an_endpoint_gets_what_it_asked_for_alone(stripe_server: StripeServer, receiver: Receiver):
    endpoints = stripe_server.client.v1.webhook_endpoints
    endpoints.update(endpoints.list().data[0].id, {"enabled_events": ["customer.created"]})

    make(stripe_server, "Growth")
    stripe_server.client.v1.customers.create({})
    stripe_server.control.settle()

    assert receiver.types() == ["customer.created"]


def test_a_test_client_gets_a_signed_body(stripe_server: StripeServer):
    make(stripe_server, "Growth")

    body, signature = stripe_server.signed(stripe_server.last_event("product.created"))

    assert stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET).type == "product.created"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(
            *stripe_server.signed(stripe_server.events[0], age=600), WEBHOOK_SECRET
        )
