"""Puts the tenant of the host name on the request and its schema on the connection.

Invariants: the schema is in hand while the view runs and while a streamed answer is made, and public's afterwards; a host
that nobody owns gets no further than here, which is why ALLOWED_HOSTS can be open. Synchronous on purpose: under ASGI
Django runs it in the request's own thread, together with the synchronous views below it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import set_urlconf
from django.utils.functional import SimpleLazyObject

from saas.core.ids import new_reference
from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext, enter_tenant
from .models import Tenant
from .routing import get_routing

logger = logging.getLogger(__name__)


class TenantMiddleware:
    """`request.context` (and `tenant_context`): the TenantContext, or None on our own host. `request.tenant`: its row, lazily."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            match = get_routing().context_for_host(_host_of(request))
        except (DatabaseError, InterfaceError):
            logger.exception("The map of communities could not be loaded.")
            return _say_away(request)
        if match is not None and match.redirect_to is not None:
            return _redirect(request, match.redirect_to)
        context = match.context if match else None
        request.context = request.tenant_context = context  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF if context else settings.PUBLIC_SCHEMA_URLCONF
        if match is not None and match.closed:
            request.closed = match.closed  # type: ignore[attr-defined]
            request.urlconf = settings.CLOSED_URLCONF
        set_urlconf(request.urlconf)  # For the pages of errors raised before a view is found.
        if match is None:
            logger.info("No community lives at %r.", _host_of(request)[:253])
            raise Http404(
                "No community lives at this address. Check its spelling with whoever gave it to you."
            )
        return self._answer(request, context)

    def _answer(self, request: HttpRequest, context: TenantContext | None) -> HttpResponseBase:
        schema = PUBLIC if context is None else context.schema
        if context is not None:
            request.tenant = SimpleLazyObject(partial(_load_tenant, context))  # type: ignore[attr-defined]
        with enter_schema(schema) if context is None else enter_tenant(context):
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            # It is made after this returns: each piece enters the schema anew.
            response.streaming_content = _stream(schema, iter(response))
        return response


def _say_away(request: HttpRequest) -> HttpResponse:
    """Plain text, or for the API a problem: the pages of errors need the community that could not be found."""
    text = "EngageHub cannot reach its database. Please try again in a minute."
    headers = {"Retry-After": "60"}
    if not request.path.startswith("/api/"):
        return HttpResponse(text, status=503, content_type="text/plain", headers=headers)
    problem = {
        "type": f"{settings.BASE_URL}/api/v1/problems/unavailable",
        "title": "Unavailable",
        "status": 503,
        "detail": text,
        "code": "unavailable",
        "reference": new_reference(),
    }
    return HttpResponse(
        orjson.dumps(problem), status=503, content_type="application/problem+json", headers=headers
    )


def _host_of(request: HttpRequest) -> str:
    host: str = request._get_raw_host()  # type: ignore[attr-defined]
    return host


def _load_tenant(context: TenantContext) -> Tenant:
    tenant: Tenant = Tenant.objects.get(pk=context.tenant_id)
    return tenant


def _stream(schema: str, pieces: Iterator[Any]) -> Iterator[bytes]:
    while True:
        with enter_schema(schema):
            try:
                piece = next(pieces)
            except StopIteration:
                return
        yield piece


def _redirect(request: HttpRequest, host: str) -> HttpResponse:
    """To the same path on the host to use; 308 keeps the method and the body."""
    _, colon, port = _host_of(request).rpartition(":")
    netloc = f"{host}:{port}" if colon and port.isdecimal() else host
    response = HttpResponseRedirect(f"{request.scheme}://{netloc}{request.get_full_path()}")
    response.status_code = 308
    return response
