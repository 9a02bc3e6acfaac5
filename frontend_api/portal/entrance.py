"""Signing in and out as a community's host sees it: the nonce, the ticket's redemption, links from Discord."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from frontend_api.site.redirects import safe_next
from frontend_api.site.sign_in import (
    address_of_sign_in,
    find_visit_question,
    redeem_sign_in,
    redeem_visit,
    sign_out,
)
from frontend_api.site.step_up import has_recent_proof
from frontend_api.tenant import get_context
from saas.core.crypto import digest_of, new_secret
from tenants.tickets import check_member_ticket

NONCE_COOKIE = "sign_in_nonce"
NONCE_SECONDS = 15 * 60  # somebody may have to look their password up


@never_cache
@require_GET
def begin_sign_in(request: HttpRequest) -> HttpResponse:
    """Set the nonce and send the browser to BASE_DOMAIN. Two tabs share one nonce, so that both can finish.

    With `prove` somebody who is signed in goes there too, unless they proved who they are a short while ago.
    """
    get_context(request)
    next_path = safe_next(request, request.GET.get("next", "/"))
    prove = request.GET.get("prove") == "1"
    if request.user.is_authenticated and (not prove or has_recent_proof(request)):
        return HttpResponseRedirect(next_path)
    nonce = request.COOKIES.get(NONCE_COOKIE) or new_secret()
    response = HttpResponseRedirect(
        address_of_sign_in(request, next_path=next_path, nonce_digest=digest_of(nonce), prove=prove)
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
    """A link from Discord. Opening it asks first, because link previews open addresses too; the button redeems it.

    Somebody who is known here as another is asked who they want to be, and `choice` is their answer.
    """
    context = get_context(request)
    posted = request.method == "POST"
    token = (request.POST if posted else request.GET).get("ticket", "")
    check_member_ticket(token=token)
    question = find_visit_question(request, context, token=token)
    choice = request.POST.get("choice", "")
    if posted and choice == "stay":
        return HttpResponseRedirect(reverse("front"))
    if posted and (question is None or choice == "switch"):
        return HttpResponseRedirect(redeem_visit(request, context, token=token, switch=choice == "switch"))
    return render(request, "portal/visit.html", {"ticket": token, "question": question})


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    get_context(request)
    sign_out(request)
    return HttpResponseRedirect("/")
