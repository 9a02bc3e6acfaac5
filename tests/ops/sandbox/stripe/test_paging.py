"""Lists page by page, both ways, also where what they are filtered by changes meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.fixture
def invoices(stripe_server: StripeServer) -> list[str]:
    """Seven open ones, the newest first."""
    api = stripe_server.client.v1
    customer = api.customers.create({"email": "robin@example.org"}).id
    made = []
    for _ in range(7):
        api.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd"})
        draft = api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
        made.append(api.invoices.finalize_invoice(draft.id).id)
    return [str(one) for one in made[::-1]]


def test_both_ways_all_come_once(stripe_server: StripeServer, invoices: list[str]) -> None:
    api = stripe_server.client.v1
    forth = [one.id for one in api.invoices.list({"limit": 2}).auto_paging_iter()]
    last: Any = {"limit": 2, "ending_before": invoices[-1]}
    back = [one.id for one in api.invoices.list(last).auto_paging_iter()]
    assert forth == invoices
    assert back == invoices[-2::-1]


def test_what_falls_out_of_the_filter_does_not_break_the_next_page(
    stripe_server: StripeServer, invoices: list[str]
) -> None:
    """Each is voided as it comes, so that a cursor names one which the list no longer shows."""
    api = stripe_server.client.v1
    seen = []
    for one in api.invoices.list({"status": "open", "limit": 2}).auto_paging_iter():
        api.invoices.void_invoice(str(one.id))
        seen.append(one.id)
    assert seen == invoices
    before: Any = {"status": "void", "limit": 100, "ending_before": invoices[3]}
    assert [one.id for one in api.invoices.list(before).data] == invoices[:3]


def test_a_cursor_that_names_nothing_is_refused(stripe_server: StripeServer, invoices: list[str]) -> None:
    error = refusal(lambda: stripe_server.client.v1.invoices.list({"starting_after": "in_none"}))
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "starting_after")
