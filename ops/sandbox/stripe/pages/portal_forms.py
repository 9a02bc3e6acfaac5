"""The portal's forms: another plan and what it costs, cancelling, another card, the details."""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web

from ..billing.items import period_of
from ..billing.lines import day, money
from ..billing.portals import Portal, main_item, waits_for_end
from ..engine.pricing import amount_of
from ..store import Json
from .frame import (
    COUNTRIES,
    address_fields,
    card_fields,
    choice,
    every,
    field,
    item_words,
    row,
    said,
    show,
    tax_id_fields,
)
from .portal import link

_REASONS: Final = {
    "too_expensive": "It is too expensive",
    "missing_features": "Something is missing",
    "switched_service": "I use something else now",
    "unused": "I do not use it",
    "customer_service": "The service was not good",
    "too_complex": "It is too complicated",
    "low_quality": "The quality was not good",
    "other": "Another reason",
}


def _frame(portal: Portal, title: str, body: str, *, status: int = 200) -> web.Response:
    back = f'<a class="back" href="{link(portal)}">← Back to your plan</a>'
    return show(title, f"{back}<h1>{escape(title)}</h1>{body}", status=status, narrow=True)


def plan_page(portal: Portal, subscription: Json, prices: list[Json], wrong: str = "") -> web.Response:
    """The plans to choose from; the present one is marked."""
    present = main_item(subscription)["price"]["id"]
    options = "".join(
        f'<label class="choice"><input type="radio" name="price" value="{one["id"]}"{" checked" if one["id"] == present else ""}>'
        f"<span>{escape(item_words(portal.store, one, None))}{' <small>your plan</small>' if one['id'] == present else ''}</span>"
        f'<span class="num">{escape(money(amount_of(one, 1, subscription["currency"]), subscription["currency"]))} {escape(every(one["recurring"]))}</span></label>'
        for one in prices
    )
    body = (
        f'{said(wrong)}<form method="get" action="{link(portal, "plan", subscription["id"], "confirm")}">'
        f"<fieldset><legend>Plans</legend>{options}</fieldset>"
        '<button class="main wide">See what it costs</button></form>'
    )
    if not prices:
        body = "<p>There is no other plan to choose here.</p>"
    return _frame(portal, "Change plan", body, status=400 if wrong else 200)


def confirm_page(
    portal: Portal, subscription: Json, price: Json, quantity: int, invoice: Json, wrong: str = ""
) -> web.Response:
    """What the change does and costs, before it is made."""
    currency, name = subscription["currency"], item_words(portal.store, price, quantity)
    whole = f"{money(amount_of(price, quantity, currency), currency)} {every(price['recurring'])}"
    end = period_of(subscription).end
    if waits_for_end(portal, subscription, price, quantity):
        words = f"Your plan stays as it is until {day(end)}. From then on it is {name}, for {whole}. Nothing is charged now."
        rows, verb = "", "Change with the next period"
    else:
        now = invoice["billing_reason"] == "subscription_update"
        words = f"Your plan becomes {name} at once, for {whole}."
        words += "" if now else f" What follows is charged on {day(end)}."
        lines = [
            row(line["description"] or "", money(line["amount"], currency))
            for line in invoice["lines"]["data"]
        ]
        off = sum(one["amount"] for one in invoice["total_discount_amounts"])
        tax = sum(one["amount"] for one in invoice["total_taxes"])
        lines += [row("Discount", money(-off, currency))] if off else []
        lines += [row("Tax", money(tax, currency))] if tax else []
        carried = invoice["amount_due"] - invoice["total"]
        if carried:
            lines.append(
                row(
                    "From your balance" if carried < 0 else "Kept for your next invoices",
                    money(carried, currency),
                )
            )
        lines.append(
            row(
                "Due today" if now else f"Due on {day(end)}",
                money(invoice["amount_due"], currency),
                total=True,
            )
        )
        rows = f'<ul class="rows">{"".join(lines)}</ul>'
        due = invoice["amount_due"] if now else 0
        verb = f"Change and pay {money(due, currency)}" if due else "Change plan"
    body = (
        f'{said(wrong)}<p>{escape(words)}</p>{rows}<form method="post" class="actions">'
        f'<input type="hidden" name="price" value="{price["id"]}"><input type="hidden" name="quantity" value="{quantity}">'
        f'<button class="main">{escape(verb)}</button>'
        f'<a class="button" href="{link(portal, "plan", subscription["id"])}">Choose another</a></form>'
    )
    return _frame(portal, f"Change to {name}", body, status=400 if wrong else 200)


