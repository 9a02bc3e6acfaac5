"""Ingest, worker and bot serve their own health."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

import pytest
import structlog
from pytest_django import Settings

from ops.health import process
from ops.health.process import ProcessHealth, serve_health


def _get(health: ProcessHealth, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{health.port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def _served(settings: Settings) -> None:
    settings.METRICS_ADDRESS = "127.0.0.1:0"


@pytest.mark.usefixtures("_served", "committed_db")
def test_health_is_served_while_the_process_runs() -> None:
    with serve_health("ingest", stream_required=True) as health:
        assert _get(health, "/livez") == (200, "ok\n")
        status, body = _get(health, "/readyz")
        assert (status, json.loads(body)["ready"]) == (200, True)
        assert "engagehub_process_last_beat_seconds" in _get(health, "/metrics")[1]
        assert _get(health, "/other")[0] == 404
        port = health.port
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=30)


@pytest.mark.usefixtures("_served")
def test_process_that_stands_still_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_health("ingest") as health:
        health.beat()
        assert _get(health, "/livez")[0] == 200
        with monkeypatch.context() as impatient:
            impatient.setattr(process, "LONGEST_SILENCE", 0.05)
            time.sleep(0.1)
            assert _get(health, "/livez")[0] == 503
        health.beat()
        assert _get(health, "/livez")[0] == 200


@pytest.mark.usefixtures("_served", "committed_db")
def test_ingest_is_not_ready_without_its_stream(settings: Settings) -> None:
    settings.REDIS_STREAM_URL = "unix:///nowhere"
    with serve_health("ingest", stream_required=True) as health:
        assert _get(health, "/readyz")[0] == 503


def test_nothing_is_served_without_an_address(settings: Settings) -> None:
    settings.METRICS_ADDRESS = ""
    with serve_health("worker") as health:
        health.beat()
        assert health.port == 0


def test_log_lines_carry_the_process_name(settings: Settings) -> None:
    settings.METRICS_ADDRESS = ""
    with serve_health("worker"):
        assert structlog.contextvars.get_contextvars()["process"] == "worker"
    assert "process" not in structlog.contextvars.get_contextvars()
