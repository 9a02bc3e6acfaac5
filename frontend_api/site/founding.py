"""Making a community: the form, the live check of its address, and the page that waits for it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from frontend_api.site.claim import settle_claim
from frontend_api.site.founding_form import NewCommunityForm, describe_kinds
from frontend_api.site.limits import FOUNDING, FOUNDING_LOOK, check_rate
from frontend_api.site.plan_choice import PlanChoice, read_choice
from saas.core.errors import EngageHubError, InvalidInputError, NotFoundError
from saas.core.ids import new_ulid
from tenants.errors import SlugTakenError
from tenants.founding import (
    can_be_reached,
    check_address,
    found_community,
    get_founding,
    retry_founding,
    suggest_address,
)
from tenants.models import Tenant, User
from tenants.provisioning import host_of, list_wrong
from tenants.routing import get_routing
from tenants.tickets import get_tenant_address

# The kind that a community is likely to be whose plan was chosen first, by the plan's audience.
KINDS_OF_PLANS: Final = {"server": "discord", "product": "saas", "course": "course"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_new(request: HttpRequest) -> HttpResponse:
    """The form. A stranger signs in first; somebody who cannot be reached is told what to do about it."""
    user = _person(request)
    if user is None:
        return _to_sign_in(request)
    if request.method != "POST":
        choice = read_choice(request.GET)
        kind = request.GET.get("kind", "") or (KINDS_OF_PLANS[choice.plan.audience] if choice else "discord")
        form = NewCommunityForm(initial={"key": new_ulid(), "kind": kind})
        return _show_form(request, form, user, choice)
    choice = read_choice(request.POST)
    form = NewCommunityForm(request.POST)
    if not form.is_valid():
        return _show_form(request, form, user, choice, status=422)
    check_rate(request, FOUNDING, user.pk)
    if wrong := list_wrong({**form.facts, "live": False}):
        for one in wrong:
            form.take(one, InvalidInputError)
        return _show_form(request, form, user, choice, status=422)
    try:
        tenant = found_community(user=user, form_key=form.cleaned_data["key"], **form.facts)
    except EngageHubError as error:
        form.take(error, SlugTakenError, InvalidInputError)
        return _show_form(request, form, user, choice, status=error.http_status)
    return HttpResponseRedirect(_progress_of(tenant, choice))


@never_cache
@require_GET
def check_new_address(request: HttpRequest) -> HttpResponse:
    """For htmx: what is true of the address in the form. Until somebody wrote one, it follows the name."""
    user = _person(request)
    if user is None:
        raise NotFoundError("Sign in first, then choose an address.")
    check_rate(request, FOUNDING_LOOK, user.pk)
    slug, name = request.GET.get("slug", "")[:200].strip().lower(), request.GET.get("name", "")[:400]
    follows = not request.GET.get("touched") and request.headers.get("HX-Target") == "address"
    if follows:
        slug = suggest_address(name) if name.strip() else ""
    facts = {"slug": slug, "found": check_address(slug) if slug else None, "suggestion": ""}
    if slug and not follows and not check_address(slug).is_free:
        facts["suggestion"] = suggest_address(slug if len(slug) > 2 else name)
    template = "site/new_address.html" if follows else "site/new_address_state.html"
    return render(request, template, {**facts, **_base()})


@never_cache
@require_GET
def show_progress(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """How far the community is; once it is there, on to its checklist. For htmx the changing part alone."""
    user = _person(request)
    if user is None:
        return _to_sign_in(request)
    tenant = get_founding(user=user, tenant_id=tenant_id)
    if tenant.state != Tenant.State.PROVISIONING:
        return _go_on(request, tenant, read_choice(request.GET))
    template = (
        "site/new_progress_body.html" if request.headers.get("HX-Request") else "site/new_progress.html"
    )
    choice = read_choice(request.GET)
    facts = {
        "tenant": tenant,
        "address": host_of(tenant.slug),
        "progress": _progress_of(tenant, choice),
        "choice": choice,
    }
    return render(request, template, facts)


@require_POST
def retry(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Try again after a failure, at once."""
    user = _person(request)
    if user is None:
        return _to_sign_in(request)
    check_rate(request, FOUNDING, user.pk)
    tenant = retry_founding(user=user, tenant_id=tenant_id)
    return HttpResponseRedirect(_progress_of(tenant, read_choice(request.POST)))


def _progress_of(tenant: Tenant, choice: PlanChoice | None) -> str:
    return reverse("new-progress", args=[tenant.pk]) + (f"?{choice.query}" if choice else "")


def _go_on(request: HttpRequest, tenant: Tenant, choice: PlanChoice | None) -> HttpResponse:
    """To the checklist on the community's own host, which fetches its session by a ticket; with a plan chosen on the pricing
    page, first to where it is begun."""
    routing = get_routing()
    if routing.context_for_host(host_of(tenant.slug)) is None:
        routing.load_tenants(
            {tenant.pk}
        )  # the worker made it a moment ago, and the news may still be on its way
    refusal = settle_claim(request, tenant)
    next_path = f"/dashboard/billing/plans/?{choice.query}" if choice else "/dashboard/setup/"
    if refusal is not None:
        next_path = f"/dashboard/bot/?{urlencode({'unlinked': refusal.code})}"
    address = f"{get_tenant_address(tenant.slug)}/login/?{urlencode({'next': next_path})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _show_form(
    request: HttpRequest,
    form: NewCommunityForm,
    user: User,
    choice: PlanChoice | None,
    *,
    status: int = 200,
) -> HttpResponse:
    slug = str(form["slug"].value() or "")
    facts = {
        "form": form,
        "kinds": describe_kinds(str(form["kind"].value() or "")),
        "slug": slug,
        "found": check_address(slug) if slug and status == 200 else None,
        "reachable": can_be_reached(user),
        "choice": choice,
        **_base(),
    }
    return render(request, "site/new.html", facts, status=status)


def _base() -> dict[str, Any]:
    return {"base_host": host_of("x")[1:]}


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
