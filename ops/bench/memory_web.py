"""The web process after 10,000 requests over 500 communities, and how much of that the communities cost.

The figure is the resident memory of one uvicorn process as `make run` starts it, all caches warm.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ops.bench.results import Result
from ops.devstack.places import PROJECT

TENANTS = 500
REQUESTS = 10_000
CLIENTS = 6
START_SECONDS = 60


@dataclass(frozen=True)
class Visitors:
    """What the clients saw."""

    requests: int
    seconds: float
    failed: int


def measure_web() -> list[Result]:
    """`memory.web_mb`. Makes the communities itself, in the database that the environment names."""
    slugs = _make_tenants()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = os.environ | {
        "BASE_DOMAIN": "localhost",
        "BASE_URL": f"http://localhost:{port}",
        "LOG_LEVEL": "ERROR",
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "saas.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    server = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        _wait(server, port)
        before = _resident_mb(server.pid)
        few = _visit(port, slugs[:1], 500)
        one_tenant = _resident_mb(server.pid)
        many = _visit(port, slugs, REQUESTS)
        after = _resident_mb(server.pid)
    finally:
        server.terminate()
        server.wait(20)
    if few.failed or many.failed:
        raise RuntimeError(f"{few.failed + many.failed} of the requests were not answered with 200.")
    detail = {
        "requests": many.requests,
        "tenants": len(slugs),
        "started_mb": round(before),
        "one_tenant_mb": round(one_tenant),
        "requests_a_second": round(many.requests / many.seconds),
    }
    return [Result("memory", "web_mb", after, "<=250", detail)]


def _make_tenants() -> list[str]:
    """The communities, each with a member who has points."""
    from engagement.progression.services import Actor, adjust_points, ensure_member
    from tenants.context import TenantContext, enter_tenant
    from tenants.provisioning import provision_tenant

    slugs = []
    for number in range(TENANTS):
        tenant = provision_tenant(slug=f"page-{number}", name=f"Page {number}")
        context = TenantContext.of(tenant)
        with enter_tenant(context):
            member = ensure_member(provider="discord", external_id="1", display_name="Member")
            adjust_points(
                member_id=member.pk,
                amount=200,
                reason="Bench",
                actor=Actor("system", 0, "bench"),
                idempotency_key="bench",
                context=context,
            )
        slugs.append(tenant.slug)
    return slugs


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if _get(http.client.HTTPConnection("127.0.0.1", port, timeout=2), "/livez", "localhost") == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web process did not start.")


def _visit(port: int, slugs: list[str], requests: int) -> Visitors:
    """Every client goes through the communities, page after page."""
    paths = ("/", "/?period=week", "/members/1/", "/earn/")
    began = time.monotonic()

    def go(client: int) -> tuple[int, int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        done = failed = 0
        for number in range(client, requests, CLIENTS):
            host = f"{slugs[number % len(slugs)]}.localhost:{port}"
            done += 1
            failed += _get(connection, paths[number // len(slugs) % len(paths)], host) != 200
        connection.close()
        return done, failed

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(go, range(CLIENTS)))
    return Visitors(sum(a for a, _ in answers), time.monotonic() - began, sum(b for _, b in answers))


def _get(connection: http.client.HTTPConnection, path: str, host: str) -> int:
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _resident_mb(process: int) -> float:
    """Resident memory, as the kernel counts it (Linux), else as ps does."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
    answer = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True
    )
    return int(answer.stdout) / 1024
