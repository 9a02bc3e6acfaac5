"""Pages of BASE_DOMAIN itself: the front door, signing in and out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from frontend_api.site.forms import SignInForm
from frontend_api.site.home import find_address, get_home_address
from frontend_api.site.redirects import safe_next
from frontend_api.site.sign_in import BadSignInError, address_of_return, sign_in, sign_out
from frontend_api.site.step_up import ask_for_proof, has_recent_proof
from tenants.models import Membership, User
from tenants.tickets import get_tenant_address


@require_safe
def show_landing(request: HttpRequest) -> HttpResponse:
    """What the product is; for those signed in, the way to their communities."""
    places: list[dict[str, str]] = []
    if request.user.is_authenticated:
        memberships = Membership.objects.filter(user=request.user, tenant__state="active")
        places = [
            {
                "name": membership.tenant.name,
                "href": get_tenant_address(membership.tenant.slug) + "/login/?next=/dashboard/",
                "role": membership.get_role_display(),
            }
            for membership in memberships.select_related("tenant").order_by("tenant__name")
        ]
    facts = {"places": places, "new_community": find_address("new-community")}
    return render(request, "site/landing.html", facts)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def show_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in form. `next` is where to go afterwards, on this host only; left out, to the person's community."""
    next_path = safe_next(request, request.POST.get("next") or request.GET.get("next", ""), "")
    if isinstance(request.user, User) and request.method != "POST":
        return HttpResponseRedirect(next_path or get_home_address(request.user))
    form = SignInForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            name, password = form.cleaned_data["name"], form.cleaned_data["password"]
            try:
                return sign_in(request, name=name, password=password, next_path=next_path)
            except BadSignInError as error:
                problem = error.message
    facts = {"form": form, "next": next_path, "problem": problem, "discord": has_discord()}
    return render(request, "site/sign_in.html", facts, status=status)


@never_cache
@require_GET
def continue_sign_in(request: HttpRequest) -> HttpResponse:
    """A community's host sent the browser here; a known person goes back with a ticket, a stranger signs in first."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
    if request.GET.get("prove") == "1" and not has_recent_proof(request):
        return ask_for_proof(request)
    address = address_of_return(
        request,
        host=request.GET.get("host", ""),
        next_path=request.GET.get("next", "/"),
        nonce_digest=request.GET.get("nonce", ""),
    )
    return HttpResponseRedirect(address)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    sign_out(request)
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)


def has_discord() -> bool:
    """Whether signing in with Discord is set up."""
    return bool(settings.DISCORD_CLIENT_ID and settings.DISCORD_CLIENT_SECRET)
