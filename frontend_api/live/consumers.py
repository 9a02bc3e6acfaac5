"""One WebSocket: who may open it, what it is sent, and when it is given up.

The client names its last position in the address; the answers are JSON objects, each with the position up to which it is true:

    {"id": "<xid>-<id>", "html": "<the page's part>"}
    {"id": "<xid>-<id>"}                               nothing changed since; sent once, when the socket opens

Closing codes: 4403 not allowed, 4404 no such page, 4429 too many sockets from one address, 4408 too slow to read.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host

from frontend_api.live import calls
from frontend_api.live.calls import BoardView, HomeView, View
from frontend_api.live.hub import Hub, get_hub
from frontend_api.live.rooms import Watcher
from frontend_api.people import Person
from frontend_api.portal.boards import KINDS
from frontend_api.portal.leaderboard import MAX_PAGE
from saas.events.log import Position
from tenants.context import TenantContext
from tenants.permissions import Role, may_here
from tenants.routing import get_routing

logger = logging.getLogger(__name__)
SEND_SECONDS = 20.0
ASK_AGAIN_SECONDS = 30.0
NOT_ALLOWED, NOT_FOUND, TOO_MANY, TOO_SLOW, TRY_LATER = 4403, 4404, 4429, 4408, 1013


class LiveConsumer(AsyncConsumer):  # type: ignore[misc]
    """A page's socket. Subclasses say which view it shows."""

    hub: Hub

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accept first: a refusal before the handshake reaches no script, a closing code does."""
        await self.send({"type": "websocket.accept"})
        self.hub = get_hub()
        self.tasks: list[asyncio.Task[None]] = []
        task = asyncio.get_running_loop().create_task(self._live())
        self.tasks.append(task)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """The page has nothing to say; whatever comes is ignored."""

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        raise StopConsumer

    async def _live(self) -> None:
        address = (self.scope.get("client") or ["local"])[0]
        with self.hub.limits.hold(str(address)) as room_left:
            if not room_left:
                await self._close(TOO_MANY)
                return
            try:
                code = await self._serve()
            except DatabaseError as error:
                logger.warning("A live page could not be opened: %s", error)
                code = TRY_LATER
            except OSError:
                return  # The other side went while something was sent: uvicorn says so by an OSError.
            except Exception:
                logger.exception("A live page failed")
                code = 1011
            await self._close(code)

    async def _serve(self) -> int:
        """Serve until the socket goes. Returns the closing code of a refusal."""
        context = self.find_context()
        if context is None:
            return NOT_FOUND
        person = await self._identify(context)
        if not self.may_open(person):
            return NOT_ALLOWED
        view = self.find_view(person)
        if view is None:
            return NOT_FOUND
        watcher = Watcher(view, await self._find_position(context))
        await self._send({"id": str(watcher.position)})
        room = self.hub.enter(context, watcher)
        try:
            while True:
                position, html = await watcher.fetch()
                if not await self._may_stay(context):
                    return NOT_ALLOWED
                # Not wait_for: Python 3.11's loses a cancellation that meets the end of the sending.
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send({"id": str(position), "html": html})
        except TimeoutError:
            return TOO_SLOW
        finally:
            self.hub.leave(room, watcher)

    async def _identify(self, context: TenantContext) -> Person | None:
        self._asked = asyncio.get_running_loop().time()
        return await calls.call(calls.identify_viewer, context, self.host, self._session_key())

    async def _may_stay(self, context: TenantContext) -> bool:
        """Whether the viewer still may see this: somebody signs out, or leaves the team, while the page stays open."""
        if self.may_open(None) or asyncio.get_running_loop().time() < self._asked + ASK_AGAIN_SECONDS:
            return True
        return self.may_open(await self._identify(context))

    def may_open(self, person: Person | None) -> bool:
        raise NotImplementedError

    def find_view(self, person: Person | None) -> View | None:
        raise NotImplementedError

    def find_context(self) -> TenantContext | None:
        """The tenant of the host that was called, when the page that calls is that host's own.

        Browsers let any page open a socket anywhere and send the cookies along: the origin is what tells.
        """
        headers = dict(self.scope["headers"])
        self.host = headers.get(b"host", b"").decode("latin-1")
        name, _ = split_domain_port(self.host)
        if not name or not validate_host(name, settings.ALLOWED_HOSTS):
            return None
        if urlsplit(headers.get(b"origin", b"").decode("latin-1")).netloc != self.host:
            return None
        match = get_routing().context_for_host(self.host)
        return match.context if match else None

    async def _find_position(self, context: TenantContext) -> Position:
        """Where the page stands, never beyond the end of the log; a page that does not know starts there."""
        end = await calls.call(calls.read_end, context)
        with suppress(ValueError):
            return min(Position.parse(self.query("after")), end)
        return end

    def query(self, name: str, default: str = "") -> str:
        values = parse_qs(self.scope["query_string"].decode("latin-1")).get(name)
        return values[0] if values else default

    def _session_key(self) -> str:
        headers = dict(self.scope["headers"])
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        return str(cookies.get(settings.SESSION_COOKIE_NAME, ""))

    async def _send(self, content: dict[str, str]) -> None:
        await self.send({"type": "websocket.send", "text": orjson.dumps(content).decode()})

    async def _close(self, code: int) -> None:
        with suppress(RuntimeError, OSError):  # the other side was faster
            await self.send({"type": "websocket.close", "code": code})


class BoardConsumer(LiveConsumer):
    """`/live/board/?period=&page=&after=`: the leaderboard, open to everybody or to members alone."""

    def may_open(self, person: Person | None) -> bool:
        context = self.find_context()
        role = Role.STRANGER if person is None else person.role
        return context is not None and may_here(context, role, "view_board")

    def find_view(self, person: Person | None) -> View | None:
        kind, page = self.query("period", "all"), self.query("page", "1")
        if kind not in KINDS or not page.isdecimal() or not 1 <= int(page) <= MAX_PAGE:
            return None
        return BoardView(kind, int(page), person.member_id if person else None)


class HomeConsumer(LiveConsumer):
    """`/live/home/?after=`: the organiser's home, for the team."""

    def may_open(self, person: Person | None) -> bool:
        return person is not None and person.sees_dashboard

    def find_view(self, person: Person | None) -> View | None:
        return HomeView()


class NowhereConsumer(AsyncConsumer):  # type: ignore[misc]
    """Any other address: refused in the handshake."""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.close", "code": NOT_FOUND})
        raise StopConsumer
