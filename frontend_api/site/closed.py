"""What stands where a community was: its team is shown the way to their list, strangers learn no more than that it is closed."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

_WORDS: Final = {
    "deleted": (410, "This community was closed", "Its team deleted it."),
    "suspended": (403, "This community is suspended", "Its pages are closed until further notice."),
}


@never_cache
@csrf_exempt  # nothing is done here, whatever is sent
def show_closed(request: HttpRequest) -> HttpResponse:
    """The page; for programs a problem document of the same words."""
    status, title, text = _WORDS[getattr(request, "closed", "deleted")]
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": text}
        return JsonResponse(body, status=status, content_type="application/problem+json")
    return render(request, "site/closed.html", {"title": title, "text": text}, status=status)