def cancel_page(portal: Portal, subscription: Json) -> web.Response:
    """What cancelling does, and why, if they want to say."""
    settings = portal.features["subscription_cancel"]
    name = item_words(portal.store, portal.store.get("price", main_item(subscription)["price"]["id"]), None)
    if settings["mode"] == "immediately":
        words = f"{name} ends now."
        words += (
            " What you paid and did not use stays on your balance."
            if settings["proration_behavior"] != "none"
            else ""
        )
    else:
        words = f"{name} stays yours until {day(period_of(subscription).end)}. After that it ends, and nothing is charged again. Until then you can take it back."
    reasons = ""
    if settings["cancellation_reason"]["enabled"]:
        options = "".join(
            f'<label class="choice"><input type="radio" name="feedback" value="{one}"><span>{escape(_REASONS[one])}</span></label>'
            for one in settings["cancellation_reason"]["options"]
            if one in _REASONS
        )
        reasons = (
            f"<fieldset><legend>Why, if you want to say</legend>{options}</fieldset>"
            '<div class="field"><label for="comment">Anything else</label><textarea id="comment" name="comment" maxlength="500"></textarea></div>'
        )
    body = (
        f'<p>{escape(words)}</p><form method="post">{reasons}<div class="actions"><button class="danger">Cancel plan</button>'
        f'<a class="button" href="{link(portal)}">Keep plan</a></div></form>'
    )
    return _frame(portal, "Cancel plan", body)


def card_page(portal: Portal, filled: dict[str, str], wrong: dict[str, str]) -> web.Response:
    """Another card to be charged from now on."""
    body = (
        f'{said(wrong.get("", ""))}<form method="post" novalidate>'
        # Enter in any field saves, whatever button stands first.
        '<button class="hide" name="do" value="save" tabindex="-1" aria-hidden="true">Save</button>'
        f'{card_fields(filled, wrong)}<button class="main wide" name="do" value="save">Save card</button></form>'
    )
    return _frame(portal, "Change card", body, status=400 if wrong else 200)


def details_page(portal: Portal, filled: dict[str, str], wrong: dict[str, str]) -> web.Response:
    """What stands on invoices, as far as it may be changed here."""
    allowed = portal.features["customer_update"]["allowed_updates"]
    parts = [
        field(
            name,
            label,
            filled.get(name, ""),
            wrong=wrong.get(name, ""),
            type=kind,
            autocomplete=name,
            maxlength=200,
        )
        for name, label, kind in (
            ("name", "Name", "text"),
            ("email", "Email", "email"),
            ("phone", "Phone", "tel"),
        )
        if name in allowed
    ]
    if "address" in allowed:
        parts.append(address_fields(filled))
        parts.append(choice("country", "Country", COUNTRIES, filled.get("country", ""), none="Not given"))
    if "tax_id" in allowed:
        parts.append(tax_id_fields("Add a tax ID", filled, wrong))
    body = (
        f'{said(wrong.get("", ""))}<form method="post" novalidate>{"".join(parts)}'
        f'<button class="main wide">Save details</button></form>{_tax_ids(portal, allowed)}'
    )
    return _frame(portal, "Change details", body, status=400 if wrong else 200)


def _tax_ids(portal: Portal, allowed: list[str]) -> str:
    held = portal.store.list("tax_id", customer=portal.session["customer"]) if "tax_id" in allowed else []
    return "".join(
        f'<form method="post" class="line middle" action="{link(portal, "tax", one["id"])}" style="margin-top:16px"><span>Tax ID {escape(one["value"])}</span>'
        f'<button>Remove<span class="hide"> {escape(one["value"])}</span></button></form>'
        for one in held
    )


def bank_page(portal: Portal, words: str) -> web.Response:
    """Where a card's bank wants to see its owner."""
    body = (
        f"<p>A test of 3-D Secure. Your bank asks whether it is you who {escape(words)}.</p>"
        '<form method="post" class="actions"><button class="main" name="answer" value="approve">Approve</button>'
        '<button name="answer" value="fail">Fail</button></form>'
    )
    return _frame(portal, "Confirm with your bank", body)
