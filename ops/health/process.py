"""Health of the processes that serve no pages: ingest, worker, bot.

    with serve_health("ingest") as health:
        while running:
            health.beat()

METRICS_ADDRESS (host:port) turns it on: `/metrics`, `/livez` (503 when `beat` was not called for a minute) and `/readyz`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from django.conf import settings
from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from .probes import is_ready, probe_all

LONGEST_SILENCE = 60.0
BEAT = Gauge(
    "engagehub_process_last_beat_seconds",
    "When the process last went round its loop, as a Unix time.",
    ["process"],
)


class ProcessHealth:
    """One process' pulse. Thread-safe: a beat is one assignment."""

    def __init__(self, name: str, *, stream_required: bool = False) -> None:
        self.name = name
        self.stream_required = stream_required
        # What else keeps the process from doing its work, in words; asked on each `/readyz`.
        self.problems: Callable[[], list[str]] = list
        self._last_beat: float | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Where it is served; 0 when METRICS_ADDRESS is empty."""
        return self._port

    def beat(self) -> None:
        """The main loop went round once more."""
        self._last_beat = time.monotonic()
        BEAT.labels(self.name).set_to_current_time()

    def is_alive(self) -> bool:
        """False when the main loop beat once and then stood still. A process that never beats is not judged."""
        return self._last_beat is None or time.monotonic() - self._last_beat < LONGEST_SILENCE


@contextmanager
def serve_health(name: str, *, stream_required: bool = False) -> Iterator[ProcessHealth]:
    """Serve the process' health in a thread while the block runs, and bind its name to every log line."""
    health = ProcessHealth(name, stream_required=stream_required)
    with structlog.contextvars.bound_contextvars(process=name):
        address = settings.METRICS_ADDRESS
        if not address:
            yield health
            return
        host, port = address.rsplit(":", 1)
        server = ThreadingHTTPServer((host, int(port)), _handler(health))
        server.daemon_threads = True
        health._port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        thread.start()
        try:
            yield health
        finally:
            server.shutdown()
            server.server_close()


def _handler(health: ProcessHealth) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif self.path == "/livez":
                alive = health.is_alive()
                self._answer(200 if alive else 503, b"ok\n" if alive else b"the main loop stands still\n")
            elif self.path == "/readyz":
                self._ready()
            else:
                self._answer(404, b"Not found\n")

        def _ready(self) -> None:
            try:
                probes = probe_all(stream_required=health.stream_required)
            finally:
                connection.close()  # this thread's own
            problems = health.problems()
            ready = is_ready(probes) and not problems
            checks = {probe.name: {"ok": probe.ok, "ms": probe.milliseconds} for probe in probes}
            body = json.dumps({"ready": ready, "checks": checks, "problems": problems}).encode()
            self._answer(200 if ready else 503, body, "application/json")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A probe every few seconds is no news."""

    return Handler
