"""The frame of every page, and its parts: fields with their errors, rows, sums in words."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from ..billing.lines import product_name
from ..store import Json, Store

_STYLE: Final = Path(__file__).parent / "style.css"
COUNTRIES: Final = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CZ": "Czechia", "DK": "Denmark",
    "FI": "Finland", "FR": "France", "DE": "Germany", "IN": "India", "IE": "Ireland", "IT": "Italy", "JP": "Japan",
    "MX": "Mexico", "NL": "Netherlands", "NZ": "New Zealand", "NO": "Norway", "PL": "Poland", "PT": "Portugal",
    "SG": "Singapore", "ES": "Spain", "SE": "Sweden", "CH": "Switzerland", "GB": "United Kingdom", "US": "United States",
}  # fmt: skip
# The card numbers that the pages offer, with what each does.
OFFERED: Final = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has no funds"),
    ("4000 0027 6000 3184", "asks for 3-D Secure"),
    ("4000 0000 0000 0341", "fails later"),
)
TAX_IDS: Final = {
    "eu_vat": "EU VAT, such as DE123456789",
    "gb_vat": "UK VAT",
    "us_ein": "US EIN",
    "ch_vat": "Swiss VAT",
    "no_vat": "Norwegian VAT",
    "au_abn": "Australian ABN",
    "ca_bn": "Canadian BN",
    "in_gst": "Indian GST",
}


@cache
def _style() -> str:
    return _STYLE.read_text()


def show(title: str, body: str, *, status: int = 200, narrow: bool = False) -> web.Response:
    """A whole page. `body` is HTML, in which what came from outside is escaped."""
    return web.Response(
        status=status,
        text=f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><style>{_style()}</style></head><body>'
        f'<aside class="note" aria-label="About this page">This is a test. No money moves.</aside>'
        f'<main class="{"narrow" if narrow else ""}">{body}</main></body></html>',
        content_type="text/html",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        },
    )


def said(words: str, *, good: bool = False) -> str:
    """What just happened, above everything else."""
    kind = ' good" role="status' if good else '" role="alert'
    return f'<p class="said{kind}">{escape(words)}</p>' if words else ""


def field(
    name: str,
    label: str,
    value: str = "",
    *,
    wrong: str = "",
    type: str = "text",
    hint: str = "",
    **attributes: Any,
) -> str:
    """A labelled input with its hint and its error. `attributes` with `_` for `-`; True stands alone, None is left out."""
    given = {"aria-invalid": "true" if wrong else None} | attributes
    described = [f"{name}-hint"] * bool(hint) + [f"{name}-wrong"] * bool(wrong)
    given["aria-describedby"] = " ".join(described) or None
    rest = "".join(
        f" {key.replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in given.items()
        if value is not None and value is not False
    )
    return (
        f'<div class="field"><label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{type}" value="{escape(value)}"{rest}>'
        + (f'<small id="{name}-hint">{escape(hint)}</small>' if hint else "")
        + (f'<span class="wrong" id="{name}-wrong">{escape(wrong)}</span>' if wrong else "")
        + "</div>"
    )


def choice(name: str, label: str, options: dict[str, str], chosen: str = "", *, none: str = "") -> str:
    """A labelled select; `none` is what choosing nothing is called."""
    first = f'<option value="">{escape(none)}</option>' if none else ""
    rest = "".join(
        f'<option value="{key}"{" selected" if key == chosen else ""}>{escape(words)}</option>'
        for key, words in options.items()
    )
    return f'<div class="field"><label for="{name}">{escape(label)}</label><select id="{name}" name="{name}">{first}{rest}</select></div>'


def address_fields(filled: dict[str, str]) -> str:
    """Street, postal code and city."""
    street = field(
        "line1", "Street and number", filled.get("line1", ""), autocomplete="address-line1", maxlength=200
    )
    code = field(
        "postal_code", "Postal code", filled.get("postal_code", ""), autocomplete="postal-code", maxlength=20
    )
    city = field("city", "City", filled.get("city", ""), autocomplete="address-level2", maxlength=100)
    return f'{street}<div class="pair">{code}{city}</div>'


def card_fields(filled: dict[str, str], wrong: dict[str, str]) -> str:
    """Number, month and code, with the test cards to press."""
    offers = "".join(
        f'<li><button name="do" value="fill {number}" formnovalidate><span class="num">…{number[-4:]}</span> {words}</button></li>'
        for number, words in OFFERED
    )
    number = field(
        "card", "Card number", filled.get("card", ""), wrong=wrong.get("card", ""), inputmode="numeric",
        autocomplete="cc-number", placeholder="4242 4242 4242 4242", maxlength=30,
    )  # fmt: skip
    month = field(
        "exp", "Expires", filled.get("exp", ""), wrong=wrong.get("exp", ""), autocomplete="cc-exp", placeholder="12 / 34",
        maxlength=9,
    )  # fmt: skip
    code = field(
        "cvc", "Security code", filled.get("cvc", ""), wrong=wrong.get("cvc", ""), inputmode="numeric",
        autocomplete="cc-csc", placeholder="123", maxlength=4,
    )  # fmt: skip
    return (
        f'{number}<div class="pair">{month}{code}</div><div class="field" role="group" aria-label="Test cards">'
        f'<small>Test cards: press one to fill it in.</small><ul class="cards">{offers}</ul></div>'
    )


def tax_id_fields(legend: str, filled: dict[str, str], wrong: dict[str, str]) -> str:
    """The kind of a tax id and its number."""
    kind = choice("tax_type", "Kind of tax ID", TAX_IDS, filled.get("tax_type", ""), none="None")
    value = field(
        "tax_id",
        "Tax ID",
        filled.get("tax_id", ""),
        wrong=wrong.get("tax_id", ""),
        maxlength=40,
        autocomplete="off",
    )
    return f"<fieldset><legend>{escape(legend)}</legend>{kind}{value}</fieldset>"


def row(words: str, amount: str, *, total: bool = False, small: str = "") -> str:
    """A line of a sum."""
    under = f"<br><small>{escape(small)}</small>" if small else ""
    kind = ' class="total"' if total else ""
    return f'<li{kind}><span>{escape(words)}{under}</span><span class="num">{escape(amount)}</span></li>'


def every(recurring: Json | None) -> str:
    """`per month`, `every 3 months`, or nothing for what is paid once."""
    if not recurring:
        return ""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"


def item_words(store: Store, price: Json, quantity: int | None) -> str:
    name = product_name(store, price)
    return f"{name} × {quantity}" if quantity and quantity > 1 else name
