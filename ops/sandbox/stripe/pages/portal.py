"""The customer portal's first page: plans, the card, invoices, details. What the configuration does not allow is not there."""

from __future__ import annotations

from html import escape

from aiohttp import web

from ..billing.items import period_of
from ..billing.lines import day, money
from ..billing.portals import Portal, default_method, main_item, planned_price
from ..billing.previewing import upcoming
from ..engine.pricing import amount_of
from ..errors import StripeError
from ..store import Json
from .frame import COUNTRIES, every, item_words, said, show

SAID = {
    "plan": "Your plan is changed.",
    "later": "Your plan changes with the next period.",
    "kept": "Your plan stays as it is.",
    "cancelled": "Your plan is cancelled.",
    "resumed": "Your plan goes on.",
    "card": "Your new card is saved. It is charged from now on.",
    "details": "Your details are saved.",
}
_STATES = {
    "trialing": ("Trial", "goodtext"),
    "active": ("Active", "goodtext"),
    "past_due": ("Payment failed", "badtext"),
    "unpaid": ("Unpaid", "badtext"),
    "paused": ("Paused", "warntext"),
}
_INVOICE_STATES = {"paid": "Paid", "open": "To be paid", "uncollectible": "Given up", "void": "Void"}


def home_page(portal: Portal, done: str) -> web.Response:
    """`done`: a key of SAID, for what just happened."""
    headline = portal.store.get("billing_portal.configuration", portal.session["configuration"])[
        "business_profile"
    ]["headline"]
    parts = [
        back_link(portal),
        "<h1>Your plan and your invoices</h1>",
        f"<p>{escape(headline)}</p>" if headline else "",
        said(SAID.get(done, ""), good=True),
        *(_plan(portal, one) for one in portal.subscriptions()),
    ]
    if not portal.subscriptions():
        parts.append(
            '<section class="panel"><h2>No plan</h2><p>You have no plan that runs. Go back to choose one.</p></section>'
        )
    parts += [_card(portal), _details(portal), _invoices(portal)]
    return show("Your plan and your invoices", "".join(parts), narrow=True)


def back_link(portal: Portal) -> str:
    url = portal.session["return_url"]
    return f'<a class="back" href="{escape(url)}">← Back to where you came from</a>' if url else ""


def link(portal: Portal, *parts: str) -> str:
    """An address inside this portal."""
    return "/".join(["/portal", portal.session["_token"], *parts])


def _form(address: str, words: str, kind: str = "") -> str:
    return f'<form method="post" action="{escape(address)}"><button class="{kind}">{escape(words)}</button></form>'


def _plan(portal: Portal, subscription: Json) -> str:
    store, currency, id = portal.store, subscription["currency"], subscription["id"]
    item = main_item(subscription)
    price = store.get("price", item["price"]["id"])
    word, kind = _STATES[subscription["status"]]
    quantity = item.get("quantity")
    amount = money(amount_of(price, quantity or 0, currency), currency)
    rows = [
        f'<h2>{escape(item_words(store, price, quantity))} <small class="{kind}">{word}</small></h2>',
        f'<p><span class="num">{escape(amount)}</span> {escape(every(price["recurring"]))}</p>',
        f"<p>{escape(_next(portal, subscription))}</p>",
    ]
    actions = []
    planned = planned_price(portal, subscription)
    if planned:
        rows.append(
            f"<p>Changes to <b>{escape(item_words(store, planned[0], None))}</b> on {day(planned[1])}.</p>"
        )
    if portal.features["subscription_update"]["enabled"]:
        if planned:
            actions.append(_form(link(portal, "keep", id), "Keep the present plan"))
        if (
            len(subscription["items"]["data"]) == 1
        ):  # As at Stripe's: what has several items is not changed here.
            actions.append(f'<a class="button main" href="{link(portal, "plan", id)}">Change plan</a>')
    if portal.features["subscription_cancel"]["enabled"]:
        if subscription["cancel_at"] is not None:
            actions.append(_form(link(portal, "resume", id), "Do not cancel", "main"))
        else:
            actions.append(f'<a class="button" href="{link(portal, "cancel", id)}">Cancel plan</a>')
    return f'<section class="panel" aria-label="Plan">{"".join(rows)}<div class="actions">{"".join(actions)}</div></section>'


