"""The page at /: what is in this Stripe, what happened, what was delivered, and switches for what may go wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from .billing.lines import money
from .delivery import KIND as DELIVERY
from .look import html_page
from .store import Json, shown

if TYPE_CHECKING:
    from .server import LocalStripe

_ROWS: Final = 15
_LISTS: Final = {
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "payments": "payment_intent",
    "events": "event",
    "deliveries": DELIVERY,
    "products": "product",
    "prices": "price",
    "webhooks": "webhook_endpoint",
}
# What each switch sets; the words are what the page says.
_SWITCHES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "twice": ("Deliver every event twice", {"repeat": 2}),
    "shuffle": ("Deliver in a random order", {"shuffle": True, "spread": 2.0}),
    "hold": ("Hold all events back", {"hold": True}),
    "drop": ("Lose all events", {"drop": True}),
    "slow": ("Answer after 3 seconds", {"latency": 3.0}),
    "limit": ("Answer 429, too many requests", {"status": 429}),
    "down": ("Answer 503, an outage", {"status": 503}),
    "cut": ("Cut every connection", {"cut": True}),
}
Cell = tuple[str, str]  # HTML, and a class


class Dashboard:
    def __init__(self, server: LocalStripe) -> None:
        self._server = server

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/", self._page(self.index))
        app.router.add_get("/list/{name}", self._page(self.whole_list))
        app.router.add_get("/objects/{kind}/{id}", self._page(self.one))
        app.router.add_post("/switch", self.switch)

    def _page(
        self, answer: Callable[[web.Request], web.Response]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return answer(request)

        return handle

    # --- pages ---

    def index(self, request: web.Request) -> web.Response:
        parts = [
            "<p>This stands in for Stripe on this machine. Everything is made up: no money moves, and no card is real. Pay with "
            "<b>4242&nbsp;4242&nbsp;4242&nbsp;4242</b>, any later date and any code; <b>4000&nbsp;0000&nbsp;0000&nbsp;0002</b> is "
            "declined, <b>4000&nbsp;0027&nbsp;6000&nbsp;3184</b> asks its owner first.</p>",
            f'<p class="dim">Its time is {_moment(self._server.store.now())}, as all times here in UTC.</p>',
            self._violations(),
            *(
                self._section(name, limit=_ROWS)
                for name in ("customers", "subscriptions", "payments", "events", "deliveries")
            ),
            self._switches(),
        ]
        others = "".join(f'<a href="/list/{name}">{name.capitalize()}</a>' for name in _LISTS)
        return html_page("Local Stripe", f'<nav aria-label="Lists">{others}</nav>{"".join(parts)}', wide=True)

    def whole_list(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _LISTS:
            raise web.HTTPNotFound(text="There is no such list.")
        return html_page(
            "Local Stripe", f'<p><a href="/">Back</a></p>{self._section(name, limit=200)}', wide=True
        )

    def one(self, request: web.Request) -> web.Response:
        kind, id = request.match_info["kind"], request.match_info["id"]
        found = self._server.store.find(kind, id)
        if found is None:
            raise web.HTTPNotFound(text="This object is not here, or no longer.")
        text = orjson.dumps(shown(found), option=orjson.OPT_INDENT_2).decode()
        about = [
            one
            for one in self._server.store.list("event")
            if one["data"]["object"].get("id") == id and kind != "event"
        ]
        rows = "".join(_row(self._cells("event", one)) for one in about)
        happened = f"<h2>What happened to it</h2>{_table(('When', 'Event', 'About'), rows)}" if about else ""
        return html_page(
            id, f'<p><a href="/">Local Stripe</a></p><pre>{escape(text)}</pre>{happened}', wide=True
        )

    async def switch(self, request: web.Request) -> web.StreamResponse:
        """A form of the page's own."""
        if request.headers.get("Origin", "") not in {"", f"http://{request.host}"}:
            raise web.HTTPForbidden(text="This button works from the local Stripe's own page only.")
        form = await request.post()
        name = str(form.get("name", ""))
        if name == "release":
            self._server.faults.clear()
            await self._server.deliverer.release()
        elif name == "clear":
            self._server.faults.clear()
        elif name in _SWITCHES:
            self._server.faults.set(_SWITCHES[name][1])
        self._server.deliverer.wake()
        raise web.HTTPSeeOther("/#faults")

    # --- parts ---

    def _violations(self) -> str:
        rows = "".join(
            f"<li><b>{escape(one['method'])} {escape(one['path'])}</b>: {escape(one['problem'])}</li>"
            for one in list(self._server.violations)[-10:]
        )
        return (
            f'<div class="box"><b class="bad">What the real Stripe would not take or say</b><ul>{rows}</ul></div>'
            if rows
            else ""
        )

    def _section(self, name: str, *, limit: int) -> str:
        kind = _LISTS[name]
        objects = [one for one in self._server.store.list(kind) if not one.get("deleted")]
        rows = "".join(_row(self._cells(kind, one)) for one in objects[:limit])
        more = f'<p><a href="/list/{name}">All {len(objects)}</a></p>' if len(objects) > limit else ""
        title = f'<h2 id="{name}">{name.capitalize()} <span class="dim num">{len(objects)}</span></h2>'
        return title + (
            _table(_HEADS[kind], rows) + more
            if rows
            else f'<p class="dim">{_EMPTY.get(kind, "Nothing yet.")}</p>'
        )

    def _switches(self) -> str:
        now = self._server.faults.as_dict()
        buttons = "".join(
            f'<button name="name" value="{key}" class="quiet">{words}</button>'
            for key, (words, sets) in _SWITCHES.items()
            if any(now[name] != value for name, value in sets.items())
        )
        on = [
            words
            for words, sets in _SWITCHES.values()
            if all(now[name] == value for name, value in sets.items())
        ]
        state = (
            f'<p class="bad">Now: {", ".join(on).lower()}.</p>' if on else '<p class="good">All is well.</p>'
        )
        ends = (
            '<button name="name" value="clear">All is well again</button>'
            '<button name="name" value="release">… and deliver what was held or lost</button>'
        )
        return (
            f'<h2 id="faults">What may go wrong</h2>{state}<form method="post" action="/switch" class="row">{buttons}</form>'
            f'<form method="post" action="/switch" class="row spaced">{ends}</form>'
        )

    def _cells(self, kind: str, one: Json) -> Iterable[Cell]:
        link = f'<a href="/objects/{escape(kind)}/{escape(one["id"])}">{escape(one["id"])}</a>'
        if kind == "customer":
            return [
                (_moment(one["created"]), ""),
                (link, ""),
                (_text(one["name"]), "wide"),
                (_text(one["email"]), ""),
            ]
        if kind == "event":
            about = one["data"]["object"]
            return [(_moment(one["created"]), ""), (f'<a href="/objects/event/{one["id"]}">{escape(one["type"])}</a>', ""), (self._link(about.get("id")), "")]  # fmt: skip
        if kind == DELIVERY:
            last = one["log"][-1] if one["log"] else {"status": None, "said": ""}
            said = str(last["status"] or last["said"] or "not yet")
            tone = {"delivered": "good", "failed": "bad", "dropped": "bad"}.get(one["state"], "")
            return [(_moment(one["made"]), ""), (self._link(one["event"], one["type"]), ""), (escape(one["url"]), "wide"), (one["state"], tone), (str(one["attempts"]), "num"), (escape(said[:80]), "wide")]  # fmt: skip
        if kind == "product":
            return [
                (_moment(one["created"]), ""),
                (link, ""),
                (_text(one["name"]), "wide"),
                ("on sale" if one["active"] else "archived", ""),
            ]
        if kind == "price":
            every = f"a {one['recurring']['interval']}" if one["recurring"] else "once"
            return [(_moment(one["created"]), ""), (link, ""), (_text(one["lookup_key"]), ""), (_money(one["unit_amount"], one["currency"]), "num"), (every, "")]  # fmt: skip
        if kind == "webhook_endpoint":
            return [
                (_moment(one["created"]), ""),
                (link, ""),
                (escape(one["url"]), "wide"),
                (one["status"], ""),
            ]
        amount = one.get("amount", one.get("total"))
        return [
            (_moment(one["created"]), ""),
            (link, ""),
            (self._link(one.get("customer")), ""),
            (_text(one["status"]).replace("_", " "), ""),
            (_money(amount, one["currency"]) if amount is not None else self._plan(one), "num"),
        ]

    def _plan(self, subscription: Json) -> str:
        items = (subscription.get("items") or {}).get("data") or []
        return ", ".join(_text(item["price"].get("lookup_key") or item["price"]["id"]) for item in items)

    def _link(self, id: object, words: str = "") -> str:
        found = self._server.store.find_any(str(id)) if id else None
        if found is None:
            return escape(words or str(id or ""))
        return f'<a href="/objects/{escape(found["object"])}/{escape(found["id"])}">{escape(words or found["id"])}</a>'


