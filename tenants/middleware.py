"""Host → tenant: puts the tenant in hand on the request, its schema on the connection, and the right addresses.

Invariant: the answer comes from the process's routing, without a query; afterwards the thread is where it was before. The
request carries `context`, a TenantContext, or None on our own host.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import set_urlconf

from saas.core.schemas import PUBLIC, enter_schema

from .routing import get_routing


class TenantMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = get_routing().context_for_host(request.get_host())
        if match is not None and match.redirect_to is not None:
            return _redirect(request, match.redirect_to)
        context = match.context if match else None
        urlconf = settings.ROOT_URLCONF if context else settings.PUBLIC_SCHEMA_URLCONF
        request.context = context  # type: ignore[attr-defined]
        request.urlconf = urlconf
        set_urlconf(urlconf)
        if match is None:
            raise Http404(
                "No community lives at this address. Check its spelling with whoever gave it to you."
            )
        with enter_schema(context.schema if context else PUBLIC):
            return self.get_response(request)


def _redirect(request: HttpRequest, host: str) -> HttpResponse:
    """The same page on the host that took over, at the same port."""
    _, separator, port = request.get_host().partition(":")
    return HttpResponsePermanentRedirect(
        f"{request.scheme}://{host}{separator}{port}{request.get_full_path()}"
    )
