"""The Checkout page: what is bought at the left, how it is paid at the right."""

from __future__ import annotations

from html import escape

from aiohttp import web

from ..billing.checkout_totals import needs_card
from ..billing.lines import day, money, price_words
from ..engine.periods import DAY
from ..engine.pricing import amount_of
from ..store import Json, Store
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

Fields = dict[str, str]


def checkout_page(
    store: Store, session: Json, filled: Fields, wrong: dict[str, str], now: int
) -> web.Response:
    """`filled`: what the fields hold; `wrong`: what is wrong by field, and under `""` by none."""
    status = 400 if wrong else 200
    cancel = session["cancel_url"]
    back = f'<a class="back" href="{escape(cancel)}">← Back to the shop</a>' if cancel else ""
    body = (
        f'{back}<form method="post" id="checkout" novalidate>'
        # Enter in any field pays, whatever button stands first.
        '<button class="hide" name="do" value="pay" tabindex="-1" aria-hidden="true">Pay</button>'
        f'<div class="halves"><section aria-label="Order">{_order(store, session, filled, wrong, now)}</section>'
        f'<section aria-label="Payment">{said(wrong.get("", ""))}{_payment(store, session, filled, wrong)}</section></div></form>'
    )
    return show(_title(store, session), body, status=status)


def _title(store: Store, session: Json) -> str:
    if session["mode"] == "setup":
        return "Save a card"
    names = ", ".join(item_words(store, one["price"], None) for one in session["_lines"])
    return f"{'Subscribe to' if session['mode'] == 'subscription' else 'Pay for'} {names}"


# --- the order ---


def _order(store: Store, session: Json, filled: Fields, wrong: dict[str, str], now: int) -> str:
    title = f"<h1>{escape(_title(store, session))}</h1>"
    if session["mode"] == "setup":
        return f"{title}<p>Your card is saved for later. Nothing is charged now.</p>"
    currency = session["currency"]
    trial = _trial_end(session, now)
    later = _renewal(store, session)
    if trial:
        head = f'<p class="sum">{_length(trial - now)} free</p><p class="dim">Then {later}, from {day(trial)} on.</p>'
    else:
        head = f'<p class="sum num">{money(session["amount_total"], currency)}</p>'
        if session["mode"] == "subscription":
            head += f'<p class="dim">Today. Then {later}{", less your discount while it runs" if session["_discounts"] else ""}.</p>'
    rows = [
        row(
            item_words(store, one["price"], one["quantity"]),
            money(one["amount_subtotal"], currency),
            small=price_words(one["price"], currency),
        )
        for one in session["_lines"]
    ]
    details = session["total_details"]
    if session["_discounts"] or details["amount_tax"]:
        rows.append(row("Subtotal", money(session["amount_subtotal"], currency)))
    if session["_discounts"]:
        rows.append(row(*_discount(store, session)))
    if session["automatic_tax"]["enabled"]:
        rows.append(row("Tax, 20 %", money(details["amount_tax"], currency)))
    rows.append(row("Due today", money(session["amount_total"], currency), total=True))
    return f'{title}{head}<ul class="rows">{"".join(rows)}</ul>{_code(session, filled, wrong)}'


def _trial_end(session: Json, now: int) -> int | None:
    data = session["_given"].get("subscription_data") or {}
    if data.get("trial_period_days"):
        return int(now + DAY * data["trial_period_days"])
    return int(data["trial_end"]) if data.get("trial_end") else None


def _length(seconds: int) -> str:
    days = max(1, round(seconds / DAY))
    return f"{days} day{'s' if days > 1 else ''}"


def _renewal(store: Store, session: Json) -> str:
    """What a whole period costs: `$50.00 per month`, with usage where there is some."""
    currency, amount, metered = session["currency"], 0, False
    for one in session["_lines"]:
        price = store.get("price", one["price"]["id"])
        if one["_metered"]:
            metered = True
        else:
            amount += amount_of(price, one["quantity"], currency)
    words = f"{money(amount, currency)} {every(session['_lines'][0]['price']['recurring'])}"
    words += " and what you use" if metered else ""
    return f"{words}, plus tax" if session["automatic_tax"]["enabled"] else words


def _discount(store: Store, session: Json) -> tuple[str, str]:
    given = session["_discounts"][0]
    code = store.find("promotion_code", given.get("promotion_code"))
    coupon = store.find("coupon", code["promotion"]["coupon"] if code else given.get("coupon")) or {}
    off = coupon.get("percent_off")
    words = f"{off:g} % off" if off else "Discount"
    lasts = {
        "once": "once",
        "forever": "for good",
        "repeating": f"for {coupon.get('duration_in_months')} months",
    }
    name = code["code"] if code else coupon.get("name") or words
    return (
        f"{name}: {words}, {lasts.get(coupon.get('duration', ''), '')}",
        money(-session["total_details"]["amount_discount"], session["currency"]),
    )


