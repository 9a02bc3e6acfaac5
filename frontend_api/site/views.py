"""Pages of BASE_DOMAIN itself: the front door and signing in."""

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
from frontend_api.site.limits import check_sign_in_rate
from frontend_api.site.sign_in import BadSignInError, address_of_return, safe_next, sign_in, sign_out
from tenants.models import Membership
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
    return render(request, "site/landing.html", {"places": places})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def show_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in form. `next` is where to go afterwards, on this host only."""
    next_path = safe_next(request, request.POST.get("next") or request.GET.get("next", ""), "/")
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(next_path)
    form = SignInForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            check_sign_in_rate(request, form.cleaned_data["name"])
            try:
                sign_in(request, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
            except BadSignInError as error:
                problem = error.message
            else:
                return HttpResponseRedirect(next_path)
    facts = {"form": form, "next": next_path, "problem": problem}
    return render(request, "site/sign_in.html", facts, status=status)


@never_cache
@require_GET
def continue_sign_in(request: HttpRequest) -> HttpResponse:
    """A community's host sent the browser here; a known person goes back with a ticket, a stranger signs in first."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
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
