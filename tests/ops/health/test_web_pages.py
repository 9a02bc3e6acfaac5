"""`/livez`, `/readyz` and `/metrics` answer on any host name, and figures of requests are counted by route."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from prometheus_client import REGISTRY
from pytest_django import Settings

from ops.health.middleware import HealthMiddleware, RequestMetricsMiddleware


def test_liveness_asks_nobody(settings: Settings) -> None:
    settings.REDIS_URL = settings.REDIS_STREAM_URL = "unix:///nowhere"
    answer = Client().get("/livez", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readiness_lists_each_check(committed_db: None) -> None:
    answer = Client().get("/readyz", headers={"host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
        "database": True, "redis": True, "redis_stream": True,
    }  # fmt: skip


def test_readiness_survives_the_loss_of_redis(committed_db: None, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["redis"]["problem"] == "ConnectionError"


def test_readiness_fails_without_the_database(committed_db: None) -> None:
    from django.db import connection

    connection.close()
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = "gone"
    try:
        answer = Client().get("/readyz")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == answer.json()["checks"]["database"] | {"ok": False}


async def test_pages_answer_in_the_asynchronous_chain(committed_db: None) -> None:
    client = AsyncClient()
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200


def test_metrics_are_for_this_machine(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert b"engagehub_web_requests_total" in Client().get("/metrics").content
    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics").status_code == 404
    # Behind a proxy everybody comes from this machine.
    assert Client().get("/metrics", headers={"x-forwarded-for": "10.1.2.3"}).status_code == 404


def test_metrics_are_for_the_token_where_one_is_set(settings: Settings) -> None:
    settings.METRICS_TOKEN = "open sesame"
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.get("/metrics", headers={"authorization": "Bearer open sesame"}).status_code == 200
    assert elsewhere.get("/metrics", headers={"authorization": "Bearer open sésame"}).status_code == 404
    assert Client().get("/metrics").status_code == 404


def _requests(route: str, method: str = "GET") -> float:
    labels = {"method": method, "route": route, "status": "200"}
    return REGISTRY.get_sample_value("engagehub_web_requests_total", labels) or 0


@pytest.mark.parametrize(("method", "label"), [("GET", "GET"), ("BREW", "other")])
def test_requests_are_counted_by_route_not_by_path(method: str, label: str) -> None:
    before = _requests("(none)", label)
    middleware = RequestMetricsMiddleware(lambda _request: HttpResponse("ok"))
    for path in ("/members/1/", "/members/2/"):
        middleware(RequestFactory().generic(method, path))
    assert _requests("(none)", label) == before + 2


def test_other_pages_pass_through() -> None:
    seen: list[str] = []

    def page(request: HttpRequest) -> HttpResponse:
        seen.append(request.path)
        return HttpResponse("page")

    assert HealthMiddleware(page)(RequestFactory().get("/livez/extra")).content == b"page"  # type: ignore[union-attr]
    assert seen == ["/livez/extra"]
