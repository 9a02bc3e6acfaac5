"""What stands on an invoice before it is one: lines with amount, words, period and what they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from ..engine.periods import Period
from ..engine.pricing import amount_of, in_currency, unit_amount
from ..engine.totals import ZERO_DECIMAL
from ..ids import new_id
from ..store import Json, Store
from .items import is_metered

_SIGNS: Final = {
    "usd": "$",
    "eur": "€",
    "gbp": "£",
    "jpy": "¥",
    "aud": "A$",
    "cad": "CA$",
    "inr": "₹",
    "brl": "R$",
}


@dataclass(slots=True)
class Line:
    amount: int
    description: str
    period: Period
    price: Json | None = None
    quantity: int | None = None
    subscription: str | None = None
    item: str | None = None
    invoice_item: str | None = None
    proration: bool = False
    discountable: bool = True
    metadata: Json = field(default_factory=dict)

    @property
    def product(self) -> str:
        return str(self.price["product"]) if self.price else ""


def money(amount: int, currency: str) -> str:
    """`1234` as `$12.34`."""
    sign = _SIGNS.get(currency, f"{currency.upper()} ")
    number = f"{abs(amount):,}" if currency in ZERO_DECIMAL else f"{Decimal(abs(amount)) / 100:,.2f}"
    return f"{'-' if amount < 0 else ''}{sign}{number}"


def day(moment: int) -> str:
    """`21 Nov 2026`."""
    return f"{datetime.fromtimestamp(moment, UTC):%-d %b %Y}"


def price_words(price: Json, currency: str) -> str:
    """`at $25.00 / month`."""
    recurring = price.get("recurring")
    every = ""
    if recurring:
        count = recurring["interval_count"]
        every = f" / {recurring['interval']}" if count == 1 else f" every {count} {recurring['interval']}s"
    if price.get("billing_scheme") == "tiered":
        return f"Tier 1{every}"
    exact = unit_amount(in_currency(price, currency))
    if exact == exact.to_integral_value():
        return f"at {money(int(exact), currency)}{every}"
    sign = _SIGNS.get(currency, f"{currency.upper()} ")
    units = exact if currency in ZERO_DECIMAL else exact / 100
    return f"at {sign}{units.normalize():f}{every}"


def product_name(store: Store, price: Json) -> str:
    product = store.find("product", price["product"])
    return str(product["name"]) if product else str(price["product"])


def cycle_lines(store: Store, subscription: Json, period: Period, *, trial: bool = False) -> list[Line]:
    """A line for each item that is paid in advance, for one period."""
    lines = []
    for item in subscription["items"]["data"]:
        price = store.get("price", item["price"]["id"])
        if is_metered(price):
            continue
        name, currency = product_name(store, price), subscription["currency"]
        words = f"{item['quantity']} × {name} ({price_words(price, currency)})"
        lines.append(
            Line(
                0 if trial else amount_of(price, item["quantity"], currency),
                f"Trial period for {name}" if trial else words,
                period,
                price,
                item["quantity"],
                subscription["id"],
                item["id"],
                metadata=dict(subscription["metadata"]),
            )
        )
    return lines


def line_object(
    line: Line, invoice_id: str, currency: str, taken: list[tuple[str, int]], tax: int, rate: str
) -> Json:
    """The line as Stripe shows it. `taken`: what each discount takes off; `tax`: on top of what is left."""
    left = line.amount - sum(amount for _, amount in taken)
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": line.amount,
        "currency": currency,
        "description": line.description,
        "discount_amounts": [{"amount": amount, "discount": name} for name, amount in taken],
        "discountable": line.discountable,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": line.metadata,
        "parent": _parent(line),
        "period": {"start": line.period.start, "end": line.period.end},
        "pretax_credit_amounts": [
            {"amount": amount, "discount": name, "type": "discount"} for name, amount in taken
        ],
        "pricing": pricing_of(line, currency),
        "quantity": line.quantity,
        "quantity_decimal": None if line.quantity is None else str(line.quantity),
        "subscription": line.subscription,
        "subtotal": line.amount,
        "taxes": [tax_part(tax, left, rate)] if rate else [],
    }


def tax_part(amount: int, taxable: int, rate: str) -> Json:
    return {
        "amount": amount,
        "tax_behavior": "exclusive",
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


def _parent(line: Line) -> Json | None:
    details: dict[str, Any] = {
        "invoice_item": line.invoice_item,
        "proration": line.proration,
        "proration_details": {"credited_items": None},
        "subscription": line.subscription,
    }
    if line.item is not None:
        details["subscription_item"] = line.item
        return {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": details,
        }
    if line.invoice_item is not None:
        return {
            "type": "invoice_item_details",
            "invoice_item_details": details,
            "subscription_item_details": None,
        }
    return None


def pricing_of(line: Line, currency: str) -> Json | None:
    """The price that a line is of, as lines and invoice items show it."""
    if line.price is None:
        return None
    tiered = line.price.get("billing_scheme") == "tiered"
    unit = None if tiered else f"{unit_amount(in_currency(line.price, currency)).normalize():f}"
    return {
        "type": "price_details",
        "price_details": {"price": line.price["id"], "product": line.price["product"]},
        "unit_amount_decimal": unit,
    }
