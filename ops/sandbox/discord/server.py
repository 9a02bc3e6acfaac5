"""The local Discord as one server: gateway, REST, CDN, sign-in pages, control and the chat page on one port."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from aiohttp import web

from .config import Config, find_openapi_document
from .control.control import Control
from .faults import Faults
from .files import Files
from .gateway.connection import serve_gateway
from .gateway.hub import Hub
from .interactions import Interaction, Interactions
from .oauth import OAuth
from .openapi import Document, load_document
from .rest.limits import Limits
from .rest.serve import add_routes
from .seed import seed_world
from .seed_demo import seed_demo_world
from .state.store import load_world, save_world
from .state.world import Happening, World
from .traffic import Traffic

if TYPE_CHECKING:
    from .rest.call import Call

_T = TypeVar("_T")
_VIOLATIONS_KEPT = 1000


class LocalDiscord:
    """`async with LocalDiscord(Config()) as discord:` — the addresses are known once it is entered.

    `discord.state` is the tester's hand (see Control); `discord.violations` lists what the bot sent that Discord's
    OpenAPI document does not allow.
    """

    world: World
    faults: Faults
    hub: Hub
    calls: dict[str, int]
    violations: deque[dict[str, Any]]
    state: Control
    traffic: Traffic

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.world = World(self.config)
        self.faults = Faults()
        self.hub = Hub(self.world, self.config, self.faults)
        self.limits = Limits(self.config)
        self.interactions = Interactions(self.world, self.config)
        self.oauth = OAuth(self.config)
        self.files = Files()
        self.calls = {}
        self.violations = deque(maxlen=_VIOLATIONS_KEPT)
        self.mistakes: list[str] = []
        self.state = Control(self)
        self.traffic = Traffic(self)
        self.web_url = ""
        self.document: Document | None = None
        self._runner: web.AppRunner | None = None
        path = self.config.openapi_path or find_openapi_document()
        if path is not None:
            self.document = load_document(path)
        self._fill()

    # --- addresses ---

    @property
    def api_url(self) -> str:
        """For `discord.http.Route.BASE` and DISCORD_API_URL."""
        return f"{self.web_url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """For `DiscordWebSocket.DEFAULT_GATEWAY`; also in the answer of GET /gateway/bot."""
        return self.web_url.replace("http", "ws", 1) + "/gateway/"

    # --- life ---

    async def start(self) -> None:
        """Bind the port (0: any free one) and serve."""
        from .pages import add_pages

        app = web.Application(client_max_size=64 * 1024 * 1024)

        async def gateway(request: web.Request) -> web.StreamResponse:
            return await serve_gateway(request, self.hub)

        app.router.add_get("/gateway/", gateway)
        app.router.add_get("/gateway", gateway)
        add_routes(app, self)
        add_pages(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.web_url = f"http://{host}:{port}"
        self.hub.base_url = self.gateway_url
        self.files.base_url = self.web_url

    async def stop(self) -> None:
        """Save the state where a path is named, cut every socket, release the port."""
        self.traffic.stop()
        self.save()
        self.hub.drop()
        for connection in list(self.hub.connections):
            connection.abort()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> LocalDiscord:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # --- state between runs ---

    def save(self) -> None:
        if self.config.state_path is not None:
            save_world(self.world, self.config.state_path)

    def reset(self) -> None:
        """Back to the seed: sessions are dropped and forgotten, commands, messages and faults are gone."""
        self.traffic.stop()
        self.hub.expire_sessions()
        self.hub.drop()
        self.hub.reset_limit()
        self.faults.clear()
        self.limits.clear()
        self.interactions.clear()
        self.oauth.clear()
        self.violations.clear()
        self.world.clear()
        self._seed()
        self.world.emit(Happening("SANDBOX_RESET", {}, to_gateway=False))

    def _fill(self) -> None:
        path = self.config.state_path
        if path is not None and path.is_file() and load_world(self.world, path):
            return
        self._seed()

    def _seed(self) -> None:
        if self.config.seed:
            seed_world(self.world)
        if self.config.seed and self.config.demo_born is not None:
            seed_demo_world(self.world, self.config.demo_born)

    # --- what the routes report ---

    def check_call(self, call: Call) -> list[str]:
        """Hold a call against the OpenAPI document, if there is one; what does not fit is kept in `violations`."""
        if self.document is None:
            return []
        path = call.request.path.removeprefix("/api/v10").removeprefix("/api")
        if path.startswith("/oauth2/token"):
            return []  # form-encoded OAuth2, which the document does not describe
        problems = self.document.check(call.request.method, path, call.body, dict(call.query))
        for problem in problems:
            self._note(call.request, problem)
        return problems

    def check_answer(self, request: web.Request, response: web.StreamResponse) -> None:
        """Hold an answer of this server against the document; what does not fit is kept in `mistakes`."""
        if (
            self.document is None
            or not self.config.check_answers
            or response.content_type != "application/json"
        ):
            return
        raw = response.body if isinstance(response, web.Response) else None
        body = orjson.loads(raw) if isinstance(raw, bytes) and raw else None
        path = request.path.removeprefix("/api/v10").removeprefix("/api")
        for problem in self.document.check_answer(request.method, path, response.status, body):
            self.mistakes.append(f"{request.method} {path}: {problem}")

    def note_unknown_route(self, request: web.Request) -> None:
        self._note(request, "This route does not exist here.")

    def _note(self, request: web.Request, problem: str) -> None:
        self.violations.append({"method": request.method, "path": request.path, "problem": problem})
        self.world.emit(Happening("SANDBOX_VIOLATION", dict(self.violations[-1]), to_gateway=False))

    def note_interaction(self, interaction: Interaction) -> None:
        """Tell the page how an interaction stands."""
        record = self.interactions.describe(interaction)
        self.world.emit(
            Happening("SANDBOX_INTERACTION", record, to_gateway=False, only_user=interaction.user_id)
        )


class LocalDiscordThread:
    """The local Discord in a thread of its own, for code that is not asynchronous.

    `with LocalDiscordThread(Config()) as discord:`; `discord.state.post_message(...)` runs on the server's loop and
    returns when it is done, coroutines included.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="local-discord", daemon=True)
        self._config = config
        self.discord: LocalDiscord

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def __enter__(self) -> LocalDiscordThread:
        self._thread.start()
        self.discord = self.call(lambda: LocalDiscord(self._config))
        self.run(self.discord.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):
            self.run(self.discord.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def call(self, function: Callable[..., _T], *args: Any, **named: Any) -> _T:
        """Run a plain function on the server's loop and wait for it."""

        async def work() -> _T:
            result = function(*args, **named)
            return await result if asyncio.iscoroutine(result) else result

        return self.run(work())

    @property
    def api_url(self) -> str:
        return self.discord.api_url

    @property
    def web_url(self) -> str:
        return self.discord.web_url

    @property
    def gateway_url(self) -> str:
        return self.discord.gateway_url

    @property
    def violations(self) -> list[dict[str, Any]]:
        return list(self.discord.violations)

    @property
    def state(self) -> Any:
        return _Proxy(self, self.discord.state)


class _Proxy:
    """Calls a control's methods on the server's loop."""

    def __init__(self, thread: LocalDiscordThread, target: object) -> None:
        self._thread = thread
        self._target = target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*args: Any, **named: Any) -> Any:
            return self._thread.call(value, *args, **named)

        return call
