"""Adding the bot from the web, on BASE_DOMAIN: off to Discord's page, and back with a guild."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from engagement.audit.actor import Actor
from frontend_api.actors import actor_of
from integrations.discord.errors import GuildNotManagedError, InstallDeclinedError
from integrations.discord.linking import abandon_install, begin_install, finish_install
from saas.core.errors import ConflictError, EngageHubError
from tenants.context import TenantContext
from tenants.models import Tenant
from tenants.oauth_states import OAuthState
from tenants.permissions import STRANGER, NotPermittedError, Role, require, rights_of_user, role_of_user
from tenants.tickets import get_tenant_address

logger = logging.getLogger(__name__)
BOT_PATH = "/dashboard/bot/"


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send an organiser to Discord's page. GET is safe here: it changes nothing, and Discord asks before it does.

    Raises NotPermittedError, and Http404 for a community that does not exist or is none of theirs.
    """
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
    tenant = _find_tenant(request, slug=request.GET.get("to", ""))
    address = begin_install(
        context=TenantContext.of(tenant),
        user_id=request.user.pk,
        session_key=request.session.session_key or "",
        next_path=BOT_PATH,
    )
    return HttpResponseRedirect(address)


def finish(request: HttpRequest, state: OAuthState) -> HttpResponse:
    """Discord sent them back. `guild_id` of the address is not looked at: the token names the guild."""
    code = request.GET.get("code", "")
    try:
        tenant = _find_tenant(request, pk=state.tenant_id)
    except (Http404, NotPermittedError):
        abandon_install(state=state, code=code)
        raise
    try:
        finish_install(
            state=state,
            tenant=tenant,
            code=code,
            error=request.GET.get("error", ""),
            actor=actor_for(request, tenant),
        )
    except EngageHubError as error:
        return _show_failure(request, tenant, error)
    return HttpResponseRedirect(address_of_bot_page(tenant, linked=True))


def _find_tenant(request: HttpRequest, **which: object) -> Tenant:
    """The community in hand, asked live: it may be gone and the person's role with it."""
    tenant: Tenant | None = Tenant.objects.filter(state=Tenant.State.ACTIVE, **which).first()
    rights = STRANGER
    if tenant is not None:
        rights = rights_of_user(user_id=request.user.pk, tenant_id=tenant.pk)
    if tenant is None or rights.role == Role.STRANGER:
        raise Http404("There is no such community among yours.")
    require(rights, "link_guild")
    return tenant


def actor_for(request: HttpRequest, tenant: Tenant) -> Actor:
    """Who acts, with their role in the community in hand: BASE_DOMAIN itself has no roles."""
    role = role_of_user(user_id=request.user.pk, tenant_id=tenant.pk)
    return replace(actor_of(request), role=role.title)


def address_of_bot_page(tenant: Tenant, *, linked: bool = False) -> str:
    """The community's page of the bot, through its sign-in, which a signed-in person does not notice."""
    path = BOT_PATH + ("?linked=1" if linked else "")
    return f"{get_tenant_address(tenant.slug)}/login/?{urlencode({'next': path})}"


def _show_failure(request: HttpRequest, tenant: Tenant, error: EngageHubError) -> HttpResponse:
    logger.info("%s (%s, ref %s)", error.message, error.code, error.reference)
    facts = {
        "declined": isinstance(error, InstallDeclinedError),
        "message": error.message,
        "returned": isinstance(error, GuildNotManagedError | ConflictError),
        "reference": error.reference,
        "again": f"{reverse('install')}?{urlencode({'to': tenant.slug})}",
        "back": address_of_bot_page(tenant),
        "tenant_name": tenant.name,
    }
    return render(request, "site/install_failed.html", facts, status=error.http_status)
