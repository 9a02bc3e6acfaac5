"""State: it survives a restart and a kill, a refused request leaves nothing, and it can be reset."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import stripe

from ops.devstack.places import PROJECT
from ops.sandbox.stripe.config import LOCAL_KEY
from ops.sandbox.stripe.errors import StripeError
from ops.sandbox.stripe.remote import Control
from ops.sandbox.stripe.store import Store
from tests.stripe import StripeServer


@contextmanager
def running(state: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "ops.sandbox.stripe", "--state", str(state), *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found
        try:
            yield process, found[0]
        finally:
            process.kill()


def test_what_was_answered_survives_a_kill(tmp_path: Path):
    state = tmp_path / "stripe.sqlite3"
    nobody = ("--webhook-url", "http://127.0.0.1:9/stripe/webhook/", "--webhook-secret", "whsec_one")
    with running(state, *nobody) as (process, url):
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": url}, max_network_retries=0)
        Control(url).advance(86_400)
        made = client.v1.products.create({"name": "Pro"}, {"idempotency_key": "once"})
        os.kill(process.pid, signal.SIGKILL)

    with running(state, "--webhook-url", "http://127.0.0.1:10/moved/", "--webhook-secret", "whsec_two") as (
        _,
        url,
    ):
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": url}, max_network_retries=0)
        again = client.v1.products.create({"name": "Pro"}, {"idempotency_key": "once"})
        later = client.v1.customers.create({})

        assert again.id == made.id
        assert [one.type for one in client.v1.events.list().data] == ["customer.created", "product.created"]
        assert [one.url for one in client.v1.webhook_endpoints.list().data] == ["http://127.0.0.1:10/moved/"]
        assert len(Control(url).deliveries()) == 2
        assert 0 <= later.created - made.created < 60


def test_a_refused_request_leaves_nothing_and_a_declined_one_its_traces():
    store = Store()
    thing = {"object": "product", "id": "one", "created": 1}

    with pytest.raises(StripeError), store.transaction():  # noqa: PT012
        store.put(thing)
        raise StripeError("Refused.")
    assert store.find("product", "one") is None

    with pytest.raises(StripeError), store.transaction():  # noqa: PT012
        store.put(thing)
        raise StripeError("Declined.", keeps=True)
    assert store.get("product", "one")["created"] == 1


def test_a_rolled_back_change_is_as_before_and_in_its_place():
    store = Store()
    for number in range(3):
        store.put({"object": "product", "id": str(number), "name": "old"})

    with pytest.raises(ValueError, match="no"), store.transaction():  # noqa: PT012
        store.put({"object": "product", "id": "1", "name": "new"})
        store.delete("product", "0")
        raise ValueError("no")

    assert [(one["id"], one["name"]) for one in store.list("product")] == [
        ("2", "old"),
        ("1", "old"),
        ("0", "old"),
    ]


def test_what_is_read_is_a_copy():
    store = Store()
    store.put({"object": "product", "id": "one", "metadata": {}})

    store.get("product", "one")["metadata"]["a"] = "b"

    assert store.get("product", "one")["metadata"] == {}


def test_a_reset_forgets_everything(stripe_server: StripeServer):
    stripe_server.client.v1.customers.create({})
    stripe_server.control.advance(1000)
    stripe_server.control.faults(status=503)

    stripe_server.control.reset()

    seen = stripe_server.control.describe()
    assert seen["objects"] == {}
    assert seen["faults"]["status"] is None
    assert stripe_server.client.v1.events.list().data == []


def test_what_is_older_than_stripe_remembers_is_forgotten_at_the_start(tmp_path: Path):
    state = tmp_path / "stripe.sqlite3"
    store = Store(state)
    store.put({"object": "customer", "id": "cus_old", "created": 1})
    store.set_offset(-40 * 86_400)
    with store.transaction():
        old = store.emit("customer.created", store.get("customer", "cus_old"))
    store.set_offset(0)
    with store.transaction():
        new = store.emit("customer.updated", store.get("customer", "cus_old"))
    store.close()

    again = Store(state)
    again.prune()

    assert again.find("event", old["id"]) is None
    assert again.find("event", new["id"]) is not None
    assert again.find("customer", "cus_old") is not None
    again.close()


def buy(client: stripe.StripeClient, price: str, key: str) -> None:
    """A customer with a card and a paid subscription, each request under a key of its own."""
    api = client.v1
    customer = api.customers.create({"metadata": {"key": key}}, {"idempotency_key": f"{key}-customer"})
    card = api.payment_methods.attach(
        "pm_card_visa", {"customer": customer.id}, {"idempotency_key": f"{key}-card"}
    )
    api.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price}], "default_payment_method": card.id},
        {"idempotency_key": f"{key}-subscription"},
    )


@pytest.mark.faults
def test_killed_in_the_middle_of_requests_each_is_whole_or_never_was(tmp_path: Path):
    """Three clients buy without a pause until it is killed; each asks again with its keys, and everybody has bought once."""
    state = tmp_path / "stripe.sqlite3"
    with running(state) as (process, url):
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": url}, max_network_retries=0)
        price = client.v1.prices.create(
            {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product_data": {"name": "Pro"}}
        ).id  # fmt: skip

        def buy_on(who: str) -> list[str]:
            begun = []
            with suppress(stripe.APIConnectionError):
                for number in range(10_000):
                    begun.append(f"{who}-{number}")
                    buy(client, price, begun[-1])
            return begun

        with ThreadPoolExecutor(3) as pool:
            buyers = [pool.submit(buy_on, who) for who in ("ada", "bo", "cleo")]
            while not client.v1.subscriptions.list().data:
                pass
            os.kill(process.pid, signal.SIGKILL)
            keys = [key for one in buyers for key in one.result()]

    with running(state) as (_, url):
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": url}, max_network_retries=0)
        for key in keys:
            buy(client, price, key)
        bought = list(client.v1.subscriptions.list({"limit": 100}).auto_paging_iter())
        paid = list(client.v1.charges.list({"limit": 100}).auto_paging_iter())
        told = list(client.v1.events.list({"limit": 100, "type": "invoice.paid"}).auto_paging_iter())
        assert len(bought) == len(paid) == len(told) == len(keys)
        assert {one.status for one in bought} == {"active"}
        assert len({one.customer for one in bought}) == len(keys)
