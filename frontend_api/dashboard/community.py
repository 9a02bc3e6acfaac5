"""The community itself: its address, its owner, its end."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.ending import delete_community, get_plan_to_end
from billing.income.telling import list_destinations, write_for_giver
from engagement.kinds.lifecycle import end_offer, move_address, offer_to
from engagement.members.models import Member
from engagement.supporters.selectors import count_running
from frontend_api.actors import actor_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit
from frontend_api.site.step_up import require_recent_proof
from saas.core.errors import EngageHubError
from tenants.lifecycle import UNDO_DAYS, offer_until
from tenants.models import Domain, Membership, Tenant
from tenants.provisioning import host_of
from tenants.tickets import get_tenant_address


class AddressForm(forms.Form):
    slug = forms.CharField(
        label="Address",
        max_length=200,
        help_text="Letters, digits and hyphens. The one you have now will lead to the new one for ever.",
        error_messages={"required": "Choose an address."},
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
    )


class HeirForm(forms.Form):
    heir = forms.ChoiceField(label="New owner", error_messages={"required": "Choose somebody on the team."})

    def __init__(self, *args: Any, people: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = [(str(one.user_id), f"{one.user} · {one.get_role_display()}") for one in people]
        self.fields["heir"].choices = [("", "Choose…"), *lines]  # type: ignore[attr-defined]


@never_cache
@require_safe
@dashboard_page("view_settings")
def show_community(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What it is, and what its owner can do with it."""
    tenant = Tenant.objects.select_related("heir").get(pk=desk.context.tenant_id)
    team = Membership.objects.select_related("user").filter(tenant=tenant)
    owner = team.filter(role=Membership.Role.OWNER).first()
    facts = {
        "desk": desk,
        "tenant": tenant,
        "host": host_of(tenant.slug),
        "former": Domain.objects.filter(tenant=tenant, is_redirect=True).order_by("domain"),
        "owner": owner.user if owner else None,
        "offered_until": offer_until(tenant),
        "undo_days": UNDO_DAYS,
    }
    return render(request, "dashboard/community.html", facts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_address")
def change_address(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Another address; the browser follows to it."""
    form = AddressForm(request.POST or None, initial={"slug": desk.context.slug})
    page = Confirm(
        title="Change the address",
        submit="Change address",
        back=reverse("community"),
        lead=f"Now: {host_of(desk.context.slug)}",
        consequences=[
            Consequence("Links to the old address go on working: they lead to the new one.", "link"),
            Consequence(
                "Everybody signs in anew on the new address; from here it happens by itself.", "login"
            ),
            Consequence("The old address stays yours. Nobody else can take it.", "lock"),
        ],
        danger=False,
        form=form,
    )
    if not is_confirmed(request, page) or not form.is_valid():
        return show_confirm(request, page)
    try:
        tenant = move_address(
            context=desk.context, slug=form.cleaned_data["slug"].strip().lower(), actor=actor_of(request)
        )
    except EngageHubError as error:
        form.add_error("slug", error.message)
        return show_confirm(request, page)
    if tenant.slug == desk.context.slug:
        return go_to(request, reverse("community"), "The address is the same as before.")
    query = urlencode({"next": reverse("community")})
    return HttpResponseRedirect(f"{get_tenant_address(tenant.slug)}/login/?{query}")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("transfer_ownership")
def offer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Offer the community to somebody on its team."""
    return _offer(request, desk)


@require_recent_proof
def _offer(request: HttpRequest, desk: Desk) -> HttpResponse:
    team = Membership.objects.select_related("user").filter(tenant_id=desk.context.tenant_id)
    people = list(team.exclude(role=Membership.Role.OWNER).order_by("user__display_name", "user_id"))
    form = HeirForm(request.POST or None, people=people)
    destination = list_destinations(tenant_ids=[desk.context.tenant_id]).get(desk.context.tenant_id)
    page = Confirm(
        title="Hand the community over",
        submit="Offer it",
        back=reverse("community"),
        lead="" if people else "Nobody else is on the team yet. Invite the new owner first.",
        consequences=[
            Consequence("They get a mail and have a week to accept. Until then nothing changes.", "mail"),
            Consequence("Once they accept, they own it, and you stay on the team as an admin.", "users"),
            Consequence("Only they can hand it back to you.", "alert-triangle"),
            *([Consequence(write_for_giver(destination, desk.user_id), "coins")] if destination else []),
        ],
        form=form,
    )
    if not is_confirmed(request, page) or not form.is_valid():
        return show_confirm(request, page)
    heir_id = int(form.cleaned_data["heir"])
    offer_to(context=desk.context, owner_id=desk.user_id, heir_id=heir_id, actor=desk.actor)
    return go_to(request, reverse("community"), "The offer is on its way.")


@require_POST
@dashboard_page("transfer_ownership")
def withdraw(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take the offer back."""
    withdrawn = end_offer(context=desk.context, user_id=desk.user_id, actor=desk.actor)
    return go_to(
        request, reverse("community"), "The offer is taken back." if withdrawn else "There was no offer."
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("delete_community")
def delete(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Close the community, after its name was typed."""
    return _delete(request, desk)


@require_recent_proof
def _delete(request: HttpRequest, desk: Desk) -> HttpResponse:
    name = Tenant.objects.values_list("name", flat=True).get(pk=desk.context.tenant_id)
    members = Member.objects.filter(is_bot=False, deleted_at=None).count()
    plan = get_plan_to_end(tenant_id=desk.context.tenant_id)
    supporters = count_running()
    page = Confirm(
        title=f"Delete {name}",
        submit="Delete the community",
        back=reverse("community"),
        consequences=[
            Consequence(
                f"Its pages close for everybody, {write_unit(members, 'members')} among them.", "lock"
            ),
            Consequence("The bot stops counting and answering within a second.", "robot"),
            *(
                [Consequence(f"The plan {plan} ends at once; what is left of it is credited.", "coins")]
                if plan
                else []
            ),
            *(
                [
                    Consequence(
                        f"{write_unit(supporters, 'supporters')} {'stops' if supporters == 1 else 'stop'} paying at once, and "
                        "nothing that they paid is given back. Restoring the community does not bring their support back.",
                        "sparkles",
                    )
                ]
                if supporters
                else []
            ),
            Consequence(f"For {UNDO_DAYS} days you can restore it, with everything in it.", "arrow-back-up"),
            Consequence("After that members, points and history are gone for good.", "trash"),
        ],
        typed=name,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    delete_community(context=desk.context, typed_name=name, actor=actor_of(request))
    path = reverse("communities", urlconf=settings.PUBLIC_SCHEMA_URLCONF)
    return HttpResponseRedirect(f"{settings.BASE_URL}{path}")
