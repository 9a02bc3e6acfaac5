"""The page behind an invite's link: who asks, into which team, as what; and one button."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.audit.services import record_audit
from frontend_api.actors import actor_of
from frontend_api.site.limits import INVITE, check_address
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant
from tenants.invites import accept_invite, find_invite
from tenants.models import Tenant, User
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
            tenant = _join(request, request.user, token)
            return HttpResponseRedirect(
                f"{get_tenant_address(tenant.slug)}/login/?{urlencode({'next': '/dashboard/'})}"
            )
    except EngageHubError as error:
        gone = {"message": error.message, "reference": error.reference}
        return render(request, "site/invite_gone.html", gone, status=error.http_status)
    facts = {"invite": invite, "next": request.path, "used": invite.accepted_at is not None}
    return render(request, "site/invite.html", facts)


def _join(request: HttpRequest, user: User, token: str) -> Tenant:
    """The place on the team and its line in the community's audit log, both or neither."""
    with transaction.atomic():
        accepted = accept_invite(token=token, user=user)
        tenant: Tenant = accepted.membership.tenant
        if accepted.is_new:
            role = accepted.membership.role
            with enter_tenant(TenantContext.of(tenant)):
                record_audit(
                    actor=replace(actor_of(request), role=role),
                    action="team.joined",
                    target_kind="user",
                    target_id=user.pk,
                    target_name=str(user),
                    after={"role": role},
                )
    return tenant
