"""The customer portal: each page, and what its form does; then back to the portal, or where the session's flow leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Final

from aiohttp import web

from ..billing.checkouts import AuthenticationNeededError, decline_words
from ..billing.portals import (
    KIND,
    NotAllowedError,
    Portal,
    cancel_plan,
    change_card,
    change_details,
    change_plan,
    keep_plan,
    main_item,
    offered_prices,
    open_session,
    preview_plan,
    remove_tax_id,
    resume_plan,
)
from ..errors import StripeError
from ..pages.portal import SAID, done_page, expired_page, home_page, link, refused_page
from ..pages.portal_forms import bank_page, cancel_page, card_page, confirm_page, details_page, plan_page
from ..payments.cards import card_of_number
from ..routes import PageCall, page
from ..store import Json

Handler = Callable[[PageCall, Portal], web.StreamResponse]
_DETAILS: Final[tuple[str, ...]] = ("name", "email", "phone", "line1", "postal_code", "city", "country")
_EXPIRES: Final = re.compile(r"^(0?[1-9]|1[0-2])\s*/\s*(\d{2}|20\d{2})$")


def portal_page(method: str, path: str = "") -> Callable[[Handler], Handler]:
    """A page of a portal whose link is good; what is not allowed there is refused, and nothing is written."""

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def serve(call: PageCall) -> web.StreamResponse:
            portal = open_session(call.store, call.path["token"])
            if portal is None:
                return expired_page()
            try:
                with call.store.savepoint():
                    return handler(call, portal)
            except NotAllowedError as error:
                return refused_page(error.message)

        page(method, f"/portal/{{token}}{path}")(serve)
        return handler

    return register


@portal_page("GET")
def show_home(call: PageCall, portal: Portal) -> web.StreamResponse:
    flow = portal.session["flow"]
    if flow and not portal.session.get("_flowed"):
        kind = flow["type"]
        part = flow.get(kind) or {}
        portal.store.put(portal.store.get(KIND, portal.session["id"]) | {"_flowed": True})
        if kind == "subscription_update_confirm":
            item = part["items"][0]
            query = f"price={item['price'] or ''}&quantity={item['quantity'] or ''}"
            return _go(f"{link(portal, 'plan', part['subscription'], 'confirm')}?{query}")
        names = {"subscription_cancel": "cancel", "subscription_update": "plan"}
        if kind in names:
            return _go(link(portal, names[kind], part["subscription"]))
        return _go(link(portal, "card" if kind == "payment_method_update" else "details"))
    return home_page(portal, call.query.get("done", ""))


def _go(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


def _done(portal: Portal, what: str) -> web.StreamResponse:
    """Back to the portal, unless the session's flow ends elsewhere."""
    after = (portal.session["flow"] or {}).get("after_completion") or {}
    if after.get("type") == "redirect":
        return _go(after["redirect"]["return_url"])
    if after.get("type") == "hosted_confirmation":
        return done_page(portal, after["hosted_confirmation"]["custom_message"] or SAID[what])
    return _go(f"{link(portal)}?done={what}")


# --- another plan ---


@portal_page("GET", "/plan/{subscription}")
def show_plans(call: PageCall, portal: Portal) -> web.StreamResponse:
    subscription = portal.subscription(call.path["subscription"])
    return plan_page(portal, subscription, offered_prices(portal, subscription))


@portal_page("GET", "/plan/{subscription}/confirm")
def show_change(call: PageCall, portal: Portal) -> web.StreamResponse:
    return _confirm(
        portal,
        *_wanted(
            portal, call.path["subscription"], call.query.get("price", ""), call.query.get("quantity", "")
        ),
    )


@portal_page("POST", "/plan/{subscription}/confirm")
def make_change(call: PageCall, portal: Portal) -> web.StreamResponse:
    name, quantity = call.form.get("price", ""), call.form.get("quantity", "")
    return _change(portal, call.path["subscription"], name, quantity, authenticated=False)


