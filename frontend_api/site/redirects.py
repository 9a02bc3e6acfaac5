"""Where a person is led: never off the host that they are on."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 2000


def safe_next(request: HttpRequest, path: str, default: str = "/") -> str:
    """`path` when it stays on this host, else `default`: never leads a person elsewhere."""
    local = path.startswith("/") and url_has_allowed_host_and_scheme(
        path, allowed_hosts=None, require_https=request.is_secure()
    )
    return path if local and len(path) <= LONGEST else default
