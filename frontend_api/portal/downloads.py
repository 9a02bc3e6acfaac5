"""The file that a reward gave, by its link that ends. Counted before the first byte leaves."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement.rewards.fulfilment_errors import DownloadGoneError, NoDownloadsLeftError
from engagement.rewards.handing_out import take_download
from frontend_api.tenant import get_context


@never_cache
@require_safe
def give_download(request: HttpRequest, signed: str) -> HttpResponse:
    """Always saved, never opened here: it came from outside."""
    context = get_context(request)
    try:
        file, pieces = take_download(context=context, signed=signed, count=request.method == "GET")
    except (DownloadGoneError, NoDownloadsLeftError) as error:
        return render(request, "portal/download_over.html", {"error": error}, status=error.http_status)
    response = HttpResponse(b"".join(pieces) if request.method == "GET" else b"")
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in file.name
    )
    response["Content-Type"] = file.content_type
    response["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