def _next(portal: Portal, subscription: Json) -> str:
    """What is charged next, and when; or when it ends."""
    if subscription["cancel_at"] is not None:
        return f"It ends on {day(subscription['cancel_at'])} and is not charged again."
    if subscription["status"] in ("paused", "unpaid"):
        return "Nothing is charged at present."
    try:
        invoice = upcoming(portal.store, subscription, portal.store.now(subscription["test_clock"]))
    except StripeError:
        return "Nothing is charged at present."
    return f"Next payment: {money(invoice['amount_due'], invoice['currency'])} on {day(period_of(subscription).end)}."


def _card(portal: Portal) -> str:
    method = default_method(portal)
    if method is None:
        words = "<p>No card is saved.</p>"
    else:
        card = method["card"]
        words = (
            f'<p>{escape(card["brand"].capitalize())} ending in <span class="num">{card["last4"]}</span>, '
            f'until <span class="num">{card["exp_month"]:02d}/{card["exp_year"]}</span></p>'
        )
    change = ""
    if portal.features["payment_method_update"]["enabled"]:
        verb = "Change card" if method else "Add a card"
        change = f'<div class="actions"><a class="button" href="{link(portal, "card")}">{verb}</a></div>'
    return f'<section class="panel" aria-label="Card"><h2>Card</h2>{words}{change}</section>'


def _details(portal: Portal) -> str:
    customer = portal.customer
    address = customer["address"] or {}
    country = COUNTRIES.get(address.get("country") or "", address.get("country"))
    lines = [customer["name"], customer["email"], address.get("line1")]
    lines += [" ".join(part for part in (address.get("postal_code"), address.get("city")) if part), country]
    ids = [f"Tax ID {one['value']}" for one in reversed(portal.store.list("tax_id", customer=customer["id"]))]
    words = "<br>".join(escape(str(one)) for one in lines + ids if one) or "Nothing is known."
    change = ""
    if portal.features["customer_update"]["enabled"]:
        change = f'<div class="actions"><a class="button" href="{link(portal, "details")}">Change details</a></div>'
    return f'<section class="panel" aria-label="Billing details"><h2>Billing details</h2><p>{words}</p>{change}</section>'


def _invoices(portal: Portal) -> str:
    if not portal.features["invoice_history"]["enabled"]:
        return ""
    held = [
        one
        for one in portal.store.list("invoice", customer=portal.session["customer"])
        if one["status"] in _INVOICE_STATES
    ]
    rows = "".join(
        f'<tr><td class="num">{day(one["effective_at"] or one["created"])}</td>'
        f'<td class="num">{escape(money(one["total"], one["currency"]))}<br><small>{_INVOICE_STATES[one["status"]]}</small></td>'
        f'<td><a href="{escape(one["hosted_invoice_url"] or "")}">{"Pay" if one["status"] == "open" else "Show"}'
        f'<span class="hide"> invoice {escape(one["number"] or "")}</span></a> '
        f'<a href="{escape(one["invoice_pdf"] or "")}">PDF<span class="hide"> of {escape(one["number"] or "")}</span></a></td></tr>'
        for one in held[:24]
    )
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Invoices"><table><thead><tr><th scope="col">Date</th>'
        '<th scope="col">Amount</th><th scope="col">Invoice</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return (
        f'<section class="panel"><h2>Invoices</h2>{table if rows else "<p>There are none yet.</p>"}</section>'
    )


def expired_page() -> web.Response:
    body = "<h1>This link has expired</h1><p>Links to this page are good for a short time. Go back to where you came from and open it again.</p>"
    return show("This link has expired", body, status=410, narrow=True)


def refused_page(words: str) -> web.Response:
    return show(
        "Not offered here", f"<h1>Not offered here</h1><p>{escape(words)}</p>", status=403, narrow=True
    )


def done_page(portal: Portal, words: str) -> web.Response:
    """The end of a flow that confirms here."""
    return show("Done", f"<h1>Done</h1>{said(words, good=True)}{back_link(portal)}", narrow=True)
