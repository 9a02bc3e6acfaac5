"""The page behind an invite's link: who asks, into which team, as what; and one button."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.access.team import accept_invite
from frontend_api.actors import actor_of
from frontend_api.site.limits import INVITE, check_address
from saas.core.errors import EngageHubError
from tenants.invites import find_invite
from tenants.models import User
from tenants.tickets import get_tenant_address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_invite(request: HttpRequest, token: str) -> HttpResponse:
    """Opening it changes nothing; strangers sign in or up first and come back here. Raises RateLimitedError."""
    check_address(request, INVITE)
    try:
        invite = find_invite(token=token)
        if request.method == "POST":
            if not isinstance(request.user, User):
                return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.path})}")
            membership = accept_invite(token=token, user=request.user, actor=actor_of(request))
            return HttpResponseRedirect(
                f"{get_tenant_address(membership.tenant.slug)}/login/?{urlencode({'next': '/dashboard/'})}"
            )
    except EngageHubError as error:
        gone = {"message": error.message, "reference": error.reference}
        return render(request, "site/invite_gone.html", gone, status=error.http_status)
    facts = {"invite": invite, "next": request.path, "used": invite.accepted_at is not None}
    return render(request, "site/invite.html", facts)
