"""The link under the bot's Claim button, on BASE_DOMAIN: which of my communities does this server belong to?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from frontend_api.site.install import actor_for, address_of_bot_page
from integrations.discord.linking import claim_guild
from saas.core.errors import EngageHubError
from tenants.claims import (
    Claim,
    WrongClaimantError,
    check_claimant,
    drop_claim,
    find_claim,
    keep_claim,
    read_claim_ticket,
    redeem_claim_ticket,
)
from tenants.models import GuildLink, Membership, Tenant, User
from tenants.permissions import may, rights_in_force
from tenants.seats import with_seats

MOST_CHOICES = 200
NEW = "new"  # instead of a community's address: make one


@dataclass(frozen=True, slots=True)
class Choice:
    slug: str
    name: str
    role: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_claim(request: HttpRequest) -> HttpResponse:
    """Opening the link spends nothing, because link previews open addresses too; choosing a community does.

    Raises BadSignatureError, BadTicketError, UnavailableError, and Http404 for a community that is none of theirs.
    """
    token = request.POST.get("ticket", "") if request.method == "POST" else request.GET.get("ticket", "")
    claim = read_claim_ticket(token=token)
    user = request.user if isinstance(request.user, User) else None
    if user is None:
        return _show(request, claim, token, step="sign-in")
    try:
        check_claimant(claim, user.discord_id)
    except WrongClaimantError as error:
        return _show(request, claim, token, step="wrong-person", status=403, message=error.message)
    if request.method == "POST":
        return _decide(request, user, token)
    return _show(request, claim, token, step="choose", choices=list_choices(user))


def _decide(request: HttpRequest, user: User, token: str) -> HttpResponse:
    wanted = request.POST.get("to", "")
    tenant = None if wanted == NEW else _find_choice(user, wanted)
    claim = redeem_claim_ticket(token=token, discord_id=user.discord_id)
    if tenant is None:
        keep_claim(request.session, claim)
        return HttpResponseRedirect(reverse("new-community"))
    try:
        claim_guild(tenant=tenant, claim=claim, actor=actor_for(request, tenant))
    except EngageHubError as error:
        return _show(
            request,
            claim,
            "",
            step="failed",
            status=error.http_status,
            message=error.message,
            reference=error.reference,
        )
    return HttpResponseRedirect(address_of_bot_page(tenant, linked=True))


def settle_claim(request: HttpRequest, tenant: Tenant) -> EngageHubError | None:
    """The community was made: link the guild that this session keeps a claim for. None, or why it could not be linked.

    The claim is dropped either way; the button in the server makes another.
    """
    user = request.user if isinstance(request.user, User) else None
    claim = find_claim(request.session, discord_id=user.discord_id if user else None)
    if claim is None:
        return None
    drop_claim(request.session)
    try:
        claim_guild(tenant=tenant, claim=claim, actor=actor_for(request, tenant))
    except EngageHubError as error:
        return error
    return None


def list_choices(user: User) -> list[Choice]:
    """The communities to which this person may link a guild and that have none. One query."""
    taken = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED).values("tenant_id")
    found = (
        with_seats(Membership.objects.filter(user=user, tenant__state=Tenant.State.ACTIVE))
        .exclude(tenant_id__in=taken)
        .select_related("tenant")
        .order_by("tenant__name", "tenant_id")
    )
    return [
        Choice(row.tenant.slug, row.tenant.name, row.get_role_display())
        for row in found[:MOST_CHOICES]
        if may(rights_in_force(row), "link_guild")
    ]


def _find_choice(user: User, slug: str) -> Tenant:
    if slug not in {choice.slug for choice in list_choices(user)}:
        raise Http404("There is no community of yours by that address that waits for a server.")
    tenant: Tenant = Tenant.objects.get(slug=slug)
    return tenant


def _show(
    request: HttpRequest, claim: Claim, token: str, *, step: str, status: int = 200, **facts: Any
) -> HttpResponse:
    here = f"{reverse('claim')}?{urlencode({'ticket': token})}"
    facts |= {
        "claim": claim,
        "ticket": token,
        "step": step,
        "sign_in": f"{reverse('login')}?{urlencode({'next': here})}",
        "here": here,
    }
    return render(request, "site/claim.html", facts, status=status)
