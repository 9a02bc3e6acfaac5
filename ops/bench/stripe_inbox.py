"""Stripe's webhooks: how many a second are checked, stored with their job and answered, and how late at 200 a second.

One uvicorn process as the product runs it, and one Postgres that syncs. The floor is a view in the same server that inserts an
equal row into an equally indexed table, unchecked and without a job. Rounds of the two alternate, with the same clients.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from hashlib import sha256
from itertools import count
from statistics import median

import psycopg

from ops.bench.results import Result
from ops.devstack.places import PROJECT

SECRET = "whsec_bench"
FLOOR_PATH, FLOOR_TABLE = "/bench/insert/", "bench_stripe_event"
CLIENTS = 8
ROUNDS = 7
REQUESTS = 400
RATE = 200
SECONDS_AT_RATE = 10
START_SECONDS = 60
_numbers = count()


def run() -> list[Result]:
    _make_floor()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = _start(port)
    try:
        _wait(server, port)
        return asyncio.run(_measure(port))
    finally:
        server.terminate()
        server.wait(20)


async def _measure(port: int) -> list[Result]:
    for path in (FLOOR_PATH, "/stripe/webhook/"):
        await _flood(port, path, REQUESTS)
    ours, floor = [], []
    for _ in range(ROUNDS):
        floor.append(await _flood(port, FLOOR_PATH, REQUESTS))
        ours.append(await _flood(port, "/stripe/webhook/", REQUESTS))
    seconds = await _at_rate(port, "/stripe/webhook/")
    late = sorted(seconds)
    ratio = median(ours) / median(floor)
    detail = {
        "ours_per_s": round(median(ours)),
        "insert_per_s": round(median(floor)),
        "clients": CLIENTS,
        "rounds": ROUNDS,
        "requests_a_round": REQUESTS,
        "bytes": len(_body()),
    }
    at_rate = {"per_s": RATE, "requests": len(late), "p50_ms": round(late[len(late) // 2] * 1000, 2)}
    return [
        Result("stripe_inbox", "vs_insert", round(ratio, 3), ">=0.4", detail),
        Result("stripe_inbox", "p99_ms", round(late[int(len(late) * 0.99)] * 1000, 2), "<50", at_rate),
    ]


# --- the server ---


def _make_floor() -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"CREATE TABLE {FLOOR_TABLE} (LIKE stripe_event INCLUDING ALL)")
        owner.execute(f"GRANT SELECT, INSERT ON {FLOOR_TABLE} TO PUBLIC")


def _start(port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "BASE_DOMAIN": "localhost",
        "BASE_URL": f"http://localhost:{port}",
        "LOG_LEVEL": "ERROR",
        "STRIPE_SECRET_KEY": "sk_test_0123456789abcdef",
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }
    # Connections that a burst needed stay open until the next one.
    words = [
        "ops.bench.stripe_inbox_server:application",
        "--log-level",
        "error",
        "--timeout-keep-alive",
        "60",
    ]
    command = [sys.executable, "-m", "uvicorn", *words, "--port", str(port)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web process did not start.")


# --- the clients ---


async def _flood(port: int, path: str, requests: int) -> float:
    """Requests a second: each client sends its next as soon as it is answered."""
    ready = [_request(path) for _ in range(requests)]
    began = time.perf_counter()

    async def go() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while ready:
            await _ask(reader, writer, ready.pop())
        writer.close()

    await asyncio.gather(*(go() for _ in range(CLIENTS)))
    return requests / (time.perf_counter() - began)


async def _at_rate(port: int, path: str) -> list[float]:
    """Seconds from the moment that each request was due, at RATE a second, whatever became of those before."""
    ready = [_request(path) for _ in range(RATE * SECONDS_AT_RATE)]
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    taken: list[float] = []

    async def send(due: float, request: bytes) -> None:
        streams = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        await _ask(*streams, request)
        taken.append(time.perf_counter() - due)
        idle.append(streams)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(ready):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(send(due, request))
    for _, writer in idle:
        writer.close()
    return taken


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"A request was not answered with 200: {head!r} {body[:300]!r}")


def _request(path: str) -> bytes:
    body = _body()
    moment = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Stripe-Signature: t={moment},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _body() -> bytes:
    """An event as large as Stripe's about a subscription are: four to five kB."""
    number = next(_numbers)
    item = {
        "id": f"si_{number}",
        "object": "subscription_item",
        "current_period_start": 1_770_000_000,
        "current_period_end": 1_772_592_000,
        "price": {f"field_{one}": f"value {one}" for one in range(40)},
        "plan": {f"field_{one}": f"value {one}" for one in range(40)},
    }
    subscription = {
        "id": f"sub_{number}",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "items": {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"},
        **{f"field_{one}": f"value {one}" for one in range(60)},
    }
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1_770_000_000,
        "livemode": False,
        "pending_webhooks": 1,
        "type": "customer.subscription.updated",
        "data": {"object": subscription, "previous_attributes": {"status": "trialing"}},
    }
    return json.dumps(event, indent=2).encode()
