"""The bytes behind a signed address (engagement.files.selectors.file_address). Whoever holds the address may have them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from engagement.files.selectors import find_file_by_address
from engagement.files.services import read_file
from frontend_api.tenant import get_context

_SHOWN: Final = (
    "image/webp",
)  # what a browser shows itself; we drew it. Everything else is saved, never opened here.


@require_safe
def show_file(request: HttpRequest, signed: str) -> HttpResponse:
    """Raises FileNotFoundHereError."""
    context = get_context(request)
    file = find_file_by_address(context, signed)
    etag = f'"{file.sha256[:32]}"'
    known = get_conditional_response(request, etag=etag)
    response = known if isinstance(known, HttpResponse) else HttpResponse(read_file(file.pk))
    kind = "inline" if file.content_type in _SHOWN else "attachment"
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in file.name
    )
    response["Content-Type"] = file.content_type
    response["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=86400" if kind == "inline" else "private, no-store"
    response["ETag"] = etag
    return response
