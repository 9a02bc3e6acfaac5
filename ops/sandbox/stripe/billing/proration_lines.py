"""Prorations over the store's objects: what a change of items credits and charges, as lines and as pending invoice items.

`_debits` on a subscription holds what each item was last charged and for which time; credits are taken from it.
"""

from __future__ import annotations

from ..engine.discounts import take_off
from ..engine.periods import Period, period_at
from ..engine.pricing import amount_of
from ..engine.proration import Debit, Part, Proration, prorate
from ..ids import new_id
from ..resources.meters import usage_of
from ..store import Json, Store
from . import discounts
from .items import is_metered, terms_of
from .lines import Line, day, pricing_of, product_name


def parts_of(store: Store, subscription: Json, now: int, items: list[Json] | None = None) -> list[Part]:
    """The items paid in advance, each with what it costs for a whole period after discounts."""
    held = subscription["items"]["data"] if items is None else items
    licensed = [(one, store.get("price", one["price"]["id"])) for one in held]
    licensed = [(one, price) for one, price in licensed if not is_metered(price)]
    amounts = [amount_of(price, one["quantity"], subscription["currency"]) for one, price in licensed]
    coupons = discounts.holder_discounts(store, subscription, now)
    taken = take_off(amounts, [price["product"] for _, price in licensed], coupons, subscription["currency"])
    return [
        Part(
            one["id"],
            price["id"],
            one["quantity"],
            amount - sum(off for _, off in offs),
            whole_period(subscription, one),
        )
        for (one, price), amount, offs in zip(licensed, amounts, taken, strict=True)
    ]


def whole_period(subscription: Json, item: Json) -> Period:
    """The item's period at its full length, which a stub before the anchor is only a part of."""
    interval, count = terms_of([item])
    if subscription["status"] == "trialing":
        return Period(item["current_period_start"], item["current_period_end"])
    return period_at(subscription["billing_cycle_anchor"], interval, count, item["current_period_end"] - 1)


def debits_of(subscription: Json) -> dict[str, Debit]:
    return {
        id: Debit(one["amount"], Period(one["start"], one["end"]))
        for id, one in (subscription.get("_debits") or {}).items()
    }


def remember_debits(subscription: Json, invoice: Json) -> None:
    """Take over from an invoice's lines what each item has now been charged."""
    debits = subscription.setdefault("_debits", {})
    for line in invoice["lines"]["data"]:
        details = (line["parent"] or {}).get("subscription_item_details")
        if details is None or line["amount"] < 0 or details["proration"]:
            continue
        off = sum(one["amount"] for one in line["discount_amounts"])
        debits[details["subscription_item"]] = _debit(
            line["amount"] - off, Period(line["period"]["start"], line["period"]["end"])
        )


def _debit(amount: int, period: Period) -> Json:
    return {"amount": amount, "start": period.start, "end": period.end}


def change_lines(store: Store, before: Json, after: Json, moment: int) -> list[Line]:
    """The lines of a change of items, and `_debits` of `after` set to match."""
    old = parts_of(store, before, moment)
    new = [] if after["status"] == "canceled" else parts_of(store, after, moment)
    found = prorate(old, new, debits_of(before), moment)
    debits = dict(before.get("_debits") or {})
    kept = {part.item for part in new}
    for one in found:
        if one.credit:
            debits.pop(one.item, None)
    for one in found:
        if not one.credit:
            debits[one.item] = _debit(one.amount, one.period)
    after["_debits"] = {id: debit for id, debit in debits.items() if id in kept}
    return [_line(store, one, after) for one in found]


def stub_lines(store: Store, subscription: Json, moment: int) -> list[Line]:
    """What remains until the anchor, charged by its share."""
    return [
        _line(store, one, subscription)
        for one in prorate([], parts_of(store, subscription, moment), {}, moment)
    ]


def _line(store: Store, one: Proration, subscription: Json) -> Line:
    price = store.get("price", one.price)
    name = product_name(store, price)
    words = f"{one.quantity} × {name}" if one.quantity > 1 else name
    lead = "Unused" if one.credit else "Remaining"
    return Line(
        one.amount,
        f"{lead} time on {words} after {day(one.period.start)}",
        one.period,
        price,
        one.quantity,
        subscription["id"],
        one.item,
        proration=True,
        discountable=False,
        metadata=dict(subscription["metadata"]),
    )


def hold_lines(store: Store, subscription: Json, lines: list[Line], now: int) -> None:
    """Prorations that wait for the next invoice, as pending invoice items."""
    for line in lines:
        put_invoice_item(store, line, subscription["customer"], subscription["currency"], now)


def put_invoice_item(store: Store, line: Line, customer: str, currency: str, now: int) -> Json:
    """A line that waits for an invoice; put, with its event."""
    details = {"subscription": line.subscription, "subscription_item": line.item}
    clock = (store.find("customer", customer) or {}).get("test_clock")
    quantity = 1 if line.quantity is None else line.quantity
    item: Json = {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": line.amount,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "date": now,
        "description": line.description or None,
        "discountable": line.discountable,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": line.metadata,
        "net_amount": line.amount,
        "parent": {"type": "subscription_details", "subscription_details": details}
        if line.subscription
        else None,
        "period": {"start": line.period.start, "end": line.period.end},
        "pricing": pricing_of(line, currency),
        "proration": line.proration,
        "proration_details": {"credited_items": None, "discount_amounts": []} if line.proration else None,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": clock,
    }
    store.put(item)
    store.emit("invoiceitem.created", item)
    return item


def pending_lines(store: Store, subscription: Json) -> list[Line]:
    """What waits for the subscription's next invoice: its own prorations, and what its customer has pending for none."""
    waiting = [
        one
        for one in store.list("invoiceitem", customer=subscription["customer"], invoice=None)
        if one["currency"] == subscription["currency"] and _subscription_of(one) in (None, subscription["id"])
    ]
    return [line_of_item(store, one) for one in reversed(waiting)]


def _subscription_of(item: Json) -> str | None:
    details = (item["parent"] or {}).get("subscription_details") or {}
    return details.get("subscription")


def line_of_item(store: Store, item: Json) -> Line:
    details = (item["parent"] or {}).get("subscription_details") or {}
    price = store.find("price", ((item["pricing"] or {}).get("price_details") or {}).get("price"))
    return Line(
        item["amount"],
        item["description"] or (product_name(store, price) if price else ""),
        Period(item["period"]["start"], item["period"]["end"]),
        price,
        item["quantity"],
        details.get("subscription"),
        details.get("subscription_item"),
        item["id"],
        item["proration"],
        item["discountable"],
        dict(item["metadata"] or {}),
    )


def usage_lines(store: Store, subscription: Json, period: Period) -> list[Line]:
    """A line for each metered item, for what was used in a period that has ended."""
    lines = []
    for item in subscription["items"]["data"]:
        price = store.get("price", item["price"]["id"])
        if not is_metered(price):
            continue
        used = usage_of(
            store, price["recurring"]["meter"], subscription["customer"], period.start, period.end
        )
        name = product_name(store, price)
        amount = amount_of(price, used, subscription["currency"])
        lines.append(
            Line(
                amount,
                f"{used} × {name}",
                period,
                price,
                used,
                subscription["id"],
                item["id"],
                metadata=dict(subscription["metadata"]),
            )
        )
    return lines
