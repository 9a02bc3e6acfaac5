"""The old bots' addresses over real sockets, in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from django.test import override_settings

from ops.sandbox.oldbots.boards import OldBoard, OldPerson, OldReward
from ops.sandbox.oldbots.server import asked, make_app

GUILD = 900_000_000_000_000_001  # acme's
FIRST = 800_000_000_000_000_000


@dataclass
class OldBots:
    url: str
    board: OldBoard
    app: web.Application = field(repr=False)

    def fail(self, *statuses: int, retry_after: float = 0.01, body: str | None = None) -> None:
        """Answer the next requests with these."""
        data = {"statuses": list(statuses), "retry_after": retry_after, "body": body}
        request = urllib.request.Request(f"{self.url}/_faults", json.dumps(data).encode(), method="POST")
        urllib.request.urlopen(request).read()

    @property
    def asked(self) -> list[Any]:
        return asked(self.app)


@pytest.fixture
def oldbots(monkeypatch: pytest.MonkeyPatch) -> Iterator[OldBots]:
    """2,345 members, and quick patience."""
    people = [OldPerson(FIRST + number, f"Person {number}", number * 10) for number in range(1, 2_346)]
    board = OldBoard(GUILD, people, [OldReward(5, 700_000_000_000_000_005, "Regular")])
    app = make_app({GUILD: board})
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    from integrations.oldbots import client

    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    with override_settings(
        MEE6_API_URL=f"{url}/api/plugins/levels/leaderboard",
        POLARIS_API_URL=url,
        LURKR_API_URL=url,
        AMARI_API_URL=url,
        TATSU_API_URL=url,
    ):
        yield OldBots(url, board, app)
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
