"""Cards and what they do, intents, charges, refunds."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.fixture
def customer(stripe_server: StripeServer) -> str:
    return stripe_server.client.v1.customers.create({"email": "ada@example.com"}).id


def pay(stripe_server: StripeServer, **params: Any) -> Any:
    sent = {"amount": 2500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, **params}
    return stripe_server.client.v1.payment_intents.create(sent)


def kinds(stripe_server: StripeServer) -> list[str]:
    return [one["type"] for one in stripe_server.events]


def test_a_good_card_pays(stripe_server: StripeServer):
    intent = pay(stripe_server, metadata={"tenant": "acme"}, expand=["latest_charge.balance_transaction"])

    assert (intent.status, intent.amount_received) == ("succeeded", 2500)
    charge = intent.latest_charge
    assert (charge.paid, charge.metadata.to_dict(), charge.payment_method_details.card.last4) == (
        True,
        {"tenant": "acme"},
        "4242",
    )
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (102, 2398)
    assert kinds(stripe_server) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


@pytest.mark.parametrize(
    ("token", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_is_402_and_leaves_its_traces(
    stripe_server: StripeServer, token: str, code: str, decline: str
):
    error = refusal(lambda: pay(stripe_server, payment_method=token), stripe.CardError)

    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline)
    intent = stripe_server.client.v1.payment_intents.list().data[0]
    assert intent.id == error.error.payment_intent.id
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", code)
    assert kinds(stripe_server) == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    again = stripe_server.client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"


def test_a_card_may_be_saved_and_fail_when_charged(stripe_server: StripeServer, customer: str):
    methods = stripe_server.client.v1.payment_methods

    refused = refusal(
        lambda: methods.attach("pm_card_chargeDeclined", {"customer": customer}), stripe.CardError
    )
    saved = methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    error = refusal(lambda: pay(stripe_server, customer=customer, payment_method=saved.id), stripe.CardError)

    assert refused.code == error.code == "card_declined"
    assert [one.id for one in methods.list({"customer": customer, "type": "card"}).data] == [saved.id]


@pytest.mark.parametrize(
    ("answer", "status"), [("complete", "succeeded"), ("fail", "requires_payment_method")]
)
def test_three_d_secure_sends_to_the_bank_and_back(stripe_server: StripeServer, answer: str, status: str):
    intents = stripe_server.client.v1.payment_intents
    made = pay(
        stripe_server,
        payment_method="pm_card_authenticationRequired",
        return_url=f"{stripe_server.url}/_sandbox/?from=bank",
    )
    url = made.next_action.redirect_to_url.url

    asked = urllib.request.urlopen(url).read().decode()
    with urllib.request.urlopen(url, data=f"answer={answer}".encode()) as landed:
        address = landed.geturl()

    assert made.status == "requires_action"
    assert "$25.00" in asked
    assert f"payment_intent={made.id}" in address
    assert "from=bank" in address
    assert intents.retrieve(made.id).status == status


def test_off_session_a_card_that_wants_its_owner_is_declined(stripe_server: StripeServer, customer: str):
    card = stripe_server.client.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": customer}
    )

    error = refusal(
        lambda: pay(stripe_server, customer=customer, payment_method=card.id, off_session=True),
        stripe.CardError,
    )

    assert error.code == "authentication_required"


def test_a_card_that_was_set_up_pays_off_session(stripe_server: StripeServer, customer: str):
    client = stripe_server.client.v1
    setup = client.setup_intents.create(
        {"customer": customer, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    )
    urllib.request.urlopen(setup.next_action.redirect_to_url.url, data=b"answer=complete").read()
    setup = client.setup_intents.retrieve(setup.id)

    paid = pay(stripe_server, customer=customer, payment_method=setup.payment_method, off_session=True)

    assert (setup.status, paid.status) == ("succeeded", "succeeded")
    assert client.payment_methods.retrieve(setup.payment_method).customer == customer


def test_a_setup_of_a_bad_card_is_402(stripe_server: StripeServer, customer: str):
    error = refusal(
        lambda: stripe_server.client.v1.setup_intents.create(
            {"customer": customer, "payment_method": "pm_card_chargeDeclined", "confirm": True}
        ),
        stripe.CardError,
    )

    assert error.error.setup_intent.status == "requires_payment_method"


def test_another_customers_card_is_refused(stripe_server: StripeServer, customer: str):
    client = stripe_server.client.v1
    stranger = client.customers.create({}).id
    card = client.payment_methods.attach("pm_card_visa", {"customer": stranger}).id

    assert (
        refusal(lambda: pay(stripe_server, customer=customer, payment_method=card)).param == "payment_method"
    )
    assert refusal(lambda: client.payment_methods.attach(card, {"customer": customer})).http_status == 400
    assert client.payment_methods.detach(card).customer is None


def test_what_was_held_is_captured_in_part_or_let_go(stripe_server: StripeServer):
    intents = stripe_server.client.v1.payment_intents
    held = pay(stripe_server, capture_method="manual")
    other = pay(stripe_server, capture_method="manual")

    refused = refusal(lambda: intents.capture(held.id, {"amount_to_capture": 2501}))
    taken = intents.capture(held.id, {"amount_to_capture": 2000, "expand": ["latest_charge"]})
    dropped = intents.cancel(other.id)

    assert (held.status, held.amount_capturable) == ("requires_capture", 2500)
    assert refused.param == "amount_to_capture"
    assert (taken.status, taken.amount_received, taken.latest_charge.amount_refunded) == (
        "succeeded",
        2000,
        500,
    )
    assert dropped.status == "canceled"
    assert refusal(lambda: intents.cancel(held.id)).code == "payment_intent_unexpected_state"


def test_refunds_in_parts_and_never_more_than_was_paid(stripe_server: StripeServer):
    refunds = stripe_server.client.v1.refunds
    intent = pay(stripe_server)

    first = refunds.create({"payment_intent": intent.id, "amount": 1000, "reason": "requested_by_customer"})
    too_much = refusal(lambda: refunds.create({"payment_intent": intent.id, "amount": 1501}))
    rest = refunds.create({"charge": intent.latest_charge})
    again = refusal(lambda: refunds.create({"charge": intent.latest_charge}))

    assert (first.amount, rest.amount, rest.status) == (1000, 1500, "succeeded")
    assert too_much.param == "amount"
    assert "greater than unrefunded amount" in str(too_much)
    assert again.code == "charge_already_refunded"
    charge = stripe_server.client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 2500, 2)
    assert kinds(stripe_server).count("charge.refunded") == 2


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"amount": 10}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"currency": "abc"}, None),
        ({"payment_method": "pm_none"}, "resource_missing"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(stripe_server: StripeServer, params: Any, code: str | None):
    error = refusal(lambda: pay(stripe_server, **params))

    assert (error.http_status, error.code) == (400, code)
    assert stripe_server.client.v1.charges.list().data == []


def test_what_is_too_little_is_said_in_the_currencys_own_units(stripe_server: StripeServer):
    yen = refusal(lambda: pay(stripe_server, amount=49, currency="jpy"))
    pounds = refusal(lambda: pay(stripe_server, amount=29, currency="gbp"))

    assert [yen.user_message, pounds.user_message] == [
        "Amount must be at least ¥50 jpy",
        "Amount must be at least £0.30 gbp",
    ]
    assert pay(stripe_server, amount=50, currency="jpy").amount == 50


def test_a_payment_is_made_once_under_its_key(stripe_server: StripeServer):
    sent = {"amount": 2500, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}
    for _ in range(2):
        error = refusal(
            lambda: stripe_server.client.v1.payment_intents.create(sent, {"idempotency_key": "pay"}),
            stripe.CardError,
        )

    assert error.headers["Idempotent-Replayed"] == "true"
    assert len(stripe_server.client.v1.charges.list().data) == 1


def test_raw_card_numbers_are_refused_and_tokens_taken(stripe_server: StripeServer):
    methods = stripe_server.client.v1.payment_methods
    raw = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2034}}

    assert "generally unsafe" in str(refusal(lambda: methods.create(raw)))
    assert methods.create({"type": "card", "card": {"token": "tok_mastercard"}}).card.brand == "mastercard"


@pytest.mark.parametrize(("words", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_a_bank_takes_a_payment_back(stripe_server: StripeServer, words: str, status: str):
    disputes = stripe_server.client.v1.disputes
    intent = pay(stripe_server, payment_method="pm_card_createDispute", expand=["latest_charge"])

    (dispute,) = disputes.list({"charge": intent.latest_charge.id}).data
    closed = disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}})

    assert (intent.status, dispute.status, dispute.amount, closed.status) == (
        "succeeded",
        "needs_response",
        2500,
        status,
    )
    assert stripe_server.client.v1.charges.retrieve(intent.latest_charge.id).disputed
    assert kinds(stripe_server)[-1] == "charge.dispute.closed"
    assert refusal(lambda: disputes.close(dispute.id)).http_status == 400


def test_a_bank_asks_and_then_takes_a_part(stripe_server: StripeServer):
    control, client = stripe_server.control, stripe_server.client.v1
    intent = pay(stripe_server, payment_method="pm_card_visa", expand=["latest_charge"])
    charge = intent.latest_charge.id

    asked = control.dispute(charge, amount=700, inquiry=True)
    held = client.disputes.retrieve(asked["id"])
    control.go_on_with_dispute(asked["id"], "escalate")
    refused = refusal(lambda: client.refunds.create({"charge": charge}))
    control.go_on_with_dispute(asked["id"], "review")
    control.go_on_with_dispute(asked["id"], "won")

    assert (held.status, held.is_charge_refundable, held.balance_transactions) == (
        "warning_needs_response",
        True,
        [],
    )
    assert refused.code == "charge_disputed"
    lines = client.disputes.retrieve(asked["id"]).balance_transactions
    assert [line.amount for line in lines] == [-700, 700]
    assert [kind for kind in kinds(stripe_server) if kind.startswith("charge.dispute.")] == [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    with pytest.raises(ValueError, match="already won"):
        control.go_on_with_dispute(asked["id"], "lost")