def _wanted(portal: Portal, subscription_id: str, name: str, quantity: str) -> tuple[Json, Json, int]:
    """The subscription, price and quantity that are meant. Raises NotAllowedError for what is not offered."""
    subscription = portal.subscription(subscription_id)
    item = main_item(subscription)
    name = name or item["price"]["id"]
    flow = portal.session["flow"] or {}
    confirmed = (flow.get("subscription_update_confirm") or {}).get("items") or [{}]
    price = next((one for one in offered_prices(portal, subscription) if one["id"] == name), None)
    if price is None:
        raise NotAllowedError
    count = item.get("quantity") or 1
    allowed = "quantity" in portal.features["subscription_update"]["default_allowed_updates"]
    if quantity.isdigit() and (allowed or quantity == str(confirmed[0].get("quantity"))):
        count = max(1, min(int(quantity), 999_999))
    return subscription, price, count


def _coupons(portal: Portal) -> list[Json]:
    """What the server offers with this change, by the session's flow."""
    return ((portal.session["flow"] or {}).get("subscription_update_confirm") or {}).get("discounts") or []


def _confirm(portal: Portal, subscription: Json, price: Json, quantity: int, wrong: str = "") -> web.Response:
    item = main_item(subscription)
    if (price["id"], quantity) == (item["price"]["id"], item.get("quantity")):
        return plan_page(
            portal,
            subscription,
            offered_prices(portal, subscription),
            "This is your plan already. Choose another.",
        )
    coupons = [{key: value for key, value in one.items() if value} for one in _coupons(portal)]
    invoice = preview_plan(portal, subscription, price, quantity, coupons or None)
    return confirm_page(portal, subscription, price, quantity, invoice, wrong)


def _change(portal: Portal, id: str, name: str, quantity: str, *, authenticated: bool) -> web.StreamResponse:
    subscription, price, count = _wanted(portal, id, name, quantity)
    item = main_item(subscription)
    if (price["id"], count) == (item["price"]["id"], item.get("quantity")):
        return _done(portal, "plan")  # the second click of two
    try:
        after = change_plan(
            portal, subscription, price, count, coupons=_coupons(portal) or None, authenticated=authenticated
        )
    except AuthenticationNeededError:
        return _ask_bank(
            portal, {"what": "plan", "subscription": id, "price": price["id"], "quantity": str(count)}
        )
    except StripeError as error:
        words = decline_words(error) if error.kind == "card_error" else error.message
        return _confirm(portal, portal.subscription(id), price, count, words)
    return _done(portal, "later" if after["schedule"] else "plan")


@portal_page("POST", "/keep/{subscription}")
def keep(call: PageCall, portal: Portal) -> web.StreamResponse:
    keep_plan(portal, portal.subscription(call.path["subscription"]))
    return _done(portal, "kept")


# --- the end, and taking it back ---


@portal_page("GET", "/cancel/{subscription}")
def show_cancel(call: PageCall, portal: Portal) -> web.StreamResponse:
    portal.require("subscription_cancel")
    return cancel_page(portal, portal.subscription(call.path["subscription"]))


@portal_page("POST", "/cancel/{subscription}")
def cancel(call: PageCall, portal: Portal) -> web.StreamResponse:
    options = portal.require("subscription_cancel")["cancellation_reason"]["options"]
    feedback = call.form.get("feedback", "")
    subscription = portal.subscription(call.path["subscription"])
    if subscription["cancel_at"] is None:
        cancel_plan(
            portal, subscription, feedback if feedback in options else "", call.form.get("comment", "")
        )
    return _done(portal, "cancelled")


@portal_page("POST", "/resume/{subscription}")
def resume(call: PageCall, portal: Portal) -> web.StreamResponse:
    resume_plan(portal, portal.subscription(call.path["subscription"]))
    return _done(portal, "resumed")


# --- the card ---


@portal_page("GET", "/card")
def show_card(call: PageCall, portal: Portal) -> web.StreamResponse:
    portal.require("payment_method_update")
    return card_page(portal, {}, {})


