"""What a Checkout session costs today: its lines added up by the same functions as the invoice that it will make."""

from __future__ import annotations

from ..engine.periods import Period
from ..engine.pricing import amount_of
from ..ids import new_id
from ..store import Json, Store
from . import discounts
from .invoices import Bill, compose
from .items import is_metered
from .lines import Line, product_name
from .starting import build_subscription, first_lines

_NOBODY = {
    "id": None,
    "address": None,
    "balance": 0,
    "currency": None,
    "discount": None,
    "tax_exempt": "none",
    "test_clock": None,
}


def add_up_session(store: Store, session: Json) -> None:
    """Set the amounts and `_lines` of a session in place; in setup mode there are none."""
    if session["mode"] == "setup":
        return
    customer = store.find("customer", session["customer"]) or dict(_NOBODY)
    now = store.now(customer["test_clock"])
    coupons = discounts.preview_coupons(store, session["_discounts"], None, session["customer"], now)
    lines = (
        _subscription_lines(store, session, customer, now, coupons)
        if session["mode"] == "subscription"
        else _sold(store, session, now)
    )
    # The balance is the invoice's matter, and no part of what a session shows.
    bill = Bill(
        customer=customer | {"balance": 0},
        currency=session["currency"],
        lines=lines,
        reason="upcoming",
        now=now,
        discounts=coupons,
        automatic_tax=session["automatic_tax"]["enabled"],
    )
    invoice = compose(bill)
    off = sum(one["amount"] for one in invoice["total_discount_amounts"])
    tax = sum(one["amount"] for one in invoice["total_taxes"])
    session |= {"amount_subtotal": invoice["subtotal"], "amount_total": max(invoice["total"], 0)}
    session["total_details"] = {"amount_discount": off, "amount_shipping": 0, "amount_tax": tax}
    session["_lines"] = [
        _line(store, session, one, line)
        for one, line in zip(session["_given"]["line_items"], _by_item(store, session, invoice), strict=True)
    ]


def _subscription_lines(
    store: Store, session: Json, customer: Json, now: int, coupons: list[tuple[str, Json]]
) -> list[Line]:
    given = session["_given"]
    data = given.get("subscription_data") or {}
    wanted = {
        name: data[name]
        for name in ("trial_end", "trial_period_days", "billing_cycle_anchor")
        if data.get(name) is not None
    }
    items = [_item(store, one) for one in given["line_items"]]
    subscription = build_subscription(
        store, wanted | {"items": items, "currency": session["currency"]}, customer, now, None, writes=False
    )
    subscription["_coupons"] = coupons
    return first_lines(store, subscription, data, trialing=subscription["status"] == "trialing")


def _item(store: Store, given: Json) -> Json:
    price = store.get("price", given["price"])
    return (
        {"price": price["id"]}
        if is_metered(price)
        else {"price": price["id"], "quantity": given.get("quantity", 1)}
    )


def _sold(store: Store, session: Json, now: int) -> list[Line]:
    lines = []
    for one in session["_given"]["line_items"]:
        price = store.get("price", one["price"])
        quantity = one.get("quantity", 1)
        amount = amount_of(price, quantity, session["currency"])
        lines.append(Line(amount, product_name(store, price), Period(now, now), price, quantity))
    return lines


def _by_item(store: Store, session: Json, invoice: Json) -> list[Json | None]:
    """The invoice's line of each line item; None for what is metered and costs nothing yet."""
    left = list(invoice["lines"]["data"])
    found: list[Json | None] = []
    for one in session["_given"]["line_items"]:
        line = next(
            (line for line in left if line["pricing"]["price_details"]["price"] == one["price"]), None
        )
        if line is not None:
            left.remove(line)
        found.append(line)
    return found


def _line(store: Store, session: Json, given: Json, line: Json | None) -> Json:
    price = store.get("price", given["price"])
    off = sum(one["amount"] for one in line["discount_amounts"]) if line else 0
    tax = sum(one["amount"] for one in line["taxes"]) if line else 0
    amount = line["amount"] if line else 0
    return {
        "id": given.get("_id") or new_id("li"),
        "object": "item",
        "amount_discount": off,
        "amount_subtotal": amount,
        "amount_tax": tax,
        "amount_total": amount - off + tax,
        "currency": session["currency"],
        "description": product_name(store, price),
        "metadata": {},
        "price": price,
        "quantity": None if is_metered(price) else given.get("quantity", 1),
        "_metered": is_metered(price),
    }


def needs_card(session: Json) -> bool:
    """Whether the page must ask for a card: always, unless it is to ask only where something is due today."""
    if session["mode"] == "setup" or session["amount_total"]:
        return True
    return bool(session["mode"] == "subscription" and session["payment_method_collection"] == "always")
