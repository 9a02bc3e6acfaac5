"""The Checkout page: GET shows it, POST applies a code, fills in a test card, or pays; then the bank, then the shop."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from ..billing.checkout_totals import needs_card
from ..billing.checkouts import (
    KIND,
    AuthenticationNeededError,
    Filled,
    apply_code,
    complete,
    decline_words,
    now_of,
)
from ..errors import StripeError
from ..pages.checkout import Fields, bank_page, checkout_page, closed_page, success_url
from ..pages.frame import show
from ..payments.cards import card_of_number
from ..routes import PageCall, page
from ..store import Json

_FIELDS: Final = (
    "email", "card", "exp", "cvc", "name", "country", "line1", "postal_code", "city", "tax_type", "tax_id", "saved", "code",
)  # fmt: skip
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_EXPIRES: Final = re.compile(r"^(0?[1-9]|1[0-2])\s*/\s*(\d{2}|20\d{2})$")
# What is wrong with a request, by the field that it is shown at.
_PLACES: Final = {"promotion_code": "code", "value": "tax_id", "email": "email", "card": "card"}


@page("GET", "/checkout/{session}")
def show_checkout(call: PageCall) -> web.StreamResponse:
    session = call.store.find(KIND, call.path["session"])
    if session is None:
        return show(
            "Not found",
            "<h1>There is no such checkout</h1><p>Go back to the shop and start again.</p>",
            status=404,
            narrow=True,
        )
    if session["status"] != "open":
        return closed_page(session)
    return checkout_page(call.store, session, {}, {}, now_of(call.store, session))


@page("POST", "/checkout/{session}")
def submit_checkout(call: PageCall) -> web.StreamResponse:
    session = call.store.get(KIND, call.path["session"])
    if session["status"] == "complete":
        raise web.HTTPSeeOther(success_url(session))  # the second click of two
    if session["status"] != "open":
        return closed_page(session)
    filled = {name: call.form.get(name, "")[:400].strip() for name in _FIELDS}
    wish = call.form.get("do", "pay")
    if wish.startswith("fill "):
        number = wish.removeprefix("fill ")
        return _again(
            call, session, filled | {"card": number, "exp": "12 / 34", "cvc": "123", "saved": ""}, {}
        )
    if wish == "forget":
        return _again(call, apply_code(call.store, session, ""), filled | {"code": ""}, {})
    if filled["code"] and not session["_discounts"]:
        return _apply(call, session, filled)  # also where somebody pays with a code typed and not applied
    if wish == "code":
        return _again(call, session, filled, {"code": "Enter a code first."})
    return _pay(call, session, filled, authenticated=False)


@page("GET", "/checkout/{session}/bank")
def show_bank(call: PageCall) -> web.StreamResponse:
    session = call.store.get(KIND, call.path["session"])
    if session["status"] != "open" or not session.get("_filled"):
        raise web.HTTPSeeOther(f"/checkout/{session['id']}")
    return bank_page(session, session["_filled"])


@page("POST", "/checkout/{session}/bank")
def answer_bank(call: PageCall) -> web.StreamResponse:
    session = call.store.get(KIND, call.path["session"])
    if session["status"] == "complete":
        raise web.HTTPSeeOther(success_url(session))
    filled = session.get("_filled")
    if session["status"] != "open" or not filled:
        raise web.HTTPSeeOther(f"/checkout/{session['id']}")
    session["_filled"] = None
    call.store.put(session)
    if call.form.get("answer") != "approve":
        words = (
            "Your bank did not confirm that it was you. Nothing was charged. Try again, or use another card."
        )
        return _again(call, session, filled, {"": words})
    return _pay(call, session, filled, authenticated=True)


def _again(call: PageCall, session: Json, filled: Fields, wrong: dict[str, str]) -> web.Response:
    return checkout_page(call.store, session, filled, wrong, now_of(call.store, session))


def _apply(call: PageCall, session: Json, filled: Fields) -> web.Response:
    try:
        session = apply_code(call.store, session, filled["code"])
    except StripeError as error:
        place = "code" if session["allow_promotion_codes"] else ""
        return _again(call, session, filled, {place: error.message})
    return _again(call, session, filled | {"code": ""}, {})


def _pay(call: PageCall, session: Json, filled: Fields, *, authenticated: bool) -> web.StreamResponse:
    wrong = _check(call, session, filled)
    if wrong:
        return _again(call, session, filled, wrong)
    try:
        session = complete(call.store, session, _filled(session, filled, authenticated))
    except AuthenticationNeededError:
        call.store.put(call.store.get(KIND, session["id"]) | {"_filled": filled})
        raise web.HTTPSeeOther(f"/checkout/{session['id']}/bank") from None
    except StripeError as error:
        fresh = call.store.get(KIND, session["id"])
        if error.kind == "card_error":
            return _again(call, fresh, filled, {"": decline_words(error), "card": error.message})
        return _again(call, fresh, filled, {_PLACES.get(error.param or "", ""): error.message})
    raise web.HTTPSeeOther(success_url(session))


def _check(call: PageCall, session: Json, filled: Fields) -> dict[str, str]:
    """What is missing or malformed, by field."""
    wrong: dict[str, str] = {}
    customer = call.store.find("customer", session["customer"]) or {}
    if not (session["customer_email"] or customer.get("email")) and not _EMAIL.match(filled["email"]):
        wrong["email"] = "Enter your email address, such as robin@example.org."
    if needs_card(session) and not filled["saved"]:
        if card_of_number(filled["card"]) is None:
            wrong["card"] = "This is not one of the test cards. Choose one below."
        if not _EXPIRES.match(filled["exp"]):
            wrong["exp"] = "Enter month and year, such as 12 / 34."
        if not re.fullmatch(r"\d{3,4}", filled["cvc"]):
            wrong["cvc"] = "Enter the three or four digits."
    if filled["tax_id"] and not filled["tax_type"]:
        wrong["tax_id"] = "Choose what kind of tax ID this is."
    return wrong


def _filled(session: Json, filled: Fields, authenticated: bool) -> Filled:
    address = {name: filled[name] for name in ("country", "line1", "postal_code", "city") if filled[name]}
    return Filled(
        card=card_of_number(filled["card"]) if needs_card(session) and not filled["saved"] else None,
        saved=filled["saved"] or None,
        email=filled["email"] or None,
        name=filled["name"] or None,
        address=address,
        tax_id=(filled["tax_type"], filled["tax_id"]) if filled["tax_id"] else None,
        authenticated=authenticated,
    )
