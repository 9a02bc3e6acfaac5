"""The page and the PDF of an invoice, under an address that nobody guesses."""

from __future__ import annotations

from aiohttp import web

from ..billing.paying import pay_by_request
from ..errors import StripeError
from ..pages.frame import show
from ..pages.invoice import invoice_page, invoice_pdf
from ..payments.cards import card_of_number, make_method
from ..payments.intents import attach
from ..routes import PageCall, page
from ..store import Json


@page("GET", "/invoices/{token}")
def show_invoice(call: PageCall) -> web.StreamResponse:
    invoice = _find(call)
    return _missing() if invoice is None else invoice_page(invoice)


@page("GET", "/invoices/{token}/pdf")
def download_invoice(call: PageCall) -> web.StreamResponse:
    invoice = _find(call)
    if invoice is None:
        return _missing()
    name = f'attachment; filename="Invoice-{invoice["number"]}.pdf"'
    return web.Response(
        body=invoice_pdf(invoice), content_type="application/pdf", headers={"Content-Disposition": name}
    )


@page("POST", "/invoices/{token}")
def pay_invoice(call: PageCall) -> web.StreamResponse:
    """Paid with a card; one that asks for its owner leads to the bank's page and back."""
    invoice = _find(call)
    if invoice is None:
        return _missing()
    if invoice["status"] not in ("open", "uncollectible"):
        raise web.HTTPSeeOther(f"/invoices/{call.path['token']}")
    number = call.form.get("card", "")[:40]
    card = card_of_number(number)
    if card is None:
        return invoice_page(
            invoice, wrong="This is not one of Stripe's test cards. 4242 4242 4242 4242 pays.", card=number
        )
    method = attach(call.store, make_method(call.store, card), invoice["customer"])
    try:
        pay_by_request(call.store, invoice, {"payment_method": method["id"]})
    except StripeError as error:
        action = (error.extra.get("payment_intent") or {}).get("next_action")
        if action:
            raise web.HTTPSeeOther(action["redirect_to_url"]["url"]) from None
        fresh = call.store.get("invoice", invoice["id"])
        return invoice_page(fresh, wrong=f"{error.message} Nothing was charged.", card=number)
    raise web.HTTPSeeOther(f"/invoices/{call.path['token']}")


def _find(call: PageCall) -> Json | None:
    found = call.store.list("invoice", _token=call.path["token"])
    return found[0] if found else None


def _missing() -> web.Response:
    return show(
        "Not found", "<h1>There is no such invoice</h1><p>Ask for a new link.</p>", status=404, narrow=True
    )
