"""Invoices and invoice items that somebody makes, rather than a subscription."""

from __future__ import annotations

from ..engine.discounts import runs_at
from ..engine.periods import Period
from ..engine.pricing import amount_of
from ..errors import invalid
from ..routes import merge_metadata
from ..store import Json, Store
from . import discounts
from .invoices import ADDED_UP, Bill, compose, create_draft
from .lines import Line, product_name
from .proration_lines import line_of_item, put_invoice_item
from .saving import Given, refuse_unmodelled, save

_PARTS = ("application_fee_amount", "from_invoice", "on_behalf_of", "transfer_data", "shipping_cost", "shipping_details",
          "default_source", "default_tax_rates", "account_tax_ids", "number", "rendering", "customer_account",
          "automatically_finalizes_at", "custom_fields", "effective_at", "issuer", "payment_settings", "statement_descriptor")  # fmt: skip
_ITEM_PARTS = ("price_data", "discounts", "tax_rates", "tax_behavior", "tax_code", "quantity_decimal", "customer_account",
               "invoicing_rules")  # fmt: skip


def create_invoice(store: Store, given: Given) -> Json:
    """A draft for a customer, with what is pending for them unless that is excluded."""
    refuse_unmodelled(given, *_PARTS)
    if not given.get("customer"):
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = store.get("customer", given["customer"], param="customer")
    now = store.now(customer["test_clock"])
    subscription = _named_subscription(store, given)
    waiting = _waiting(store, given, customer["id"], subscription)
    currency = given.get("currency") or customer["currency"] or (waiting[0]["currency"] if waiting else "usd")
    waiting = [one for one in waiting if one["currency"] == currency]
    if subscription and not waiting:
        raise invalid(
            "Nothing to invoice for subscription", "subscription", "invoice_no_subscription_line_items"
        )
    by_invoice = given.get("collection_method") == "send_invoice"
    if by_invoice and given.get("days_until_due") is None and given.get("due_date") is None:
        raise invalid(
            "If collection_method is `send_invoice`, you must specify `due_date` or `days_until_due`.",
            "days_until_due",
        )
    bill = Bill(
        customer=customer,
        currency=currency,
        lines=[line_of_item(store, one) for one in reversed(waiting)],
        reason="manual",
        now=now,
        subscription=subscription,
        discounts=_coupons(store, given, customer["id"], now),
        collection_method=given.get("collection_method") or "charge_automatically",
        days_until_due=given.get("days_until_due"),
        automatic_tax=bool((given.get("automatic_tax") or {}).get("enabled")),
        default_payment_method=given.get("default_payment_method"),
        metadata=dict(given.get("metadata") or {}),
        description=given.get("description"),
        footer=given.get("footer"),
    )
    advance = bool(given.get("auto_advance", False))
    invoice = create_draft(store, bill, advance=advance)
    if given.get("due_date"):
        invoice["due_date"] = given["due_date"]
        store.put(invoice)
    return invoice


def _named_subscription(store: Store, given: Given) -> Json | None:
    name = given.get("subscription")
    return store.get("subscription", name, param="subscription") if name else None


def _waiting(store: Store, given: Given, customer: str, subscription: Json | None) -> list[Json]:
    """The pending invoice items that belong on this invoice."""
    behavior = given.get("pending_invoice_items_behavior") or ("include" if subscription else "exclude")
    if behavior == "exclude":
        return []
    held = store.list("invoiceitem", customer=customer, invoice=None)
    return [
        one for one in held if subscription is None or _subscription_of(one) in (None, subscription["id"])
    ]


def _coupons(store: Store, given: Given, customer: str, now: int) -> list[tuple[str, Json]]:
    """An invoice's own discounts, each stored as one."""
    found = []
    for number, one in enumerate(given.get("discounts") or []):
        coupon, code = discounts.find_coupon(store, one, f"discounts[{number}]", customer=customer, now=now)
        discount = discounts.build_discount(
            coupon, code, customer=customer, subscription=None, session=None, now=now
        )
        store.put(discount)
        if runs_at(discount, now):
            found.append((str(discount["id"]), coupon))
    return found


def _subscription_of(item: Json) -> str | None:
    return ((item["parent"] or {}).get("subscription_details") or {}).get("subscription")


def update_invoice(store: Store, invoice: Json, given: Given) -> Json:
    """What may still be changed: of a draft its words and terms, of any the metadata and whether it advances."""
    refuse_unmodelled(given, *_PARTS, "discounts", "automatic_tax")
    before = store.get("invoice", invoice["id"])
    terms = given.keys() & {
        "collection_method",
        "days_until_due",
        "due_date",
        "description",
        "footer",
        "default_payment_method",
    }
    if terms and invoice["status"] != "draft" and terms - {"description", "footer", "default_payment_method"}:
        raise invalid(
            f"Finalized invoices can't be updated in this way: {sorted(terms)[0]}.",
            sorted(terms)[0],
            "invoice_not_editable",
        )
    for name in (
        "collection_method",
        "due_date",
        "description",
        "footer",
        "default_payment_method",
        "auto_advance",
    ):
        if name in given:
            invoice[name] = given[name]
    if "days_until_due" in given:
        invoice["_days_until_due"] = given["days_until_due"]
    if "auto_advance" in given and not given["auto_advance"]:
        invoice["automatically_finalizes_at"], invoice["next_payment_attempt"] = None, None
    elif given.get("auto_advance") and invoice["status"] == "draft":
        invoice["automatically_finalizes_at"] = store.now(invoice["test_clock"]) + 3600
    merge_metadata(invoice, given)
    return save(store, before, invoice, "invoice.updated")


