"""A page's socket as a test drives it, and news for it to show."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.db import connections, transaction

from engagement.progression.events import StandingsChanged
from saas.events import Position, publish
from saas.events.log import get_end
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME

PATIENCE = 30  # seconds; only a failing test waits so long


class Socket:
    """One WebSocket against the application; `async with` opens and closes it."""

    def __init__(
        self,
        path: str = "/live/board/?period=all&page=1",
        *,
        host: str = ACME,
        origin: str = "",
        cookie: str = "",
    ) -> None:
        from saas.asgi import application

        headers = [
            (b"host", host.encode()),
            (b"origin", (origin or f"http://{host}").encode()),
            (b"cookie", f"sessionid={cookie}".encode()),
        ]
        route, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": route,
            "query_string": query.encode(),
            "headers": headers,
            "client": ["192.0.2.1", 40000],
            "subprotocols": [],
        }
        self.wire = ApplicationCommunicator(application, scope)

    async def __aenter__(self) -> Socket:
        await self.wire.send_input({"type": "websocket.connect"})
        answer = await self.wire.receive_output(PATIENCE)
        assert answer["type"] == "websocket.accept", answer
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wire.wait(PATIENCE)

    async def read(self, within: float = PATIENCE) -> dict[str, str]:
        """The next message."""
        message = await self.wire.receive_output(within)
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def read_part(self, within: float = PATIENCE) -> dict[str, str]:
        """The next message that carries a part of the page."""
        while True:
            message = await self.read(within)
            if "html" in message:
                return message

    async def read_close(self) -> int:
        """The closing code; what was sent before is passed over."""
        while True:
            message: dict[str, Any] = await self.wire.receive_output(PATIENCE)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def is_quiet(self, seconds: float) -> bool:
        return bool(await self.wire.receive_nothing(seconds, 0.05))


def tell_news(context: TenantContext) -> Position:
    """Log one event in the tenant and wake the sockets; the log's end before it."""
    try:
        with enter_tenant(context):
            before = get_end()
            with transaction.atomic():
                publish(StandingsChanged(members=[1], entries=1))
            return before
    finally:
        connections.close_all()


async def tell(context: TenantContext) -> Position:
    return await asyncio.to_thread(tell_news, context)