_MONEY_HEADS: Final = ("When", "Id", "Customer", "Status", "Amount")
_HEADS: Final = {
    "customer": ("When", "Id", "Name", "Mail"),
    "subscription": ("When", "Id", "Customer", "Status", "Prices"),
    "invoice": _MONEY_HEADS,
    "payment_intent": _MONEY_HEADS,
    "event": ("When", "Event", "About"),
    DELIVERY: ("When", "Event", "To", "State", "Tries", "Last answer"),
    "product": ("When", "Id", "Name", "State"),
    "price": ("When", "Id", "Lookup key", "Amount", "Every"),
    "webhook_endpoint": ("When", "Id", "Address", "State"),
}
_EMPTY: Final = {
    "customer": "No customer yet. Choose a plan in EngageHub, and its buyer stands here.",
    "subscription": "No subscription yet.",
    "event": "Nothing has happened yet.",
    DELIVERY: "Nothing to deliver yet, or nobody to deliver it to.",
}


def _table(heads: Iterable[str], rows: str) -> str:
    first, *others = heads
    head = "".join(f'<th scope="col">{one}</th>' for one in (*others, first))
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(cells: Iterable[Cell]) -> str:
    """The time, which comes first, is shown last: on a phone the rest is what one looks for."""
    when, *others = cells
    return "<tr>" + "".join(f'<td class="{tone}">{text}</td>' for text, tone in (*others, when)) + "</tr>"


def _moment(seconds: float) -> str:
    return f"<time>{datetime.fromtimestamp(seconds, UTC):%d %b %H:%M:%S}</time>"


def _text(value: object) -> str:
    return escape(str(value)) if value else '<span class="dim">–</span>'


def _money(amount: int | None, currency: str) -> str:
    return escape(money(amount, currency)) if amount is not None else '<span class="dim">–</span>'
