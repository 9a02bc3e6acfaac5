"""To Stripe's pages for whoever pays, and back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing.asides import put_back
from billing.portal import confirm_change, open_portal, refresh_tenant
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError
from tenants.models import User


@require_POST
@dashboard_page("view_billing")
def enter_portal(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Cards, addresses, invoices, for the payer, who need not be the owner. `flow` in the form leads straight to one thing."""
    user, flow = User.objects.get(pk=desk.user_id), request.POST.get("flow", "")
    back = request.build_absolute_uri(reverse("billing-portal-back"))
    community = desk.context.tenant_id
    try:
        if flow == "confirm":
            address = confirm_change(tenant_id=community, user=user, return_url=back, actor=desk.actor)
        else:
            address = open_portal(
                tenant_id=community, user=user, return_url=back, flow=flow, actor=desk.actor
            )
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, reverse("billing"), error.message, kind="warn")
    return HttpResponseRedirect(address)


@never_cache
@require_safe
@dashboard_page("view_billing")
def leave_portal(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What was done there is asked of Stripe at once; where it does not answer, its webhook tells us. What was set aside while a bank
    was asked stands again, unless it said yes."""
    try:
        refresh_tenant(tenant_id=desk.context.tenant_id)
        again = put_back(tenant_id=desk.context.tenant_id)
    except (ConflictError, UnavailableError):
        text = "Our payment provider does not answer at the moment. What you changed there shows here within a minute."
        return go_to(request, reverse("billing"), text, kind="warn")
    if again:
        text = "Nothing was changed at your bank’s page. What was planned for the end of the period stands again."
        return go_to(request, reverse("billing"), text, kind="warn")
    return HttpResponseRedirect(reverse("billing"))
