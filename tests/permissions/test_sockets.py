"""Every socket, for every kind of person: refused ones are closed before they say anything."""

from __future__ import annotations

from typing import Any

import pytest

from frontend_api.access import EVERYBODY, SOCKETS
from tenants.context import TenantContext
from tenants.permissions import Rights, Role
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.live.sockets import PATIENCE, Socket
from tests.permissions import scene

PATHS = {"live-board": "/live/board/?period=all&page=1", "live-home": "/live/home/"}


def test_every_socket_has_an_address_here() -> None:
    assert PATHS.keys() == {name for name, action in SOCKETS.items() if action != EVERYBODY}


@pytest.fixture
def cookies(committed_pages: Browser, acme: TenantContext) -> dict[str, str]:
    """Each kind's session on Acme's host."""
    scene.set_up_people(acme)
    found = {}
    for kind in scene.KINDS:
        browser = Browser()
        if kind.username:
            browser.sign_in(kind.username, path="/earn/")
        cookie = browser.on(ACME).cookies.get("sessionid")
        found[kind.name] = cookie.value if cookie else ""
    return found


@pytest.mark.parametrize("name", PATHS)
async def test_sockets_are_for_those_who_may(cookies: dict[str, str], name: str) -> None:
    for kind in scene.KINDS:
        allowed = Rights(Role[kind.role]).may(SOCKETS[name])
        assert await _is_let_in(PATHS[name], cookies[kind.name]) is allowed, (name, kind.name)


async def _is_let_in(path: str, cookie: str) -> bool:
    socket = Socket(path, cookie=cookie)
    await socket.wire.send_input({"type": "websocket.connect"})
    answer: dict[str, Any] = await socket.wire.receive_output(PATIENCE)
    if answer["type"] == "websocket.accept":
        answer = await socket.wire.receive_output(PATIENCE)
    let_in = answer["type"] == "websocket.send"
    await socket.wire.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wire.wait(PATIENCE)
    return let_in
