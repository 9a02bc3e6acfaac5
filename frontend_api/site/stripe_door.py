"""Stripe's webhooks are answered before Django's middlewares: they need neither session nor page, and they come in bursts.

Only what Stripe sends in its usual way is answered here: a POST to our own host whose length is announced and allowed. Anything else
goes on to `stripe_webhook.receive`, which gives the same answers.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError

from billing.inbox.batching import InboxWriter
from billing.inbox.errors import WebhookRefusedError
from billing.inbox.receiving import LARGEST_BODY, check_webhook

logger = logging.getLogger(__name__)

PATH: Final = "/stripe/webhook/"
ACCEPTED: Final = (200, "ok")
AWAY: Final = (503, "Our database is away; please send it again.")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class StripeDoor:
    """Wraps the application for HTTP."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._writer = InboxWriter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or not _is_usual(scope):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        status, words = await self._answer(
            _header(scope, b"content-type"), _header(scope, b"stripe-signature"), body
        )
        text = words.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _answer(self, content_type: str, signature: str, body: bytes) -> tuple[int, str]:
        try:
            await self._writer.store(check_webhook(body=body, content_type=content_type, signature=signature))
        except WebhookRefusedError as error:
            return refuse(error)
        except (OperationalError, InterfaceError):
            return be_away()
        return ACCEPTED


def refuse(error: WebhookRefusedError) -> tuple[int, str]:
    logger.warning("A webhook was refused: %s (ref %s)", error.code, error.reference)
    return 400, error.message


def be_away() -> tuple[int, str]:
    """Stripe tries again after an answer of 503. Called where the database's error is in hand."""
    logger.exception("A webhook could not be stored.")
    return AWAY


def _is_usual(scope: Scope) -> bool:
    host = _header(scope, b"host").rpartition("@")[2].lower()
    length = _header(scope, b"content-length")
    return (
        scope["method"] == "POST"
        and host.partition(":")[0] == settings.BASE_DOMAIN
        and length.isascii()
        and length.isdigit()
        and len(length) < 10
        and int(length) <= LARGEST_BODY
        and (not settings.SECURE_SSL_REDIRECT or _is_secure(scope))
    )


def _is_secure(scope: Scope) -> bool:
    """As Django's request.is_secure says it."""
    asked = settings.SECURE_PROXY_SSL_HEADER
    if asked is None:
        return bool(scope.get("scheme") == "https")
    name, value = asked
    return _header(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode()) == value


def _header(scope: Scope, name: bytes) -> str:
    for one, value in scope["headers"]:
        if one == name:
            return str(value.decode("latin-1"))
    return ""


async def _read(receive: Receive) -> bytes | None:
    """The body, or None when the client left before all of it came."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
