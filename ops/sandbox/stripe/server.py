"""The HTTP side: who asks, with which parameters, under which key; then one transaction, and its answer.

Order, as at Stripe's: authentication, route, parameters, idempotency key, the resource's function, expansion.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Final

import orjson
from aiohttp import BasicAuth, web
from multidict import MultiDict

from . import resources
from .answers import check_answer
from .config import Config
from .control import Control
from .dashboard import Dashboard
from .delivery import Deliverer
from .errors import ParameterError, StripeError
from .events import API_VERSION
from .expansion import expand
from .faults import Faults
from .forms import decode
from .idempotency import IdempotencyKeys, fingerprint
from .ids import new_id
from .look import html_page
from .params import check_params
from .resources.events import make_endpoint
from .routes import BACKGROUND, PAGES, ROUTES, Background, Call, Page, PageCall, Route
from .store import Json, Store, shown

log = logging.getLogger(__name__)
_VIOLATIONS_KEPT: Final = 1000


class LocalStripe:
    """`async with LocalStripe(Config()) as server:`; `server.url` is for `base_addresses={"api": …}`."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.store = Store(self.config.state_path)
        self.store.prune()
        self.keys = IdempotencyKeys(self.store)
        self.faults = Faults()
        self.deliverer = Deliverer(self.store, self.config, self.faults)
        self.violations: deque[Json] = deque(maxlen=_VIOLATIONS_KEPT)
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._background: list[Background] = []
        self._listening_again = asyncio.Event()
        resources.load()

    # --- life ---

    async def start(self) -> None:
        """Bind the port (0: any free one) and serve."""
        app = web.Application(client_max_size=1024 * 1024, middlewares=[self._unknown_routes])
        # What is named in full before what stands in its place: /v1/customers/search is no customer.
        for route in sorted(ROUTES, key=lambda one: "{" in one.path):
            app.router.add_route(route.method, route.path, self._serve(route))
        for page in PAGES:
            app.router.add_route(page.method, page.path, self._serve_page(page))
        Control(self).mount(app)
        Dashboard(self).mount(app)
        self._register_endpoint()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        await self._listen(self._runner, self.config.port)
        await self.deliverer.start()
        self._background = [make(self.store) for make in BACKGROUND]
        for one in self._background:
            one.start()

    async def _listen(self, runner: web.AppRunner, port: int) -> None:
        self._site = web.TCPSite(runner, self.config.host, port)
        await self._site.start()
        host, port = runner.addresses[0][:2]
        self.url = self.store.base_url = f"http://{host}:{port}"

    async def refuse(self, seconds: float) -> None:
        """For so long nobody listens: connections are refused, and those that are open are cut."""
        if self._runner is None or self._site is None:
            return
        port = int(self._runner.addresses[0][1])
        await self._site.stop()
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        self._listening_again.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listening_again.wait(), seconds)
        await self._listen(self._runner, port)

    def listen_again(self) -> None:
        """Whoever refuses connections does so no longer."""
        self._listening_again.set()

    async def stop(self) -> None:
        for one in self._background:
            await one.stop()
        await self.deliverer.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.store.close()

    async def __aenter__(self) -> LocalStripe:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def reset(self) -> None:
        """Forget everything: objects, keys, faults, violations, the time. The endpoint of the start comes back."""
        self.deliverer.reset()
        self.faults.clear()
        self.store.reset()
        self.keys.clear()
        self.violations.clear()
        self._register_endpoint()

    def _register_endpoint(self) -> None:
        """Where events go from the start. One of an earlier start, which may have had another port, becomes this one."""
        url, secret = self.config.webhook_url, self.config.webhook_secret
        if not url:
            return
        before = next((one for one in self.store.list("webhook_endpoint") if one.get("_own")), None)
        endpoint = before or make_endpoint(self.store, url, secret)
        self.store.put(endpoint | {"url": url, "_secrets": [secret], "_own": True})

    # --- the API ---

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            request_id = new_id("req", 14)
            try:
                cut = self.faults.strike_before(request)
                answer = await self._answer(route, request, request_id)
                if cut:
                    self.faults.strike_after(request)
                return answer
            except ConnectionAbortedError:
                return web.Response(status=500)  # never arrives
            except StripeError as error:
                if isinstance(error, ParameterError):
                    self.note("parameter", request, error.message)
                return _respond(error.status, error.payload(request_id), request_id)
            except web.HTTPException:
                raise  # a body that is too large
            except Exception as crash:
                log.exception("A route failed.")
                self.note("crash", request, repr(crash))
                said = StripeError("An unknown error occurred.", kind="api_error").payload(request_id)
                return _respond(500, said, request_id)

        return handle

    async def _answer(self, route: Route, request: web.Request, request_id: str) -> web.StreamResponse:
        self._authenticate(request)
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            self.note("version", request, f"{version} is asked for; answers are those of {API_VERSION}.")
        account = self._account(request)
        sent = decode(await _pairs(request))
        params = check_params(route.schema or "CustomerDeleteParams", sent)
        key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
        call = Call(
            self.store, params, dict(request.match_info), request.path, request_id, self.url, key, account
        )
        if key is None:
            await self.faults.wait(request)
            with self.store.as_account(account), self.store.transaction():
                return self._done(request, self._run(route, call), request_id)
        return await self._once(route, request, call, fingerprint(route.method, request.path, sent))

    async def _once(self, route: Route, request: web.Request, call: Call, mark: str) -> web.StreamResponse:
        """Under its idempotency key: the stored answer of the first time, or the first time itself."""
        key = call.idempotency_key or ""
        with self.store.as_account(call.account):
            known = self.keys.begin(key, mark)
        if known is not None:
            headers = {
                "Idempotent-Replayed": "true",
                "Original-Request": known["request_id"],
                "Idempotency-Key": key,
            }
            return _respond(known["status"], known["answer"], call.request_id, headers)
        try:
            await self.faults.wait(request)
            with self.store.as_account(call.account):
                status, answer = self._first_time(route, call, mark)
            self._check(request, answer)
            return _respond(status, answer, call.request_id, {"Idempotency-Key": key})
        finally:
            self.keys.end(key, call.account)

    def _first_time(self, route: Route, call: Call, mark: str) -> tuple[int, Any]:
        """The answer is kept in the transaction of what the request wrote, a declined payment's traces included."""
        key = call.idempotency_key or ""

        def keep(status: int, answer: Any) -> tuple[int, Any]:
            self.keys.keep(key, mark, status=status, answer=answer, request_id=call.request_id)
            return status, answer

        try:
            with self.store.transaction():
                try:
                    return keep(200, self._run(route, call))
                except StripeError as error:
                    if error.keeps:
                        return keep(error.status, error.payload(call.request_id))
                    raise
        except StripeError as error:
            return keep(error.status, error.payload(call.request_id))

    def _run(self, route: Route, call: Call) -> Any:
        self.store.request = {"id": call.request_id, "idempotency_key": call.idempotency_key}
        try:
            answer = route.handler(call)
        finally:
            self.store.request = None
        if isinstance(answer, dict):
            answer = shown(answer)
            expand(self.store, answer, call.params.get("expand", []))
        return answer

    def _done(self, request: web.Request, answer: Any, request_id: str) -> web.StreamResponse:
        if isinstance(answer, web.StreamResponse):
            return answer
        self._check(request, answer)
        return _respond(200, answer, request_id)

    def _check(self, request: web.Request, answer: Any) -> None:
        if isinstance(answer, dict) and "error" not in answer:
            for problem in check_answer(answer):
                self.note("answer", request, problem)

    def _authenticate(self, request: web.Request) -> None:
        header = request.headers.get("Authorization", "")
        key = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
        if header.startswith("Basic "):
            try:
                key = BasicAuth.decode(header).login
            except ValueError:
                key = ""
        if not key:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
                "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
                "details, or we can help at https://support.stripe.com/.",
                status=401,
            )
        if key not in self.config.secret_keys:
            hidden = f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
            raise StripeError(f"Invalid API Key provided: {hidden}", status=401)

    def _account(self, request: web.Request) -> str | None:
        account = request.headers.get("Stripe-Account")
        if account is not None and self.store.find("account", account) is None:
            raise StripeError(
                f"The provided key does not have access to account '{account}' (or that account does not exist). "
                "Application access may have been revoked.",
                status=403,
                code="account_invalid",
            )
        return account

    # --- pages ---

    def _serve_page(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            form = MultiDict(
                (name, value) for name, value in (await request.post()).items() if isinstance(value, str)
            )
            call = PageCall(self.store, dict(request.match_info), request.query, form, self.url)
            try:
                with self.store.transaction():
                    try:
                        return page.handler(call)
                    except web.HTTPRedirection as redirect:
                        onward = redirect  # not an error: what was written stands
            except StripeError as error:
                return html_page(
                    "This cannot be done", f"<p>{escape(error.message)}</p>", status=error.status
                )
            except web.HTTPException:
                raise
            except Exception as crash:
                log.exception("A page failed.")
                self.note("crash", request, repr(crash))
                return html_page(
                    "This failed", "<p>Nothing was changed. Go back and try again.</p>", status=500
                )
            raise onward

        return handle

    # --- what is wrong with calls and answers ---

    def note(self, kind: str, request: web.Request, problem: str) -> None:
        """`parameter`: the caller sent what Stripe refuses; `route`: it is not there; `version`: another one was asked for;
        `answer` and `crash`: we answered amiss."""
        self.violations.append(
            {"kind": kind, "method": request.method, "path": request.path, "problem": problem}
        )

    @web.middleware
    async def _unknown_routes(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            if not request.path.startswith(("/v1/", "/v2/")):
                raise
            self.note("route", request, "This route does not exist here.")
            request_id = new_id("req", 14)
            error = StripeError(
                f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we can "
                "help at https://support.stripe.com/.",
                status=404,
            )
            return _respond(404, error.payload(request_id), request_id)


async def _pairs(request: web.Request) -> list[tuple[str, str]]:
    pairs = list(request.query.items())
    if request.method == "POST":
        pairs += [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
    return pairs


def _respond(
    status: int, answer: Any, request_id: str, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(answer),
        content_type="application/json",
        headers={"Request-Id": request_id, "Stripe-Version": API_VERSION, **(headers or {})},
    )
