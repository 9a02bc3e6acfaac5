"""Pages that are about the one who looks: their notices, what they redeemed. A member's own, never anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from frontend_api.people import get_person
from frontend_api.tenant import get_context
from tenants.permissions import require

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]
OwnView = Callable[Concatenate[HttpRequest, int, Given], HttpResponse]


def own_page(action: str) -> Callable[[OwnView[Given]], View[Given]]:
    """A view that is called with the looker's member id as its second argument: `def show_x(request, member_id, …)`.

    A stranger signs in first and comes back. Somebody of the team who is no member here gets a page that says so. Raises
    NotPermittedError.
    """

    def decorate(view: OwnView[Given]) -> View[Given]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
            get_context(request)
            person = get_person(request)
            if person is None:
                return _send_to_sign_in(request)
            require(person.rights, action)
            if person.member_id is None:
                return render(request, "portal/no_member.html", status=404)
            return view(request, person.member_id, *args, **kwargs)

        return guarded

    return decorate


def _send_to_sign_in(request: HttpRequest) -> HttpResponse:
    path = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("front")
    response = HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': path})}")
    if request.headers.get("HX-Request"):
        response["HX-Redirect"] = response["Location"]  # a part of a page cannot hold the form
    return response
