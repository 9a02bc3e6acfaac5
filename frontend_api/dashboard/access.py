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
from saas.core.errors import NotAllowedError

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponse]


class NotOnTheTeamError(NotAllowedError):
    """The person has no Membership in this tenant."""

    code = "not_on_the_team"


def team_only(view: View[Given]) -> View[Given]:
    """A stranger signs in first; somebody without a Membership here is told whom to ask."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        context = get_context(request)
        person = get_person(request)
        if person is None or person.user_id is None:
            return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
        if not person.sees_dashboard:
            raise NotOnTheTeamError(
                f"The dashboard is for the team of {context.name}, and you are not on it. "
                "Its owner can invite you; the leaderboard is open to everybody."
            )
        return view(request, *args, **kwargs)

    return guarded
