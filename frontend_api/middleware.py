"""What every answer gets: a session that belongs to its host, the reader's time zone, strict headers, errors in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone

from frontend_api.denials import note_refusal
from frontend_api.errors import show_error
from frontend_api.people import get_person
from frontend_api.plan_locks import way_out_of
from frontend_api.tenant import find_context
from saas.core.errors import EngageHubError, UnavailableError
from saas.core.ids import new_reference
from tenants.gates import GateClosedError, LimitReachedError

logger = logging.getLogger(__name__)
HOST_KEY = "host"  # in every session that knows somebody
TIMEZONE_KEY = "timezone"  # the reader's own, for pages of BASE_DOMAIN
Next = Callable[[HttpRequest], HttpResponse]


class SessionHostMiddleware:
    """Refuses a session on any host but the one it was opened on (DESIGN section 4.5).

    Cookies are host-only, so only somebody who carried a cookie over sees this. The session is left alone for its
    owner; this request goes on without it.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session: SessionBase = request.session
        if session.session_key and HOST_KEY in session and session[HOST_KEY] != request.get_host():
            logger.warning("A session of %s was shown to %s; refused.", session[HOST_KEY], request.get_host())
            request.session = type(session)()
        return self.get_response(request)


class TimezoneMiddleware:
    """Moments are written in the tenant's zone, on our own pages in the reader's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        context = find_context(request)
        name = context.timezone if context else request.session.get(TIMEZONE_KEY, settings.TIME_ZONE)
        with timezone.override(_zone(name)):
            return self.get_response(request)


class HeadersMiddleware:
    """Content-Security-Policy without any inline script or style, and no caching of what depends on who looks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", build_policy(request))
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        )
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class ErrorMiddleware:
    """An error of our own becomes a page (or, for htmx, a line) in its own words; any other gets a reference first."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            logger.warning("%s met a database that is away: %s", request.path, error)
            error = UnavailableError(
                "We cannot reach our database at the moment. Nothing is lost; try again in a few seconds."
            )
        if isinstance(error, EngageHubError):
            logger.info("%s (%s, ref %s)", error.message, error.code, error.reference)
            note_refusal(request, error)
            response = show_error(
                request,
                status=error.http_status,
                message=error.message,
                reference=error.reference,
                **_plan_facts(request, error),
            )
            response["X-Error"] = quote(error.message)
            seconds = getattr(error, "retry_after", 5 if error.http_status == 503 else None)
            if seconds is not None:
                response["Retry-After"] = str(seconds)
            return response
        if isinstance(error, ImmediateHttpResponse):
            return None  # allauth's way of answering: its middleware takes it
        if isinstance(error, Http404 | PermissionDenied | SuspiciousOperation | MultiPartParserError):
            return None  # no failure of ours: Django asks the pages of errors.py
        reference = new_reference()
        request.error_reference = reference  # type: ignore[attr-defined]
        logger.error("%s failed (ref %s)", request.path, reference, exc_info=error)
        return None


def _plan_facts(request: HttpRequest, error: EngageHubError) -> dict[str, str]:
    """Of an error page about the plan: its own title, and the way to the plans for whoever may see them."""
    if not isinstance(error, GateClosedError | LimitReachedError):
        return {}
    person = get_person(request)
    href = way_out_of(error, find_context(request), None if person is None else person.rights)
    title = "This is part of another plan" if isinstance(error, GateClosedError) else "The plan is full"
    return {"title": title, "plans_href": href}


def build_policy(request: HttpRequest) -> str:
    """Scripts, styles and fonts from this host only; pictures from anywhere safe, because people's avatars are."""
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    pictures = "'self' data: https:"
    api = urlsplit(settings.DISCORD_API_URL)
    if api.scheme == "http":  # the local Discord
        pictures += f" {api.scheme}://{api.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"img-src {pictures}",
            f"connect-src 'self' {socket}",
            "manifest-src 'self'",
            "form-action 'self'" + _sign_in_targets() + _payment_targets(),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _sign_in_targets() -> str:
    """Signing in posts a form on BASE_DOMAIN whose answer leads on to a community's host, or to Discord's page."""
    base = urlsplit(settings.BASE_URL)
    port = f":{base.port}" if base.port else ""
    web = urlsplit(settings.DISCORD_WEB_URL)
    return f" {settings.BASE_URL} {base.scheme}://*.{settings.BASE_DOMAIN}{port} {web.scheme}://{web.netloc}"


def _payment_targets() -> str:
    """Buying a plan and managing cards are forms whose answers lead to Stripe's pages, or to the local Stripe's."""
    if not settings.BILLING_ON:
        return ""
    api = urlsplit(settings.STRIPE_API_URL)
    if api.netloc == "api.stripe.com":
        return " https://checkout.stripe.com https://billing.stripe.com"
    return f" {api.scheme}://{api.netloc}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
