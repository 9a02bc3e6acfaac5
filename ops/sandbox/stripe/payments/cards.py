"""Stripe's test cards: their tokens, their numbers, and what they do.

Invariant: a card's behaviour is its own, in `_behaviour` of the payment method; no amount and no name changes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from ..errors import invalid
from ..ids import new_id
from ..store import Json, Store


@dataclass(frozen=True, slots=True)
class Decline:
    code: str
    decline_code: str
    message: str


@dataclass(frozen=True, slots=True)
class Card:
    token: str  # `pm_card_…` or, as a token, `tok_…`
    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    declines: str = ""  # a key of DECLINES
    when: str = "always"  # or `charge`: it can be saved, and fails when it is charged
    disputed: bool = False  # the payment goes through, and is taken back by the bank
    authenticate: str = ""  # `always`, or `setup`: once, after that it can be charged without the customer


DECLINES: Final[dict[str, Decline]] = {
    "generic": Decline("card_declined", "generic_decline", "Your card was declined."),
    "funds": Decline("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "lost": Decline("card_declined", "lost_card", "Your card was declined."),
    "stolen": Decline("card_declined", "stolen_card", "Your card was declined."),
    "fraud": Decline("card_declined", "fraudulent", "Your card was declined."),
    "expired": Decline("expired_card", "expired_card", "Your card has expired."),
    "cvc": Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    "processing": Decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "unauthenticated": Decline(
        "payment_intent_authentication_failure",
        "",
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    ),
}
CARDS: Final = (
    Card("pm_card_visa", "4242424242424242"),
    Card("pm_card_visa_debit", "4000056655665556", funding="debit"),
    Card("pm_card_mastercard", "5555555555554444", brand="mastercard"),
    Card("pm_card_amex", "378282246310005", brand="amex"),
    Card("pm_card_discover", "6011111111111117", brand="discover"),
    Card("pm_card_jcb", "3566002020360505", brand="jcb", country="JP"),
    Card("pm_card_de", "4000002760000016", country="DE"),
    Card("pm_card_gb", "4000008260000000", country="GB"),
    Card("pm_card_br", "4000000760000002", country="BR"),
    Card("pm_card_bypassPending", "4000000000000077"),
    Card("pm_card_chargeDeclined", "4000000000000002", declines="generic"),
    Card("pm_card_visa_chargeDeclined", "4000000000000002", declines="generic"),
    Card("pm_card_chargeDeclinedInsufficientFunds", "4000000000009995", declines="funds"),
    Card("pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995", declines="funds"),
    Card("pm_card_chargeDeclinedLostCard", "4000000000009987", declines="lost"),
    Card("pm_card_visa_chargeDeclinedLostCard", "4000000000009987", declines="lost"),
    Card("pm_card_chargeDeclinedStolenCard", "4000000000009979", declines="stolen"),
    Card("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979", declines="stolen"),
    Card("pm_card_chargeDeclinedFraudulent", "4100000000000019", declines="fraud"),
    Card("pm_card_chargeDeclinedExpiredCard", "4000000000000069", declines="expired"),
    Card("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", declines="cvc"),
    Card("pm_card_chargeDeclinedProcessingError", "4000000000000119", declines="processing"),
    Card("pm_card_chargeCustomerFail", "4000000000000341", declines="generic", when="charge"),
    Card("pm_card_createDispute", "4000000000000259", disputed=True),
    Card("pm_card_authenticationRequired", "4000002760003184", authenticate="always"),
    Card("pm_card_threeDSecure2Required", "4000000000003220", authenticate="always"),
    Card("pm_card_threeDSecureRequired", "4000000000003063", authenticate="always"),
    Card("pm_card_authenticationRequiredOnSetup", "4000002500003155", authenticate="setup"),
    Card("pm_card_authenticationRequiredSetupForOffSession", "4000003800000446", authenticate="setup"),
    Card("pm_card_threeDSecureOptional", "4000000000003055"),
    Card(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        declines="funds",
        when="charge",
        authenticate="always",
    ),
)
_BY_TOKEN: Final = {card.token: card for card in CARDS}
_BY_NUMBER: Final = {card.number: card for card in reversed(CARDS)}
_RAW: Final = (
    "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to "
    "the test card you are using, see https://stripe.com/docs/testing."
)


def card_of_number(number: str) -> Card | None:
    """The test card with that number, typed with or without spaces."""
    return _BY_NUMBER.get("".join(letter for letter in number if letter.isdigit()))


def make_method(
    store: Store,
    card: Card,
    *,
    billing: Json | None = None,
    exp: tuple[int, int] = (12, 2034),
    clock: str | None = None,
) -> Json:
    """A new payment method of that card, attached to nobody; put."""
    method: Json = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": _address(), "email": None, "name": None, "phone": None, "tax_id": None, **(billing or {})},
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": card.country,
            "display_brand": "american_express" if card.brand == "amex" else card.brand,
            "exp_month": exp[0],
            "exp_year": exp[1],
            "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
            "funding": card.funding,
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": store.now(clock),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_behaviour": {
            "declines": card.declines,
            "when": card.when,
            "disputed": card.disputed,
            "authenticate": card.authenticate,
            "authenticated": False,
        },
    }  # fmt: skip
    return store.put(method)


def find_method(store: Store, id: str, param: str = "payment_method") -> Json:
    """The payment method with that id; a test token (`pm_card_visa`, `tok_visa`) makes a new one. Raises the 400."""
    name = f"pm_card_{id.removeprefix('tok_')}" if id.startswith("tok_") else id
    card = _BY_TOKEN.get(name)
    return make_method(store, card) if card else store.get("payment_method", id, param=param)


def method_of_data(store: Store, data: dict[str, Any], param: str = "card") -> Json:
    """From `card[token]`; raw numbers are refused, as at Stripe's. Raises the 400."""
    card = data.get("card") or {}
    if "number" in card:
        raise invalid(_RAW, f"{param}[number]")
    if data.get("type") not in ("card", None):
        raise invalid("This local Stripe knows cards alone as payment methods.", "type")
    if "token" not in card:
        raise invalid("Missing required param: card.", "card", "parameter_missing")
    method = find_method(store, card["token"], f"{param}[token]")
    method["billing_details"] |= data.get("billing_details") or {}
    return store.put(method)


def _address() -> Json:
    return dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
