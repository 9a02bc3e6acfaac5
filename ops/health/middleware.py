"""The web process' first middlewares: health pages on any host name, and figures of every other request.

Health comes before the tenant is looked up: a probe calls by address, not by a community's host name.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from . import views

Answer = HttpResponse | Awaitable[HttpResponse]

REQUESTS = Counter("engagehub_web_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "engagehub_web_request_seconds",
    "Time to answer a request.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Both:
    """A middleware for the synchronous and the asynchronous chain alike."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        return self.answer_async(request) if self.is_async else self.answer(request)

    def answer(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    async def answer_async(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError


class HealthMiddleware(_Both):
    pages = {"/livez": views.livez, "/readyz": views.readyz, "/metrics": views.metrics}

    def answer(self, request: HttpRequest) -> HttpResponse:
        page = self.pages.get(request.path_info)
        return page(request) if page else cast(HttpResponse, self.get_response(request))

    async def answer_async(self, request: HttpRequest) -> HttpResponse:
        page = self.pages.get(request.path_info)
        if page:
            return await sync_to_async(page)(request)
        return await cast(Awaitable[HttpResponse], self.get_response(request))


class RequestMetricsMiddleware(_Both):
    def answer(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = cast(HttpResponse, self.get_response(request))
        self._count(request, response, began)
        return response

    async def answer_async(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = await cast(Awaitable[HttpResponse], self.get_response(request))
        self._count(request, response, began)
        return response

    @staticmethod
    def _count(request: HttpRequest, response: HttpResponse, began: float) -> None:
        # The route's pattern, never the path: a label per member would grow without end.
        route = request.resolver_match.route if request.resolver_match else "(none)"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
