"""An invoice on a page and as a PDF: the same rows in both."""

from __future__ import annotations

from html import escape
from typing import Final, NamedTuple

from aiohttp import web

from ..billing.lines import day, money
from ..store import Json
from .frame import field, row, said, show
from .pdf import Sheet, build_pdf

_LEFT, _RIGHT, _BOTTOM = 50.0, 545.0, 780.0
_STATES: Final = {
    "draft": "Draft",
    "open": "To be paid",
    "paid": "Paid",
    "uncollectible": "Given up",
    "void": "Void: nothing is to be paid",
}


class Row(NamedTuple):
    words: str
    amount: str
    small: str = ""
    total: bool = False


def rows_of(invoice: Json) -> tuple[list[Row], list[Row]]:
    """The lines, and the sums under them."""
    currency = invoice["currency"]
    lines = [
        Row(line["description"] or "", money(line["amount"], currency), _period(line["period"]))
        for line in invoice["lines"]["data"]
    ]
    sums = [Row("Subtotal", money(invoice["subtotal"], currency))]
    for kind, amounts, sign in (
        ("Discount", invoice["total_discount_amounts"], -1),
        ("Tax", invoice["total_taxes"], 1),
    ):
        total = sum(one["amount"] for one in amounts)
        if total:
            sums.append(Row(kind, money(sign * total, currency)))
    sums.append(Row("Total", money(invoice["total"], currency)))
    # What the customer's balance took over, or kept of a credit.
    carried = invoice["amount_due"] - invoice["total"]
    if carried:
        sums.append(
            Row("From your balance" if carried < 0 else "Kept on your balance", money(carried, currency))
        )
    paid = invoice["status"] == "paid"
    sums.append(
        Row("Amount paid" if paid else "Amount due", money(invoice["amount_due"], currency), "", total=True)
    )
    return lines, sums


def _period(period: Json) -> str:
    return (
        day(period["start"])
        if period["start"] == period["end"]
        else f"{day(period['start'])} – {day(period['end'])}"
    )


def facts_of(invoice: Json) -> list[tuple[str, str]]:
    """What stands above the lines."""
    paid = invoice["status_transitions"]["paid_at"]
    facts = [
        ("Invoice number", invoice["number"] or "none yet"),
        ("Date", day(invoice["effective_at"] or invoice["created"])),
        ("State", _STATES[invoice["status"]]),
        ("Paid on", day(paid) if paid else ""),
        ("Due on", day(invoice["due_date"]) if invoice["due_date"] and not paid else ""),
        ("Bill to", ", ".join(_payer(invoice))),
        ("Tax ID", ", ".join(one["value"] for one in invoice["customer_tax_ids"] or [])),
    ]
    return [(name, value) for name, value in facts if value]


def _payer(invoice: Json) -> list[str]:
    address = invoice["customer_address"] or {}
    parts = [invoice["customer_name"], invoice["customer_email"]]
    return [
        str(part)
        for part in parts + [address.get(key) for key in ("line1", "postal_code", "city", "country")]
        if part
    ]


def invoice_pdf(invoice: Json) -> bytes:
    """The file that `invoice_pdf` leads to."""
    lines, sums = rows_of(invoice)
    sheets = [Sheet()]
    sheet, y = sheets[0], 70.0
    sheet.text(_LEFT, y, "Invoice", size=22, bold=True)
    sheet.text(_RIGHT, y, invoice["account_name"], bold=True, right=True)
    y += 34
    for name, value in facts_of(invoice):
        sheet.text(_LEFT, y, name)
        sheet.text(_LEFT + 110, y, _cut(value, 70))
        y += 16
    y += 18
    for number, one in enumerate([*lines, *sums]):
        if y > _BOTTOM:
            sheets.append(Sheet())
            sheet, y = sheets[-1], 60.0
        if number in (0, len(lines)):
            sheet.rule(_LEFT, _RIGHT, y - 14)
        sheet.text(_LEFT, y, _cut(one.words, 72), bold=one.total)
        sheet.text(_RIGHT, y, one.amount, bold=one.total, right=True)
        if one.small:
            sheet.text(_LEFT, y + 13, one.small, size=8)
            y += 13
        y += 20
    sheet.text(_LEFT, 810, "A test invoice. No money moves.", size=8)
    return build_pdf(sheets, f"Invoice {invoice['number']}")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def invoice_page(invoice: Json, *, wrong: str = "", card: str = "") -> web.Response:
    """What `hosted_invoice_url` leads to; an open invoice can be paid on it."""
    lines, sums = rows_of(invoice)
    head = f"{invoice['account_name']}: {money(invoice['amount_due'], invoice['currency'])}"
    facts = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in facts_of(invoice)
    )
    body = (
        f'<h1>Invoice {escape(invoice["number"] or "")}</h1><p class="sum num">{escape(money(invoice["amount_due"], invoice["currency"]))}</p>'
        f'{said(wrong)}<table class="facts">{facts}</table>'
        f'<ul class="rows">{"".join(row(one.words, one.amount, small=one.small, total=one.total) for one in [*lines, *sums])}</ul>'
        f'<p class="actions"><a class="button" href="/invoices/{invoice["_token"]}/pdf">Download the PDF</a></p>'
    )
    if invoice["status"] in ("open", "uncollectible"):
        body += (
            '<form method="post" class="panel"><h2>Pay with a card</h2>'
            + field(
                "card",
                "Card number",
                card or "4242 4242 4242 4242",
                inputmode="numeric",
                autocomplete="cc-number",
                maxlength=30,
            )
            + f'<button class="main wide">Pay {escape(money(invoice["amount_remaining"], invoice["currency"]))}</button></form>'
        )
    return show(head, body, status=400 if wrong else 200, narrow=True)