@portal_page("POST", "/card")
def save_card(call: PageCall, portal: Portal) -> web.StreamResponse:
    portal.require("payment_method_update")
    filled = {name: call.form.get(name, "")[:40].strip() for name in ("card", "exp", "cvc")}
    wish = call.form.get("do", "save")
    if wish.startswith("fill "):
        return card_page(portal, {"card": wish.removeprefix("fill "), "exp": "12 / 34", "cvc": "123"}, {})
    wrong = {}
    if card_of_number(filled["card"]) is None:
        wrong["card"] = "This is not one of the test cards. Choose one below."
    if not _EXPIRES.match(filled["exp"]):
        wrong["exp"] = "Enter month and year, such as 12 / 34."
    if not re.fullmatch(r"\d{3,4}", filled["cvc"]):
        wrong["cvc"] = "Enter the three or four digits."
    return card_page(portal, filled, wrong) if wrong else _save(portal, filled, authenticated=False)


def _save(portal: Portal, filled: dict[str, str], *, authenticated: bool) -> web.StreamResponse:
    card = card_of_number(filled["card"])
    if card is None:
        raise NotAllowedError
    try:
        change_card(portal, card, authenticated=authenticated)
    except AuthenticationNeededError:
        return _ask_bank(portal, {"what": "card", **filled})
    except StripeError as error:
        words = f"{error.message} Your card was not changed. Try another card, or ask your bank."
        return card_page(portal, filled, {"": words, "card": error.message})
    return _done(portal, "card")


# --- the bank ---


def _ask_bank(portal: Portal, wish: Json) -> web.Response:
    portal.store.put(portal.store.get(KIND, portal.session["id"]) | {"_wish": wish})
    return _go(link(portal, "bank"))


@portal_page("GET", "/bank")
def show_bank(call: PageCall, portal: Portal) -> web.StreamResponse:
    wish = portal.session.get("_wish")
    if not wish:
        return _go(link(portal))
    return bank_page(portal, "saves this card" if wish["what"] == "card" else "pays for this change")


@portal_page("POST", "/bank")
def answer_bank(call: PageCall, portal: Portal) -> web.StreamResponse:
    wish = portal.session.get("_wish")
    if not wish:
        return _go(link(portal))
    portal.store.put(portal.store.get(KIND, portal.session["id"]) | {"_wish": None})
    approved = call.form.get("answer") == "approve"
    words = "Your bank did not confirm that it was you. Nothing was changed. Try again, or use another card."
    if wish["what"] == "card":
        return _save(portal, wish, authenticated=True) if approved else card_page(portal, wish, {"": words})
    if approved:
        return _change(portal, wish["subscription"], wish["price"], wish["quantity"], authenticated=True)
    return _confirm(portal, *_wanted(portal, wish["subscription"], wish["price"], wish["quantity"]), words)


# --- details ---


@portal_page("GET", "/details")
def show_details(call: PageCall, portal: Portal) -> web.StreamResponse:
    portal.require("customer_update")
    customer = portal.customer
    held = {name: customer[name] or "" for name in ("name", "email", "phone")}
    return details_page(
        portal, held | {key: value or "" for key, value in (customer["address"] or {}).items()}, {}
    )


@portal_page("POST", "/details")
def save_details(call: PageCall, portal: Portal) -> web.StreamResponse:
    filled = {
        name: call.form.get(name, "")[:200].strip()
        for name in (*_DETAILS, "tax_type", "tax_id")
        if name in call.form
    }
    given = {name: filled[name] for name in _DETAILS if name in filled}
    kind, value = filled.get("tax_type", ""), filled.get("tax_id", "")
    if value and not kind:
        return details_page(portal, filled, {"tax_id": "Choose what kind of tax ID this is."})
    try:
        with portal.store.savepoint():
            change_details(portal, given, (kind, value) if value else None)
    except NotAllowedError:
        raise
    except StripeError as error:
        place = {"value": "tax_id", "email": "email"}.get(error.param or "", "")
        return details_page(portal, filled, {place: error.message})
    return _done(portal, "details")


@portal_page("POST", "/tax/{id}")
def forget_tax_id(call: PageCall, portal: Portal) -> web.StreamResponse:
    remove_tax_id(portal, call.path["id"])
    return _done(portal, "details")
