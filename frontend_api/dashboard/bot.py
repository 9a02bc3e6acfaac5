"""The page of the bot: which server the community has, whether the bot can work there, adding and unlinking."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.attention import describe_link
from frontend_api.site.limits import Limit, check_rate
from integrations.discord.diagnosis import Level, diagnose
from integrations.discord.errors import DiscordUnavailableError
from integrations.discord.facts import fetch_facts
from integrations.discord.linking import part_guild
from integrations.discord.rights import WANTED
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext
from tenants.models import GuildLink
from tenants.selectors import get_standing_link

CHECKS = Limit("bot-check", "20/m", "checks of the bot")
_REFUSALS = {
    "guild_taken": "The server was connected to another community meanwhile, so this one has none yet.",
    "guild_not_managed": "The server was not connected: you no longer hold Manage Server there.",
}


@never_cache
@require_safe
@dashboard_page("view_dashboard")
def show_bot(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What is known without asking Discord; the check follows by htmx, or with `check` in the address."""
    link = get_standing_link(tenant_id=desk.context.tenant_id)
    facts = _describe(request, desk, link)
    if link is not None and "check" in request.GET:
        facts |= _check(request, desk.context, link)
    return render(request, "dashboard/bot.html", facts)


@never_cache
@require_GET
@dashboard_page("view_dashboard")
def check_bot(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask Discord now. For htmx the findings alone. Raises RateLimitedError."""
    link = get_standing_link(tenant_id=desk.context.tenant_id)
    if not request.headers.get("HX-Request") or link is None:
        return HttpResponseRedirect(f"{reverse('bot')}?check=1" if link is not None else reverse("bot"))
    return render(request, "dashboard/bot_findings.html", _check(request, desk.context, link))


@require_POST
@dashboard_page("link_guild")
def unlink(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Part the server from the community. Raises InvalidInputError, GuildNotLinkedError."""
    guild_id = request.POST.get("guild", "")
    if not guild_id.isdecimal() or len(guild_id) > 20:
        raise InvalidInputError(
            "The form did not name the server. Reload the page and try again.", field="guild"
        )
    part_guild(
        context=desk.context,
        guild_id=int(guild_id),
        leave=request.POST.get("leave") == "yes",
        actor=desk.actor,
    )
    return HttpResponseRedirect(f"{reverse('bot')}?{urlencode({'parted': '1'})}")


def _describe(request: HttpRequest, desk: Desk, link: GuildLink | None) -> dict[str, Any]:
    return {
        "link": link,
        "is_removed": link is not None and link.state == GuildLink.State.REMOVED,
        "attention": [] if link is None else describe_link(desk.context, link, at_home=False),
        "may_link": desk.may("link_guild"),
        "install_address": f"{settings.BASE_URL}{_install_path()}?{urlencode({'to': desk.context.slug})}",
        "wanted": WANTED,
        "linked": link is not None and "linked" in request.GET,
        "parted": link is None and "parted" in request.GET,
        "refusal": _explain(request.GET["unlinked"]) if link is None and "unlinked" in request.GET else "",
        "icon_address": _icon_address(link),
    }


def _explain(code: str) -> str:
    """Why the server that a new community was made for is not connected."""
    return _REFUSALS.get(
        code, "The server was not connected. Press the button in it again, or add the bot here."
    )


def _install_path() -> str:
    return reverse("install", urlconf=settings.PUBLIC_SCHEMA_URLCONF)


def _icon_address(link: GuildLink | None) -> str:
    if (
        link is None
        or not link.icon.replace("_", "").isalnum()
        or "discord.com" not in settings.DISCORD_API_URL
    ):
        return ""
    return f"https://cdn.discordapp.com/icons/{link.guild_id}/{link.icon}.png?size=96"


def _check(request: HttpRequest, context: TenantContext, link: GuildLink) -> dict[str, Any]:
    """Counted a community, because all of its checks share Discord's budget of one server."""
    check_rate(request, CHECKS, context.schema)
    try:
        findings = diagnose(fetch_facts(context, link))
    except DiscordUnavailableError as error:
        return {"problem": error.message, "checked_at": clock.now()}
    return {
        "findings": findings,
        "open": sum(finding.level != Level.GOOD for finding in findings),
        "checked_at": clock.now(),
    }
