"""Claiming a member whom the team registered by hand: a code, what it would do, done."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.members.errors import ClaimLockedError, InvalidClaimError, MemberDeletedError
from engagement.members.selectors import get_discord_id
from engagement.progression.claiming import Claimant, claim_member, preview_claim
from frontend_api.actors import actor_of
from frontend_api.people import Person, get_person
from frontend_api.tenant import get_context
from saas.core.errors import EngageHubError

MAX_CODE = 60


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_claim(request: HttpRequest) -> HttpResponse:
    """A stranger signs in first. Sending the code shows what it opens; sending it once more, confirmed, claims it."""
    context = get_context(request)
    person = get_person(request)
    if person is None:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': reverse('claim')})}")
    if request.method != "POST":
        return render(request, "portal/claim.html", {})
    code, claimant = request.POST.get("code", "")[:MAX_CODE], _claimant(request, person)
    try:
        if request.POST.get("confirmed") == "1":
            member_id = claim_member(code=code, claimant=claimant, actor=actor_of(request), context=context)
            return HttpResponseRedirect(reverse("member", args=[member_id]))
        preview = preview_claim(code=code, claimant=claimant, context=context)
    except (InvalidClaimError, ClaimLockedError, MemberDeletedError) as error:
        return _refuse(request, code, error)
    return render(request, "portal/claim.html", {"preview": preview, "code": code})


def _claimant(request: HttpRequest, person: Person) -> Claimant:
    """A login with the Discord account that it signed in with, or a session that a link from Discord opened."""
    if person.user_id is not None and request.user.is_authenticated:
        return Claimant(person.name, user_id=person.user_id, discord_id=request.user.discord_id)
    return Claimant(person.name, discord_id=get_discord_id(member_id=person.member_id or 0))


def _refuse(request: HttpRequest, code: str, error: EngageHubError) -> HttpResponse:
    response = render(
        request, "portal/claim.html", {"error": error.message, "code": code}, status=error.http_status
    )
    seconds = getattr(error, "retry_after", None)
    if seconds is not None:
        response["Retry-After"] = str(seconds)
    return response
