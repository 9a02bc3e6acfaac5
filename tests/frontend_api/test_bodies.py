"""A body that is too large is refused before it was read: by its announced length, else as soon as it goes beyond."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from asgiref.sync import async_to_sync

from frontend_api import bodies
from frontend_api.bodies import MEGABYTE, BodyLimit, limit_of


def ask(path: str, *, announced: str = "", pieces: int = 0, size: int = MEGABYTE) -> tuple[int, int]:
    """(status, bytes that were read) of a request of `pieces`."""
    read = 0
    status = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += size
        return {"type": "http.request", "body": b"x" * size, "more_body": read < pieces * size}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [(b"content-length", announced.encode())] if announced else []
    async_to_sync(BodyLimit(app))({"type": "http", "path": path, "headers": headers}, receive, send)
    return status, read


@pytest.mark.parametrize("announced", [str(200 * MEGABYTE), "9" * 40, "many", "-1"])
def test_an_announced_length_is_refused_unread(announced: str) -> None:
    assert ask("/dashboard/imports/1/upload/", announced=announced, pieces=200) == (413, 0)


def test_one_that_is_not_announced_is_refused_when_it_goes_beyond() -> None:
    assert ask("/dashboard/imports/1/upload/", pieces=200) == (413, 52 * MEGABYTE)
    assert ask("/earn/", pieces=200) == (413, 11 * MEGABYTE)


def test_what_fits_goes_through() -> None:
    assert ask("/dashboard/imports/1/upload/", announced=str(50 * MEGABYTE), pieces=50) == (
        200,
        50 * MEGABYTE,
    )
    assert ask("/api/v1/activities/", pieces=3)[0] == 200


def test_only_imports_may_be_large() -> None:
    assert limit_of("/dashboard/imports/7/upload/") == limit_of("/api/v1/imports/") == bodies.LARGEST_UPLOAD
    assert limit_of("/dashboard/members/") == bodies.LARGEST_BODY


def test_the_api_is_told_by_a_problem() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", str(200 * MEGABYTE).encode())]
    scope = {"type": "http", "path": "/api/v1/activities", "headers": headers}
    async_to_sync(BodyLimit(None))(scope, None, send)  # type: ignore[arg-type]
    assert dict(sent[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert (sent[0]["status"], orjson.loads(sent[1]["body"])["code"]) == (413, "body_too_large")
