"""Usage that is reported while a renewal's draft still stands: it belongs to the period that the draft bills.

Stripe counts once more when the invoice is finalized; what comes for that period afterwards is never billed.
"""

from __future__ import annotations

from ..engine.periods import Period
from ..engine.pricing import amount_of
from ..resources.meters import usage_of
from ..store import Json, Store
from . import discounts
from .invoices import ADDED_UP, Bill, compose
from .items import is_metered
from .lines import Line, product_name


def count_again(store: Store, invoice: Json, customer: Json) -> None:
    """Bring the draft's lines of metered prices, and what follows from them, to what is reported now. In place; not put."""
    held = invoice["lines"]["data"]
    lines = [_line_of(store, one) for one in held]
    before = [line.quantity for line in lines]
    for line in lines:
        if line.price is not None and line.item is not None and is_metered(line.price):
            _count(store, line, customer["id"], invoice["currency"])
    if [line.quantity for line in lines] == before:
        return
    anew = compose(
        Bill(
            customer=customer,
            currency=invoice["currency"],
            lines=lines,
            reason=invoice["billing_reason"],
            now=invoice["created"],
            discounts=discounts.running(store, invoice["discounts"], invoice["created"]),
            automatic_tax=invoice["automatic_tax"]["enabled"],
        )
    )
    for fresh, former in zip(anew["lines"]["data"], held, strict=True):
        fresh |= {"id": former["id"], "invoice": invoice["id"]}
    invoice |= {name: anew[name] for name in ADDED_UP}
    invoice["lines"]["data"] = anew["lines"]["data"]


def _count(store: Store, line: Line, customer: str, currency: str) -> None:
    assert line.price is not None
    used = usage_of(store, line.price["recurring"]["meter"], customer, line.period.start, line.period.end)
    if used != line.quantity:
        line.quantity, line.amount = used, amount_of(line.price, used, currency)
        line.description = f"{used} × {product_name(store, line.price)}"


def _line_of(store: Store, shown: Json) -> Line:
    """An invoice's line as what it was made of."""
    parent = shown["parent"] or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    named = ((shown["pricing"] or {}).get("price_details") or {}).get("price")
    return Line(
        shown["amount"],
        shown["description"],
        Period(shown["period"]["start"], shown["period"]["end"]),
        store.find("price", named),
        shown["quantity"],
        shown["subscription"],
        details.get("subscription_item"),
        details.get("invoice_item"),
        bool(details.get("proration")),
        shown["discountable"],
        shown["metadata"],
    )
