"""Invoices, their lines, their payments, and previews."""

from __future__ import annotations

from ..billing import settling
from ..billing.by_hand import (
    create_invoice,
    create_invoice_item,
    delete_draft,
    update_invoice,
    update_invoice_item,
)
from ..billing.paying import pay_by_request
from ..billing.previewing import preview
from ..errors import invalid
from ..expansion import includable
from ..routes import Call, route
from ..store import Json, Store


@route("POST", "/v1/invoices", "InvoiceCreateParams")
def make_invoice(call: Call) -> Json:
    return create_invoice(call.store, call.params)


@route("POST", "/v1/invoices/create_preview", "InvoiceCreatePreviewParams")
def preview_invoice(call: Call) -> Json:
    return preview(call.store, call.params)


@route("GET", "/v1/invoices/{invoice}", "InvoiceRetrieveParams")
def get_invoice(call: Call) -> Json:
    return call.get("invoice")


@route("POST", "/v1/invoices/{invoice}", "InvoiceUpdateParams")
def change_invoice(call: Call) -> Json:
    return update_invoice(call.store, call.get("invoice"), call.params)


@route("DELETE", "/v1/invoices/{invoice}", "InvoiceDeleteParams")
def delete_invoice(call: Call) -> Json:
    return delete_draft(call.store, call.get("invoice"))


@route("GET", "/v1/invoices", "InvoiceListParams")
def list_invoices(call: Call) -> Json:
    params, found = call.params, call.store.list("invoice")
    for name in ("customer", "status", "collection_method"):
        if params.get(name) is not None:
            found = [one for one in found if one[name] == params[name]]
    if params.get("subscription"):
        found = [
            one
            for one in found
            if ((one["parent"] or {}).get("subscription_details") or {}).get("subscription")
            == params["subscription"]
        ]
    return call.page(found, "invoice")


@route("GET", "/v1/invoices/{invoice}/lines", "InvoiceListLinesParams")
def list_lines(call: Call) -> Json:
    return call.page(call.get("invoice")["lines"]["data"], "line_item")


@route("POST", "/v1/invoices/{invoice}/finalize", "InvoiceFinalizeInvoiceParams")
def finalize_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    now = call.store.now(invoice["test_clock"])
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    invoice = settling.finalize(call.store, invoice, now)
    if (
        invoice["status"] == "open"
        and invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
    ):
        # Stripe charges it about an hour later by itself.
        invoice["next_payment_attempt"] = now + 3600
        call.store.put(invoice)
    return invoice


@route("POST", "/v1/invoices/{invoice}/pay", "InvoicePayParams")
def pay_invoice(call: Call) -> Json:
    return pay_by_request(call.store, call.get("invoice"), call.params)


@route("POST", "/v1/invoices/{invoice}/void", "InvoiceVoidInvoiceParams")
def void_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    return settling.void(call.store, invoice, call.store.now(invoice["test_clock"]))


@route("POST", "/v1/invoices/{invoice}/mark_uncollectible", "InvoiceMarkUncollectibleParams")
def give_up_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    return settling.mark_uncollectible(call.store, invoice, call.store.now(invoice["test_clock"]))


@route("POST", "/v1/invoices/{invoice}/send", "InvoiceSendInvoiceParams")
def send_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if not invoice["customer_email"]:
        raise invalid("The customer of this invoice has no email address: set one before sending it.")
    if invoice["status"] == "draft":
        invoice = settling.finalize(call.store, invoice, call.store.now(invoice["test_clock"]))
    call.store.emit("invoice.sent", invoice)
    return invoice


@includable("invoice", "payments")
def payments_of(store: Store, invoice: Json) -> Json:
    return {
        "object": "list",
        "data": store.list("invoice_payment", invoice=invoice["id"]),
        "has_more": False,
        "url": f"/v1/invoice_payments?invoice={invoice['id']}",
    }


@includable("invoice", "confirmation_secret")
def confirmation_secret(store: Store, invoice: Json) -> Json | None:
    for one in store.list("invoice_payment", invoice=invoice["id"], status="open"):
        intent = store.find("payment_intent", one["payment"]["payment_intent"])
        if intent:
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None


@route("GET", "/v1/invoice_payments", "InvoicePaymentListParams")
def list_payments(call: Call) -> Json:
    found = call.store.list("invoice_payment")
    for name in ("invoice", "status"):
        if call.params.get(name):
            found = [one for one in found if one[name] == call.params[name]]
    by = (call.params.get("payment") or {}).get("payment_intent")
    if by:
        found = [one for one in found if one["payment"]["payment_intent"] == by]
    return call.page(found, "invoice_payment")


@route("GET", "/v1/invoice_payments/{payment}", "InvoicePaymentRetrieveParams")
def get_payment(call: Call) -> Json:
    return call.get("invoice_payment")


# --- invoice items ---


@route("POST", "/v1/invoiceitems", "InvoiceItemCreateParams")
def create_item(call: Call) -> Json:
    return create_invoice_item(call.store, call.params)


@route("GET", "/v1/invoiceitems/{item}", "InvoiceItemRetrieveParams")
def get_item(call: Call) -> Json:
    return call.get("invoiceitem")


@route("POST", "/v1/invoiceitems/{item}", "InvoiceItemUpdateParams")
def update_item(call: Call) -> Json:
    return update_invoice_item(call.store, call.get("invoiceitem"), call.params)


@route("DELETE", "/v1/invoiceitems/{item}", "InvoiceItemDeleteParams")
def delete_item(call: Call) -> Json:
    item = call.get("invoiceitem")
    held = call.store.find("invoice", item["invoice"])
    if held and held["status"] != "draft":
        raise invalid("This invoice item is attached to an invoice that is no longer editable.")
    if held:
        raise invalid("This invoice item is on a draft: delete the draft first.")
    call.store.emit("invoiceitem.deleted", item)
    return call.store.delete("invoiceitem", item["id"])


@route("GET", "/v1/invoiceitems", "InvoiceItemListParams")
def list_items(call: Call) -> Json:
    found = call.store.list("invoiceitem")
    for name in ("customer", "invoice"):
        if call.params.get(name):
            found = [one for one in found if one[name] == call.params[name]]
    if "pending" in call.params:
        found = [one for one in found if (one["invoice"] is None) == call.params["pending"]]
    return call.page(found, "invoiceitem")
