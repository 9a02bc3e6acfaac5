"""`/livez`, `/readyz` and `/metrics` of the web process. Reached through HealthMiddleware, on any host name."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .probes import is_ready, probe_all


def livez(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of anybody, so that a database outage restarts no web process."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when this process can serve pages, else 503; both list each check."""
    try:
        probes = probe_all()
    finally:
        # Probes come outside the request cycle that would give the connection back.
        connection.close_if_unusable_or_obsolete()
    ready = is_ready(probes)
    checks = {
        probe.name: {"ok": probe.ok, "ms": probe.milliseconds}
        | ({"problem": probe.problem} if probe.problem else {})
        for probe in probes
    }
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text. For METRICS_TOKEN's bearer, else only for this machine itself; to others it does not exist."""
    if not _may_read_metrics(request):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
