"""Host → tenant, for synchronous views behind WSGI and ASGI alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import path

from tenants import routing as routing_module
from tenants.models import Domain, Tenant
from tenants.routing import Routing
from tenants.services import change_slug


def schema_in_hand() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select current_schema()")
        return str(cursor.fetchone()[0])


def show(request: HttpRequest) -> HttpResponse:
    context: Any = request.context  # type: ignore[attr-defined]
    row = request.tenant.name if context else "-"  # type: ignore[attr-defined]
    return HttpResponse(f"{context.slug if context else 'ours'} {schema_in_hand()} {row}")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(f"{schema_in_hand()} " for _ in range(3))


urlpatterns = [path("show/", show), path("stream/", stream)]


@pytest.fixture(autouse=True)
def site(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Routing]:
    """This module's views on every host, and a routing that sees the test's own transaction."""
    routing = Routing()
    routing.load()
    monkeypatch.setattr("tenants.middleware.get_routing", lambda: routing)
    with override_settings(
        ROOT_URLCONF=__name__,
        PUBLIC_SCHEMA_URLCONF=__name__,
        MIDDLEWARE=["tenants.middleware.TenantMiddleware", "django.middleware.common.CommonMiddleware"],
    ):
        yield routing


def get(host: str, address: str = "/show/") -> Any:
    return Client().get(address, headers={"host": host})


def test_a_tenants_host_gets_its_schema_and_its_row(acme: Any, globex: Any) -> None:
    assert get("acme.localhost:8000").content.decode() == f"acme {acme.schema} Acme Makers"
    assert get("globex.localhost").content.decode() == f"globex {globex.schema} Globex Guild"
    assert get("localhost").content.decode() == "ours public -"
    assert connection.schema_name == "public"


def test_a_custom_host_is_let_through(site: Routing, acme: Any) -> None:
    Domain.objects.create(
        tenant=Tenant.objects.get(slug="acme"), domain="points.acme.example", is_primary=False
    )
    site.load()
    assert get("points.acme.example").content.decode().startswith(f"acme {acme.schema}")


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "evil.example", "acme.localhost.evil.example", "<b>", ""]
)
def test_an_unknown_host_gets_a_kind_404(host: str) -> None:
    answer = get(host)
    assert answer.status_code == 404
    assert "<b>" not in answer.content.decode()


def test_a_former_address_leads_on_with_path_query_and_port(site: Routing) -> None:
    change_slug(tenant=Tenant.objects.get(slug="acme"), slug="makers")
    site.load()
    answer = Client().post("/show/?page=2", headers={"host": "acme.localhost:8000"})
    assert answer.status_code == 308
    assert answer["Location"] == "http://makers.localhost:8000/show/?page=2"


def test_a_streamed_answer_is_made_in_its_tenant(acme: Any) -> None:
    answer = get("acme.localhost", "/stream/")
    assert connection.schema_name == "public"
    body = b"".join(answer.streaming_content).decode()
    assert body.split() == [acme.schema] * 3
    assert connection.schema_name == "public"


async def test_behind_asgi_likewise(acme: Any, globex: Any) -> None:
    application = get_asgi_application()

    async def ask(context: Any) -> list[str]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/show/",
            "query_string": b"",
            "headers": [(b"host", f"{context.slug}.localhost".encode())],
        }
        talk = ApplicationCommunicator(application, scope)
        await talk.send_input({"type": "http.request"})
        assert (await talk.receive_output(30))["status"] == 200
        body = (await talk.receive_output(30))["body"].decode()
        await talk.wait(30)
        return body.split()[:2]

    answers = await asyncio.gather(*[ask(context) for context in (acme, globex) * 5])
    assert answers == [[context.slug, context.schema] for context in (acme, globex) * 5]


def test_a_database_that_never_answered_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def fail() -> Routing:
        raise OperationalError

    monkeypatch.setattr("tenants.middleware.get_routing", fail)
    answer = get("acme.localhost")
    assert answer.status_code == 503
    assert "try again" in answer.content.decode()
    problem = get("acme.localhost", "/api/v1/me")
    assert (problem.status_code, problem["Content-Type"]) == (503, "application/problem+json")
    assert problem.json()["type"].endswith("/api/v1/problems/unavailable")
    assert problem["Retry-After"] == "60"


def test_get_routing_loads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Routing()
    monkeypatch.setattr(routing_module, "_routing", fresh)
    monkeypatch.setattr(fresh, "start", lambda: None)
    assert routing_module.get_routing() is fresh
    first = fresh.loaded_at
    routing_module.get_routing()
    assert fresh.loaded_at == first
