"""Whether a community's boards and profiles are open to whoever looks: to everybody, or to its members alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from frontend_api.people import get_person
from frontend_api.tenant import get_context
from tenants.permissions import Role, may_here, require_here

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]


def open_to(action: str) -> Callable[[View[Given]], View[Given]]:
    """A stranger of a closed community signs in first; who is signed in and no member is told so. Raises NotPermittedError."""

    def decorate(view: View[Given]) -> View[Given]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
            context = get_context(request)
            if not context.board_public:
                person = get_person(request)
                if person is None and not may_here(context, Role.STRANGER, action):
                    query = urlencode({"next": request.get_full_path()})
                    return HttpResponseRedirect(f"{reverse('login')}?{query}")
                require_here(context, Role.STRANGER if person is None else person.role, action)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
