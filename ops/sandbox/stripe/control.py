"""The tester's hand over HTTP, under /_sandbox/.

GET    /_sandbox/                    the time, the faults, how many of each kind there are
POST   /_sandbox/reset               forget everything; {"keep_endpoints": true} keeps where events go
GET    /_sandbox/violations          what callers sent amiss, what we answered amiss; DELETE forgets them
POST   /_sandbox/faults              set some of Faults' fields; DELETE clears them all
POST   /_sandbox/refuse              {"seconds": 1}: in a moment nobody listens, for so long
POST   /_sandbox/time                {"now": seconds} or {"advance": seconds}
GET    /_sandbox/deliveries          the newest first
POST   /_sandbox/deliveries/release  send what is held, dropped or failed: {"order": "as_made|reversed|shuffled", "repeat": 2}
POST   /_sandbox/deliveries/settle   wait until nothing is in flight: {"seconds": 10}
POST   /_sandbox/deliver             {"event": id, "times": 2, "url": …, "secret": …, "age": seconds, "change": {…}} by hand:
                                     another `secret` forges it, `age` makes it stale, `change` is merged into the event
POST   /_sandbox/endpoints           {"url": …, "secret": …}, an endpoint with a secret of one's choice
POST   /_sandbox/endpoints/roll      {"endpoint": id, "secret": …, "keep": true}, a new secret, the old still signing
POST   /_sandbox/billing             {"retry_days": [3, 5, 7], "end_of_retries": "canceled|unpaid|past_due"}
POST   /_sandbox/checkout/{id}/complete  {"card": "4242 4242 4242 4242", "email": …, "code": …, "authenticated": true}
POST   /_sandbox/charges/{id}/dispute    {"amount": 250, "inquiry": true}: the payer's bank takes it back, or only asks
POST   /_sandbox/disputes/{id}/{act}     review, escalate (an inquiry), won or lost
GET    /_sandbox/objects/{kind}      as they are kept
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from .billing.by_control import complete_checkout
from .billing.settings import change_settings
from .billing.ticking import run_until
from .delivery import KIND
from .errors import StripeError
from .ids import random_text
from .resources.disputes import close_dispute, escalate_inquiry, open_dispute, review_dispute
from .resources.events import make_endpoint
from .signing import body_of
from .store import Json

if TYPE_CHECKING:
    from .server import LocalStripe

_LEAD_SECONDS: Final = 0.05
Answer = Callable[[Json], Any]


class Control:
    def __init__(self, server: LocalStripe) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    def mount(self, app: web.Application) -> None:
        for method, path, answer in (
            ("GET", "", self.describe),
            ("POST", "reset", self.reset),
            ("GET", "violations", lambda body: list(self._server.violations)),
            ("DELETE", "violations", lambda body: self._server.violations.clear()),
            ("POST", "faults", self.set_faults),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "refuse", self.refuse),
            ("POST", "time", self.set_time),
            ("GET", "deliveries", lambda body: self._server.store.list(KIND)),
            ("POST", "deliveries/release", self.release),
            ("POST", "deliveries/settle", self.settle),
            ("POST", "deliver", self.deliver),
            ("POST", "endpoints", self.add_endpoint),
            ("POST", "endpoints/roll", self.roll_secret),
            ("POST", "billing", lambda body: change_settings(self._server.store, body)),
            ("POST", "checkout/{id}/complete", lambda body: complete_checkout(self._server.store, body)),
            ("POST", "charges/{id}/dispute", self.dispute_charge),
            ("POST", "disputes/{id}/{act}", self.go_on_with_dispute),
            ("GET", "objects/{kind}", lambda body: self._server.store.list(body["kind"])),
        ):
            app.router.add_route(method, f"/_sandbox/{path}", _serve(answer))

    def describe(self, body: Json) -> Json:
        store = self._server.store
        return {
            "now": store.now(),
            "faults": self._server.faults.as_dict(),
            "violations": len(self._server.violations),
            "objects": store.count_kinds(),
        }

    def reset(self, body: Json) -> None:
        kept = self._server.store.list("webhook_endpoint") if body.get("keep_endpoints") else []
        self._server.reset()
        for endpoint in kept:
            self._server.store.put(endpoint)

    def dispute_charge(self, body: Json) -> Json:
        store = self._server.store
        charge = store.get("charge", body["id"])
        with store.transaction():
            return open_dispute(store, charge, amount=body.get("amount"), inquiry=bool(body.get("inquiry")))

    def go_on_with_dispute(self, body: Json) -> Json:
        store = self._server.store
        dispute = store.get("dispute", body["id"])
        acts: dict[str, Callable[[], Json]] = {
            "review": lambda: review_dispute(store, dispute),
            "escalate": lambda: escalate_inquiry(store, dispute),
            "won": lambda: close_dispute(store, dispute, won=True),
            "lost": lambda: close_dispute(store, dispute, won=False),
        }
        with store.transaction():
            return acts[body["act"]]()

    def set_faults(self, body: Json) -> Json:
        self._server.faults.set(body)
        self._server.deliverer.wake()
        return self._server.faults.as_dict()

    def clear_faults(self, body: Json) -> Json:
        self._server.faults.clear()
        self._server.deliverer.wake()
        return self._server.faults.as_dict()

    def refuse(self, body: Json) -> Json:
        """The answer leaves first; then this connection is cut as well."""
        seconds = float(body["seconds"])
        loop = asyncio.get_running_loop()
        loop.call_later(_LEAD_SECONDS, lambda: self._keep(loop.create_task(self._server.refuse(seconds))))
        return {"refusing_in": _LEAD_SECONDS}

    def _keep(self, task: asyncio.Task[None]) -> None:
        """A task that nobody holds may be forgotten before it ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def set_time(self, body: Json) -> Json:
        store = self._server.store
        wanted = body["now"] if "now" in body else store.now() + body["advance"]
        store.set_offset(wanted - time.time())
        return {"happened": run_until(store, store.now()), "now": store.now()}

    async def release(self, body: Json) -> list[Json]:
        return await self._server.deliverer.release(body.get("order", "as_made"), body.get("repeat", 1))

    async def settle(self, body: Json) -> Json:
        """`settled` is False when something was still on its way after `seconds`."""
        deadline = time.monotonic() + float(body.get("seconds", 10))
        while not self._server.deliverer.is_idle:
            if time.monotonic() > deadline:
                return {"settled": False}
            await asyncio.sleep(0.01)
        return {"settled": True}

    async def deliver(self, body: Json) -> list[Json]:
        event = self._server.store.get("event", body["event"]) | body.get("change", {})
        endpoints = self._server.store.list("webhook_endpoint")
        if "url" not in body and not endpoints:
            raise ValueError("There is no webhook endpoint: name a url and a secret.")
        secrets = [body["secret"]] if "secret" in body else endpoints[0]["_secrets"]
        at = time.time() - body.get("age", 0)
        results = []
        for _ in range(body.get("times", 1)):
            url = body.get("url") or endpoints[0]["url"]
            status, said = await self._server.deliverer.send(url, body_of(event), secrets, at=at)
            results.append({"status": status, "said": said})
        return results

    def add_endpoint(self, body: Json) -> Json:
        store = self._server.store
        secret = body.get("secret") or f"whsec_{random_text(32)}"
        return store.put(make_endpoint(store, body["url"], secret, events=body.get("events")))

    def roll_secret(self, body: Json) -> Json:
        store = self._server.store
        endpoint = store.get("webhook_endpoint", body["endpoint"])
        secret = body.get("secret") or f"whsec_{random_text(32)}"
        endpoint["_secrets"] = [secret, *(endpoint["_secrets"][:1] if body.get("keep", True) else [])]
        return store.put(endpoint)


def _serve(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        # A page of another origin must not steer this one through a visitor's browser.
        if request.headers.get("Origin", "") not in {"", f"http://{request.host}"}:
            return web.json_response({"error": "From this server's own pages only."}, status=403)
        try:
            sent = await request.read()
            body = (orjson.loads(sent) if sent else {}) | dict(request.match_info)
            result = answer(body)
            if asyncio.iscoroutine(result):
                result = await result
        except (KeyError, TypeError, ValueError, StripeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.Response(body=orjson.dumps(result), content_type="application/json")

    return handle
