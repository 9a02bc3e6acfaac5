"""Step-up: before a sensitive act the person proves once more who they are, unless they did a short while ago.

    @require_recent_proof
    def delete_community(request): ...

Works on any host. On a community's host the person is sent to BASE_DOMAIN, proves it there, and comes back with a ticket that
carries the moment of the proof. A form that was sent too late is not acted on: the person comes back to the page where it
stands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator

from frontend_api.tenant import find_context
from saas.core import clock

PROOF_KEY = (
    "proof_at"  # in the session: when a password, a code or Discord last proved who this is, in seconds
)
PROOF_SECONDS = 15 * 60

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]


def has_recent_proof(request: HttpRequest) -> bool:
    """Whether whoever is signed in here proved who they are within the last 15 minutes."""
    proved_at = request.session.get(PROOF_KEY, 0)
    return request.user.is_authenticated and 0 <= clock.now().timestamp() - proved_at < PROOF_SECONDS


def note_proof(request: HttpRequest) -> None:
    """The person has just proved who they are."""
    request.session[PROOF_KEY] = clock.now().timestamp()


def require_recent_proof(view: View[Given]) -> View[Given]:
    """Asks for a proof first where the last one is older than 15 minutes; a stranger signs in, which is one."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        if has_recent_proof(request):
            return view(request, *args, **kwargs)
        return ask_for_proof(request)

    return guarded


# The same for a view that is a class.
recent_proof: Any = method_decorator(cast("Any", require_recent_proof), name="dispatch")


def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """To the page where the person proves who they are, and back to this one."""
    address = _address_of_proof(request, _path_to_return_to(request))
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=200)
        response["HX-Redirect"] = address
        return response
    return HttpResponseRedirect(address)


def _address_of_proof(request: HttpRequest, path: str) -> str:
    if find_context(request) is not None:
        query = {"prove": "1", "next": path}
        return f"{reverse('login', urlconf=settings.ROOT_URLCONF)}?{urlencode(query)}"
    name = "prove" if request.user.is_authenticated else "login"
    return f"{reverse(name, urlconf=settings.PUBLIC_SCHEMA_URLCONF)}?{urlencode({'next': path})}"


def _path_to_return_to(request: HttpRequest) -> str:
    """This page, or for a form the page where it stands: a form cannot be sent again by a redirect."""
    if request.method in {"GET", "HEAD"} and request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    stood_on = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if stood_on.netloc != request.get_host():
        return "/"
    return stood_on.path + (f"?{stood_on.query}" if stood_on.query else "")
