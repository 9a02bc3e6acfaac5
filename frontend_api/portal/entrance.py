"""Signing in and out as a community's host sees it: the nonce, the ticket's redemption, links from Discord."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from frontend_api.site.sign_in import (
    address_of_sign_in,
    redeem_sign_in,
    redeem_visit,
    safe_next,
    sign_out,
)
from frontend_api.tenant import get_context
from saas.core.crypto import digest_of, new_secret
from tenants.tickets import check_member_ticket

NONCE_COOKIE = "sign_in_nonce"
NONCE_SECONDS = 15 * 60  # somebody may have to look their password up


@never_cache
@require_GET
def begin_sign_in(request: HttpRequest) -> HttpResponse:
    """Set the nonce and send the browser to BASE_DOMAIN. Two tabs share one nonce, so that both can finish."""
    get_context(request)
    next_path = safe_next(request, request.GET.get("next", "/"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_path)
    nonce = request.COOKIES.get(NONCE_COOKIE) or new_secret()
    response = HttpResponseRedirect(
        address_of_sign_in(request, next_path=next_path, nonce_digest=digest_of(nonce))
    )
    response.set_cookie(
        NONCE_COOKIE, nonce, max_age=NONCE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


@never_cache
@require_GET
def finish_sign_in(request: HttpRequest) -> HttpResponse:
    get_context(request)
    nonce = request.COOKIES.get(NONCE_COOKIE, "")
    response = HttpResponseRedirect(redeem_sign_in(request, token=request.GET.get("ticket", ""), nonce=nonce))
    response.delete_cookie(NONCE_COOKIE, samesite="Lax")
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest) -> HttpResponse:
    """A link from Discord. Opening it asks first, because link previews open addresses too; the button redeems it."""
    context = get_context(request)
    if request.method == "POST":
        return HttpResponseRedirect(redeem_visit(request, context, token=request.POST.get("ticket", "")))
    token = request.GET.get("ticket", "")
    check_member_ticket(token=token)
    return render(request, "portal/visit.html", {"ticket": token})


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    get_context(request)
    sign_out(request)
    return HttpResponseRedirect("/")