def _code(session: Json, filled: Fields, wrong: dict[str, str]) -> str:
    """The box for a promotion code, where the session takes them."""
    if not session["_given"].get("allow_promotion_codes"):
        return ""
    if session["_discounts"]:
        return (
            '<p class="actions"><button name="do" value="forget" formnovalidate>Remove the code</button></p>'
        )
    box = field(
        "code",
        "Promotion code",
        filled.get("code", ""),
        wrong=wrong.get("code", ""),
        autocomplete="off",
        maxlength=100,
    )
    return f'<div style="margin-top:20px"><div class="line">{box}<div class="field"><button name="do" value="code" formnovalidate>Apply</button></div></div></div>'


# --- the payment ---


def _payment(store: Store, session: Json, filled: Fields, wrong: dict[str, str]) -> str:
    customer = store.find("customer", session["customer"]) or {}
    fixed = session["customer_email"] or customer.get("email")
    if fixed:
        parts = [f'<div class="field"><span class="dim">Email</span><br>{escape(fixed)}</div>']
    else:
        parts = [
            field(
                "email",
                "Email",
                filled.get("email", ""),
                wrong=wrong.get("email", ""),
                type="email",
                autocomplete="email",
                required=True,
            )
        ]
    if needs_card(session):
        parts.append(_card(store, session, filled, wrong))
    parts.append(
        field(
            "name",
            "Name",
            filled.get("name", ""),
            wrong=wrong.get("name", ""),
            autocomplete="name",
            maxlength=200,
        )
    )
    parts.append(_address(session, filled))
    if session["tax_id_collection"]["enabled"]:
        parts.append(tax_id_fields("For a business", filled, wrong))
    return f"<h2>{'Pay with a card' if needs_card(session) else 'Your details'}</h2>{''.join(parts)}{_button(session)}"


def _card(store: Store, session: Json, filled: Fields, wrong: dict[str, str]) -> str:
    saved = store.list("payment_method", customer=session["customer"]) if session["customer"] else []
    choices = "".join(_saved(one, filled) for one in saved)
    if choices:
        new = "" if filled.get("saved") else " checked"
        choices = (
            f'<fieldset><legend>Card</legend>{choices}<label class="choice"><input type="radio" name="saved" value=""{new}>'
            "<span>Another card</span></label></fieldset>"
        )
    return choices + card_fields(filled, wrong)


def _saved(method: Json, filled: Fields) -> str:
    card = method["card"]
    chosen = " checked" if filled.get("saved") == method["id"] else ""
    return (
        f'<label class="choice"><input type="radio" name="saved" value="{method["id"]}"{chosen}>'
        f'<span>{escape(card["brand"].capitalize())} ending in <span class="num">{card["last4"]}</span></span>'
        f'<small class="num">{card["exp_month"]:02d}/{card["exp_year"]}</small></label>'
    )


def _address(session: Json, filled: Fields) -> str:
    country = choice("country", "Country", COUNTRIES, filled.get("country", "US"))
    return country + (address_fields(filled) if session["billing_address_collection"] == "required" else "")


def _button(session: Json) -> str:
    due = session["amount_total"]
    words = {"subscription": "Subscribe", "payment": "Pay", "setup": "Save the card"}[session["mode"]]
    if session["mode"] == "subscription" and not due:
        words = "Start"
    if due:
        words = (
            f"{words} and pay {money(due, session['currency'])}"
            if words == "Subscribe"
            else f"{words} {money(due, session['currency'])}"
        )
    text = (session["custom_text"].get("submit") or {}).get("message", "")
    note = f"<p><small>{escape(text)}</small></p>" if text else ""
    return f'{note}<button class="main wide" name="do" value="pay">{escape(words)}</button>'


# --- the other pages of a session ---


def bank_page(session: Json, filled: Fields) -> web.Response:
    """Where a card's bank wants to see its owner."""
    amount = (
        f" {money(session['amount_total'], session['currency'])}"
        if session["amount_total"]
        else " a card for later"
    )
    body = (
        f"<h1>Confirm with your bank</h1><p>A test of 3-D Secure. Your bank asks whether it is you who pays{escape(amount)} with the "
        f'card ending in <span class="num">{escape(filled.get("card", "")[-4:])}</span>.</p>'
        '<form method="post" class="actions"><button class="main" name="answer" value="approve">Approve</button>'
        '<button name="answer" value="fail">Fail</button></form>'
    )
    return show("Confirm with your bank", body, narrow=True)


def closed_page(session: Json) -> web.Response:
    """A session that is over."""
    done = session["status"] == "complete"
    title = "You are all done here" if done else "This checkout has expired"
    words = (
        "This checkout is complete; there is nothing left to pay."
        if done
        else "Nothing was charged. Go back to the shop to start again."
    )
    link = success_url(session) if done else session["cancel_url"]
    button = (
        f'<p class="actions"><a class="button main" href="{escape(link)}">Back to the shop</a></p>'
        if link
        else ""
    )
    return show(title, f"<h1>{title}</h1><p>{words}</p>{button}", status=200 if done else 410, narrow=True)


def success_url(session: Json) -> str:
    """Where a person goes when all is paid, with the session's id where the shop wants it."""
    address = str(session["success_url"])
    for mark in ("{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D", "%7bCHECKOUT_SESSION_ID%7d"):
        address = address.replace(mark, session["id"])
    return address
