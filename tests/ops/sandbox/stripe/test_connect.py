"""Connected accounts: onboarding, destination charges, transfers, fees, and taking it back."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


def onboard(stripe_server: StripeServer) -> str:
    client = stripe_server.client.v1
    account = client.accounts.create({"type": "express", "capabilities": {"transfers": {"requested": True}}})
    back = f"{stripe_server.url}/_sandbox/"
    link = client.account_links.create(
        {"account": account.id, "type": "account_onboarding", "return_url": back, "refresh_url": back}
    )
    urllib.request.urlopen(link.url).read()
    urllib.request.urlopen(link.url, data=b"answer=complete").read()
    return str(account.id)


@pytest.fixture
def account(stripe_server: StripeServer) -> str:
    return onboard(stripe_server)


def pay(stripe_server: StripeServer, **params: Any) -> Any:
    return stripe_server.client.v1.payment_intents.create(
        {"amount": 10_000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, **params}
    )


def test_an_account_is_ready_once_its_owner_has_answered(stripe_server: StripeServer):
    fresh = stripe_server.client.v1.accounts.create({"type": "express"})
    refused = refusal(
        lambda: stripe_server.client.v1.transfers.create(
            {"amount": 100, "currency": "usd", "destination": fresh.id}
        )
    )

    ready = stripe_server.client.v1.accounts.retrieve(onboard(stripe_server))

    assert refused.code == "insufficient_capabilities_for_transfer"
    assert not fresh.charges_enabled
    assert (ready.charges_enabled, ready.capabilities.transfers, ready.requirements.currently_due) == (
        True,
        "active",
        [],
    )


def test_a_destination_charge_pays_the_account_and_the_platform_its_fee(
    stripe_server: StripeServer, account: str
):
    client = stripe_server.client.v1
    intent = pay(
        stripe_server,
        transfer_data={"destination": account},
        application_fee_amount=1000,
        expand=["latest_charge.transfer"],
    )

    transfer, fee = intent.latest_charge.transfer, client.application_fees.list().data[0]
    assert (transfer.destination, transfer.amount) == (account, 10_000)
    assert (fee.amount, fee.account, fee.charge) == (1000, account, intent.latest_charge.id)

    refund = client.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 5000,
            "reverse_transfer": True,
            "refund_application_fee": True,
        }
    )
    assert refund.transfer_reversal
    assert client.transfers.retrieve(transfer.id).amount_reversed == 5000
    assert client.application_fees.retrieve(fee.id).amount_refunded == 500


def test_a_transfer_is_never_reversed_beyond_itself(stripe_server: StripeServer, account: str):
    transfers = stripe_server.client.v1.transfers
    charge = pay(stripe_server).latest_charge
    made = transfers.create(
        {"amount": 6000, "currency": "usd", "destination": account, "source_transaction": charge}
    )

    too_much = refusal(
        lambda: transfers.create(
            {"amount": 4001, "currency": "usd", "destination": account, "source_transaction": charge}
        )
    )
    transfers.reversals.create(made.id, {"amount": 1000})

    assert too_much.param == "amount"
    assert refusal(lambda: transfers.reversals.create(made.id, {"amount": 5001})).param == "amount"
    assert transfers.reversals.create(made.id).amount == 5000
    assert transfers.retrieve(made.id).reversed


def test_a_connected_accounts_objects_are_apart(stripe_server: StripeServer, account: str):
    customers = stripe_server.client.v1.customers
    theirs = customers.create({"name": "Theirs"}, {"stripe_account": account})

    assert refusal(lambda: customers.retrieve(theirs.id)).code == "resource_missing"
    assert customers.retrieve(theirs.id, options={"stripe_account": account}).name == "Theirs"
    assert customers.list().data == []
    coupons = stripe_server.client.v1.coupons
    coupons.create({"id": "SPRING", "percent_off": 10}, {"idempotency_key": "one"})
    coupons.create({"id": "SPRING", "percent_off": 50}, {"idempotency_key": "one", "stripe_account": account})
    assert coupons.retrieve("SPRING").percent_off == 10
    error = refusal(lambda: customers.list(options={"stripe_account": "acct_none"}), stripe.PermissionError)
    assert (error.http_status, error.error.code) == (403, "account_invalid")


def test_a_fee_needs_somebody_to_take_it_from(stripe_server: StripeServer):
    assert refusal(lambda: pay(stripe_server, application_fee_amount=100)).param == "application_fee_amount"


def test_refunded_in_parts_all_of_the_share_and_of_the_fee_comes_back(
    stripe_server: StripeServer, account: str
):
    """Thirds that do not divide: the parts add up, and none takes back what was not its own."""
    client = stripe_server.client.v1
    intent = pay(
        stripe_server,
        amount=1000,
        transfer_data={"destination": account, "amount": 7},
        expand=["latest_charge.transfer"],
    )
    transfer = intent.latest_charge.transfer.id
    reversed_so_far = []
    for amount in (50, 283, 333, 334):
        client.refunds.create({"payment_intent": intent.id, "amount": amount, "reverse_transfer": True})
        reversed_so_far.append(client.transfers.retrieve(transfer).amount_reversed)
    assert reversed_so_far == [0, 2, 5, 7]
    assert client.transfers.retrieve(transfer).reversed

    paid = pay(stripe_server, transfer_data={"destination": account}, application_fee_amount=1001)
    for amount in (3333, 3333, 3334):
        client.refunds.create(
            {
                "payment_intent": paid.id,
                "amount": amount,
                "reverse_transfer": True,
                "refund_application_fee": True,
            }
        )
    fee = client.application_fees.list({"charge": paid.latest_charge}).data[0]
    assert (fee.amount_refunded, fee.refunded) == (1001, True)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_cannot_be_taken_back(stripe_server: StripeServer, account: str, amount: int):
    client = stripe_server.client.v1
    paid = pay(stripe_server, transfer_data={"destination": account}, application_fee_amount=100)
    fee = client.application_fees.list().data[0]
    transfer = client.transfers.list().data[0]

    assert (
        refusal(lambda: client.transfers.reversals.create(transfer.id, {"amount": amount})).param == "amount"
    )
    assert (
        refusal(lambda: client.application_fees.refunds.create(fee.id, {"amount": amount})).param == "amount"
    )
    assert (
        refusal(lambda: client.refunds.create({"charge": paid.latest_charge, "amount": amount})).param
        == "amount"
    )


def test_news_of_an_account_are_connects_whoever_changed_it(stripe_server: StripeServer, account: str):
    client = stripe_server.client.v1
    client.accounts.update(account, {"metadata": {"tenant": "1"}})

    told = client.events.list({"type": "account.updated"}, {"stripe_account": account}).data
    assert told[0].account == account
    assert told[0].data.to_dict()["previous_attributes"] == {"metadata": {"tenant": None}}
    assert client.events.list({"type": "account.updated"}).data == []


def test_what_is_left_of_transfers_and_fees_is_there_one_by_one(stripe_server: StripeServer, account: str):
    client = stripe_server.client.v1
    paid = pay(stripe_server, transfer_data={"destination": account}, application_fee_amount=100)
    transfer, fee = client.transfers.list().data[0], client.application_fees.list().data[0]
    back = client.transfers.reversals.create(transfer.id, {"amount": 5})
    given = client.application_fees.refunds.create(fee.id, {"amount": 6})

    assert client.transfers.reversals.retrieve(transfer.id, back.id).amount == 5
    assert client.application_fees.refunds.retrieve(fee.id, given.id).amount == 6
    assert [one.id for one in client.application_fees.refunds.list(fee.id)] == [given.id]
    told = client.transfers.update(transfer.id, {"metadata": {"charge": str(paid.latest_charge)}})
    assert told.metadata["charge"] == paid.latest_charge
    marked: Any = {"metadata": {"why": "lost"}}
    assert client.transfers.reversals.update(transfer.id, back.id, marked).metadata["why"] == "lost"
    assert client.application_fees.refunds.update(fee.id, given.id, marked).metadata["why"] == "lost"
    assert refusal(lambda: client.transfers.reversals.retrieve("tr_none", back.id)).code == "resource_missing"


def test_capabilities_are_asked_for_and_looked_at(stripe_server: StripeServer, account: str):
    client = stripe_server.client.v1
    capabilities = client.accounts.capabilities
    assert [(one.id, one.status) for one in capabilities.list(account)] == [("transfers", "active")]
    assert capabilities.retrieve(account, "card_payments").status == "unrequested"

    made = capabilities.update(account, "card_payments", {"requested": True})

    assert (made.status, made.requested, made.requirements.currently_due) == ("active", True, [])
    assert client.accounts.retrieve(account).capabilities.card_payments == "active"
    capabilities.update(account, "card_payments", {"requested": False})
    assert "card_payments" not in client.accounts.retrieve(account).capabilities
    assert refusal(lambda: capabilities.retrieve(account, "flying")).code == "resource_missing"


def test_the_own_account_is_the_platform_or_the_one_in_hand(stripe_server: StripeServer, account: str):
    accounts = stripe_server.client.v1.accounts
    assert accounts.retrieve_current().charges_enabled
    assert accounts.retrieve_current(options={"stripe_account": account}).id == account
