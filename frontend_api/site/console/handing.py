"""Handing a community over to a client: the community and its payment, offered together, accepted by the client."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.handing import offer_handover, withdraw_handover
from billing.income.telling import list_destinations, write_for_giver
from billing.moving import get_payment_offer
from billing.paying import find_paid
from frontend_api.actors import actor_of
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.site.personal import user_of
from frontend_api.site.step_up import require_recent_proof
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError
from tenants.context import TenantContext
from tenants.lifecycle import offer_until
from tenants.models import Membership, Tenant, User
from tenants.tickets import get_tenant_address

from .pages import GET_OR_POST, NotYourPayerError


class ClientForm(DeskForm):
    heir = forms.ChoiceField(label="Your client", error_messages={"required": "Choose somebody on the team."})

    def __init__(self, *args: Any, people: list[Membership], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["heir"]
        assert isinstance(field, forms.ChoiceField)
        lines = [(str(one.user_id), f"{one.user} · {one.get_role_display()}") for one in people]
        field.choices = [("", "Choose…"), *lines]


@never_cache
@login_required
@require_http_methods(GET_OR_POST)
@require_recent_proof
def hand_over(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Only the owner's own community; anybody else's is a 404."""
    user = user_of(request)
    tenant = _find_owned(user, tenant_id)
    team = Membership.objects.select_related("user").filter(tenant=tenant, role=Membership.Role.ADMIN)
    people = list(team.order_by("user__display_name", "user_id"))
    form = ClientForm(request.POST if request.POST.get("do") == "offer" else None, people=people)
    status = 200
    try:
        if request.POST.get("do") == "withdraw":
            withdraw_handover(context=TenantContext.of(tenant), user=user, actor=actor_of(request))
            return HttpResponseRedirect(request.path)
        if form.is_valid():
            heir_id = int(form.cleaned_data["heir"])
            offer_handover(
                context=TenantContext.of(tenant), user=user, heir_id=heir_id, actor=actor_of(request)
            )
            return HttpResponseRedirect(request.path)
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        form = form if form.is_bound else ClientForm({}, people=people)
        form.add_problem(error)
        status = error.http_status
    if form.is_bound and status == 200:
        status = 422
    return render(request, "site/console/hand_over.html", _facts(user, tenant, form, people), status=status)


def _facts(user: User, tenant: Tenant, form: ClientForm, people: list[Membership]) -> dict[str, Any]:
    row = find_paid(user=user, tenant_id=tenant.pk)
    payment = get_payment_offer(tenant_id=tenant.pk)
    destination = list_destinations(tenant_ids=[tenant.pk]).get(tenant.pk)
    return {
        "tenant": tenant,
        "form": form,
        "people": people,
        "row": row,
        "goes_along": row is not None and row.cancel_at is None,
        "offered_until": offer_until(tenant),
        "heir": tenant.heir,
        "payment": payment,
        "supporters": write_for_giver(destination, user.pk) if destination else "",
        "invite_href": f"{get_tenant_address(tenant.slug)}/login/?next=/dashboard/team/invite/",
        "back": reverse("console"),
    }


def _find_owned(user: User, tenant_id: int) -> Tenant:
    owned = Membership.objects.select_related("tenant__heir").filter(
        user=user, tenant_id=tenant_id, role=Membership.Role.OWNER, tenant__state=Tenant.State.ACTIVE
    )
    found = owned.first()
    if found is None:
        raise NotYourPayerError
    return found.tenant
