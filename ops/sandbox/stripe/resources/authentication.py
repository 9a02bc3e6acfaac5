"""The bank's page where a card's owner proves to be it (3-D Secure), for intents whose `next_action` sends there."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from ..billing.lines import money
from ..errors import StripeError
from ..look import html_page
from ..payments.intents import authenticate
from ..routes import PageCall, page
from ..store import Json

_KINDS: Final = {"payment_intents": "payment_intent", "setup_intents": "setup_intent"}


@page("GET", "/3ds/{kind}/{id}")
def show(call: PageCall) -> web.StreamResponse:
    intent = _find(call)
    if intent["status"] != "requires_action":
        return html_page(
            "Nothing to confirm", f"<p>This payment is {escape(intent['status'].replace('_', ' '))}.</p>"
        )
    amount = money(intent["amount"], intent["currency"]) if "amount" in intent else "a card for later"
    return html_page(
        "Confirm with your bank",
        f"<p>A test of 3-D Secure. Your bank asks whether it is you: <b>{escape(amount)}</b>.</p>"
        '<form method="post" class="row"><button name="answer" value="complete">Complete</button>'
        '<button name="answer" value="fail" class="quiet">Fail</button></form>',
    )


@page("POST", "/3ds/{kind}/{id}")
def answer(call: PageCall) -> web.StreamResponse:
    intent = _find(call)
    target = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("return_url")
    try:
        intent = authenticate(call.store, intent, succeeded=call.form.get("answer") == "complete")
    except StripeError as error:
        return html_page("Nothing to confirm", f"<p>{escape(error.message)}</p>", status=error.status)
    if target:
        raise web.HTTPSeeOther(_with(target, intent))
    return html_page(
        "Thank you",
        f"<p>The payment is {escape(intent['status'].replace('_', ' '))}. You can close this page.</p>",
    )


def _find(call: PageCall) -> Json:
    found = call.store.find(_KINDS.get(call.path["kind"], ""), call.path["id"])
    if found is None:
        raise web.HTTPNotFound(text="There is no such payment.")
    return found


def _with(url: str, intent: Json) -> str:
    parts = urlsplit(url)
    name = intent["object"]
    query = [
        *parse_qsl(parts.query),
        (name, intent["id"]),
        (f"{name}_client_secret", intent["client_secret"]),
        (
            "redirect_status",
            "succeeded" if intent["status"] in ("succeeded", "requires_capture") else "failed",
        ),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))
