"""Puts the tenant of the host name on the request and its schema on the connection.

Invariants: the schema is in hand while the view runs and while a streamed answer is made, and public's afterwards; a host
that nobody owns gets no further than here, which is why ALLOWED_HOSTS can be open. Synchronous on purpose: under ASGI
Django runs it in the request's own thread, together with the synchronous views below it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotFound,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.functional import SimpleLazyObject

from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext
from .models import Tenant
from .routing import HostMatch, get_routing

logger = logging.getLogger(__name__)
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>{title}</title><body style="font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;'
    'color-scheme:light dark"><h1 style="font-size:1.5rem">{title}</h1><p>{text}</p></body></html>'
)


class TenantMiddleware:
    """`request.context` (and `tenant_context`): the TenantContext, or None on our own host. `request.tenant`: its row, lazily."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            match = get_routing().context_for_host(_host_of(request))
        except (DatabaseError, InterfaceError):
            logger.exception("The map of communities could not be loaded.")
            return _say(
                503, "Back in a moment", "EngageHub cannot reach its database. Please try again in a minute."
            )
        if match is None:
            return _refuse(request)
        if match.redirect_to is not None:
            return _redirect(request, match.redirect_to)
        return self._answer(request, match)

    def _answer(self, request: HttpRequest, match: HostMatch) -> HttpResponseBase:
        context = match.context
        request.context = request.tenant_context = context  # type: ignore[attr-defined]
        request.urlconf = settings.PUBLIC_SCHEMA_URLCONF if context is None else settings.ROOT_URLCONF
        schema = PUBLIC if context is None else context.schema
        if context is not None:
            request.tenant = SimpleLazyObject(partial(_load_tenant, context))  # type: ignore[attr-defined]
        with enter_schema(schema):
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            # It is made after this returns: each piece enters the schema anew.
            response.streaming_content = _stream(schema, iter(response))
        return response


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


def _refuse(request: HttpRequest) -> HttpResponse:
    """A kind 404: the address may be misspelt, or the community gone."""
    logger.info("No community lives at %r.", _host_of(request)[:253])
    home = escape(settings.BASE_URL)
    return _say(
        404,
        "No community lives here",
        "The address may be misspelt, or the community may have closed. Check the link you followed, or go to"
        f' <a href="{home}/">{escape(settings.BASE_DOMAIN)}</a>.',
    )


def _say(status: int, title: str, text: str) -> HttpResponse:
    kind = HttpResponseNotFound if status == 404 else HttpResponse
    return kind(_PAGE.format(title=title, text=text), status=status)


def _redirect(request: HttpRequest, host: str) -> HttpResponse:
    """To the same path on the host to use; 308 keeps the method and the body."""
    _, colon, port = _host_of(request).rpartition(":")
    netloc = f"{host}:{port}" if colon and port.isdecimal() else host
    response = HttpResponseRedirect(f"{request.scheme}://{netloc}{request.get_full_path()}")
    response.status_code = 308
    return response
