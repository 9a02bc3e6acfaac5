"""Puts the tenant of the host name on the request and its schema on the connection."""

from django_tenants.middleware.main import TenantMainMiddleware


class TenantMiddleware(TenantMainMiddleware):  # type: ignore[misc]
    pass
