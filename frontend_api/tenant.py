"""The tenant of a request, for views that only exist on a tenant's host."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from tenants.context import TenantContext


def get_context(request: HttpRequest) -> TenantContext:
    """The tenant whose host was called. Raises Http404 on our own host, where such a page does not exist."""
    context = find_context(request)
    if context is None:
        raise Http404("This page belongs to a community's own address.")
    return context


def find_context(request: HttpRequest) -> TenantContext | None:
    """The tenant whose host was called, or None on BASE_DOMAIN."""
    context = getattr(request, "context", None)
    return context if isinstance(context, TenantContext) else None
