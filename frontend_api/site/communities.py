"""The list of a person's communities, and what can be done there with a closed or an offered one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing.income.telling import list_destinations, write_for_taker
from engagement.kinds.lifecycle import end_offer, hand_over, restore_community
from frontend_api.actors import actor_of
from frontend_api.site.step_up import require_recent_proof
from tenants.communities import list_places
from tenants.context import TenantContext
from tenants.models import Membership, Tenant, User
from tenants.tickets import get_tenant_address


@never_cache
@require_safe
def show_communities(request: HttpRequest) -> HttpResponse:
    """All of them. Opening one fetches its session by a ticket, without another login."""
    if not isinstance(request.user, User):
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
    found = list_places(user=request.user)
    offered = list_destinations(tenant_ids=[place.tenant_id for place in found if place.offered_by])
    told = {key: write_for_taker(one, request.user.pk) for key, one in offered.items()}
    places = [
        (place, f"{get_tenant_address(place.slug)}/login/?next=/dashboard/", told.get(place.tenant_id, ""))
        for place in found
    ]
    return render(request, "site/communities.html", {"places": places})


@require_POST
@require_recent_proof
def restore(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """The owner opens a deleted community again."""
    tenant = _find(request, tenant_id, owner=True)
    restore_community(tenant=tenant, actor=actor_of(request))
    return HttpResponseRedirect(reverse("communities"))


@require_POST
@require_recent_proof
def accept(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Whom the community was offered to takes it over."""
    tenant = _find(request, tenant_id)
    assert request.user.pk is not None
    hand_over(context=TenantContext.of(tenant), heir_id=request.user.pk, actor=actor_of(request))
    return HttpResponseRedirect(f"{get_tenant_address(tenant.slug)}/login/?next=/dashboard/")


@require_POST
def decline(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Whom it was offered to would rather not."""
    tenant = _find(request, tenant_id)
    assert request.user.pk is not None
    end_offer(context=TenantContext.of(tenant), user_id=request.user.pk, actor=actor_of(request))
    return HttpResponseRedirect(reverse("communities"))


def _find(request: HttpRequest, tenant_id: int, *, owner: bool = False) -> Tenant:
    """A community on whose team the person is. Raises Http404 for any other, as for one that does not exist."""
    if not isinstance(request.user, User):
        raise Http404("There is no such community among yours.")
    found = Membership.objects.select_related("tenant").filter(user=request.user, tenant_id=tenant_id)
    membership = found.filter(role=Membership.Role.OWNER).first() if owner else found.first()
    if membership is None or membership.tenant.state == Tenant.State.PROVISIONING:
        raise Http404("There is no such community among yours.")
    return membership.tenant