def delete_draft(store: Store, invoice: Json) -> Json:
    if invoice["status"] != "draft":
        raise invalid(f"You can only delete draft invoices. This invoice is {invoice['status']}.")
    if invoice["parent"]:
        raise invalid("You can't delete the draft of a subscription: void it after it is finalized.")
    for item in store.list("invoiceitem", invoice=invoice["id"]):
        store.put(item | {"invoice": None})
    store.emit("invoice.deleted", invoice)
    return store.delete("invoice", invoice["id"])


def create_invoice_item(store: Store, given: Given) -> Json:
    """Something to bill with the next invoice, by an amount or by a price."""
    refuse_unmodelled(given, *_ITEM_PARTS)
    customer = store.get("customer", given.get("customer") or "", param="customer")
    now = store.now(customer["test_clock"])
    name = (given.get("pricing") or {}).get("price")
    price = store.get("price", name, param="pricing[price]") if name else None
    quantity = 1 if given.get("quantity") is None else int(given["quantity"])
    currency = given.get("currency") or (price["currency"] if price else None) or customer["currency"]
    if price is not None and price["type"] == "recurring":
        raise invalid(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            "pricing[price]",
        )
    amount = _amount(given, price, quantity, currency)
    subscription = _named_subscription(store, given)
    line = Line(
        amount,
        given.get("description") or (product_name(store, price) if price else ""),
        Period(**given["period"]) if given.get("period") else Period(now, now),
        price,
        quantity,
        subscription["id"] if subscription else None,
        discountable=bool(given.get("discountable", amount > 0)),
        metadata=dict(given.get("metadata") or {}),
    )
    item = put_invoice_item(store, line, customer["id"], str(currency), now)
    if given.get("invoice"):
        _add_to(store, store.get("invoice", given["invoice"], param="invoice"), item)
    return store.get("invoiceitem", item["id"])


def update_invoice_item(store: Store, item: Json, given: Given) -> Json:
    """Of what waits for an invoice, or stands on a draft made by hand: its words, its amount, or how many."""
    refuse_unmodelled(given, *_ITEM_PARTS, "pricing", "unit_amount_decimal")
    invoice = store.find("invoice", item["invoice"])
    if invoice and (invoice["status"] != "draft" or invoice["billing_reason"] != "manual"):
        raise invalid("This invoice item is attached to an invoice that is no longer editable.")
    if item["proration"] and {"amount", "quantity"} & given.keys():
        raise invalid("You can't change the amount or quantity of a proration.", "amount")
    for name in ("description", "discountable", "period"):
        if name in given:
            item[name] = given[name]
    named = ((item["pricing"] or {}).get("price_details") or {}).get("price")
    if "quantity" in given:
        each = store.find("price", named)
        if each is None:
            refuse_unmodelled(given, "quantity")  # of a sum without a price
        else:
            item["amount"] = amount_of(each, given["quantity"], item["currency"])
        item["quantity"], item["quantity_decimal"] = given["quantity"], str(given["quantity"])
    if "amount" in given:
        if named:
            raise invalid("The amount of an invoice item with a price follows from the price.", "amount")
        item["amount"] = given["amount"]
    item["net_amount"] = item["amount"]
    merge_metadata(item, given)
    store.put(item)  # Stripe has no event for it.
    if invoice:
        _add_up_again(store, invoice)
    return store.get("invoiceitem", item["id"])


def _amount(given: Given, price: Json | None, quantity: int, currency: str | None) -> int:
    if not currency:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    if price is not None:
        return amount_of(price, quantity, currency)
    if given.get("unit_amount_decimal") is not None:
        return amount_of(
            {"currency": currency, "unit_amount_decimal": given["unit_amount_decimal"]}, quantity
        )
    if given.get("amount") is None:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    return int(given["amount"])


def _add_to(store: Store, invoice: Json, item: Json) -> None:
    """Put an item on a draft that was made by hand: it is added up anew from its items."""
    if invoice["status"] != "draft" or invoice["billing_reason"] != "manual":
        raise invalid(
            "You can only add invoice items to draft invoices made by hand.",
            "invoice",
            "invoice_not_editable",
        )
    if invoice["currency"] != item["currency"]:
        raise invalid(
            f"The currency of the invoice is `{invoice['currency']}`, not `{item['currency']}`.", "currency"
        )
    store.put(item | {"invoice": invoice["id"]})
    _add_up_again(store, invoice)


def _add_up_again(store: Store, invoice: Json) -> None:
    """A draft that was made by hand, from the items that it holds."""
    before = store.get("invoice", invoice["id"])
    held = store.list("invoiceitem", invoice=invoice["id"])
    anew = compose(
        Bill(
            customer=store.get("customer", invoice["customer"]),
            currency=invoice["currency"],
            lines=[line_of_item(store, one) for one in reversed(held)],
            reason="manual",
            now=invoice["created"],
            discounts=discounts.running(store, invoice["discounts"], invoice["created"]),
            automatic_tax=invoice["automatic_tax"]["enabled"],
        )
    )
    for line in anew["lines"]["data"]:
        line["invoice"] = invoice["id"]
    invoice |= {name: anew[name] for name in ADDED_UP}
    invoice["lines"] |= {"data": anew["lines"]["data"], "total_count": len(held)}
    save(store, before, invoice, "invoice.updated")
