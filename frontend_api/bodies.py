"""How much a request may send: refused before it fills memory or disk.

Django's ASGI handler spools a whole body to disk before anything of ours sees the request, so the limit stands in front of it.
A length that is announced is refused at once; one that is not, as soon as it goes beyond.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import orjson

from frontend_api.v1.problems import API, MEDIA_TYPE, Problem
from saas.core.ids import new_reference

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

MEGABYTE: Final = 1024 * 1024
LARGEST_BODY: Final = 10 * MEGABYTE
LARGEST_UPLOAD: Final = 51 * MEGABYTE  # a file of 50 and the form around it
_WITH_FILES: Final = ("/submit/", "/submissions/")  # members' forms, whose pictures are of 10 MB each
_PAGE: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
    "<title>That is too much at once</title><h1>That is too much at once</h1><p>At most {limit} MB can be sent here, and nothing "
    "of it was kept. Send a smaller file, or bring it in two parts.</p>"
)


class BodyTooLargeError(Exception):
    """More came than may."""


class BodyLimit:
    """Wraps the application for HTTP."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        if _announced(scope) > limit:
            await _refuse(send, limit, scope["path"])
            return
        began = False
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except BodyTooLargeError:
            if not began:
                await _refuse(send, limit, scope["path"])


def limit_of(path: str) -> int:
    """Bytes that may be sent to that path."""
    large = path.startswith(_WITH_FILES) or "/imports/" in path or "/rewards/" in path
    return LARGEST_UPLOAD if large else LARGEST_BODY


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else 2**63
    return 0


async def _refuse(send: Send, limit: int, path: str) -> None:
    kind, body = b"text/html; charset=utf-8", _PAGE.format(limit=limit // MEGABYTE).encode()
    if path.startswith(API):
        kind, body = MEDIA_TYPE.encode(), _problem(limit)
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _problem(limit: int) -> bytes:
    detail = f"At most {limit // MEGABYTE} MB can be sent here, and nothing of it was kept. Send it in parts."
    return orjson.dumps(Problem(413, "body_too_large", detail, new_reference()).body)
