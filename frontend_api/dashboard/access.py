"""Who may open the organiser's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from frontend_api.people import get_person
from frontend_api.tenant import get_context
from tenants.permissions import require

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]


def team_only(view: View[Given]) -> View[Given]:
    """A stranger signs in first; somebody whose role is too low is told whom to ask. Raises NotPermittedError."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        get_context(request)
        person = get_person(request)
        if person is None or person.user_id is None:
            return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
        require(person.rights, "view_dashboard")
        return view(request, *args, **kwargs)

    return guarded
