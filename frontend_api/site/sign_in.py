"""Signing in and out: the services behind the forms (DESIGN section 4.5).

All of it happens on BASE_DOMAIN. A community's host sets a nonce cookie and sends the browser here; once the person is
known, they are sent back with a ticket, which that host redeems against the nonce. Nobody who is known on a host is switched to
somebody else there without being asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import EmailAddress, Login
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from engagement.members.selectors import find_member
from frontend_api.middleware import HOST_KEY
from frontend_api.people import MEMBER_KEY, get_person
from frontend_api.site.letters import write_alert
from frontend_api.site.limits import ALERT_AT, check_sign_in_rate, count_failure
from frontend_api.site.redirects import safe_next
from frontend_api.site.sessions import (
    PARENT_KEY,
    end_sessions,
    ensure_registered,
    lock_session,
    open_session,
)
from frontend_api.site.step_up import PROOF_KEY
from saas.core.errors import ConflictError, NotAllowedError, NotFoundError
from tenants.context import TenantContext, enter_tenant
from tenants.letters import send_letter
from tenants.logins import vouch_for_email
from tenants.models import User
from tenants.routing import get_routing
from tenants.tickets import (
    BadTicketError,
    issue_session_ticket,
    peek_member_ticket,
    redeem_member_ticket,
    redeem_session_ticket,
)


class BadSignInError(NotAllowedError):
    """Name and password do not belong together. Deliberately says no more."""

    code = "bad_sign_in"


class SomebodyElseError(ConflictError):
    """The browser is signed in here as another login than the one that comes back from BASE_DOMAIN."""

    code = "somebody_else"


@dataclass(frozen=True, slots=True)
class VisitQuestion:
    """A link from Discord for `visitor`, opened where `current` is known: who does the person want to be?"""

    current: str
    visitor: str


def sign_in(request: HttpRequest, *, name: str, password: str, next_path: str) -> HttpResponse:
    """Open a session here for the person with that username or e-mail; the answer leads on, maybe to the second step.

    Counts tries and failures, and writes to the person after many. Raises BadSignInError and RateLimitedError.
    """
    user = check_password(request, name=name, password=password)
    vouch_for_email(user)
    reachable = EmailAddress.objects.filter(user=user).exists()
    step = Login(user=user, redirect_url=next_path or None, email_verification=None if reachable else "none")
    answer: HttpResponse = perform_password_login(request, {"username": user.get_username()}, step)
    return answer


def check_password(request: HttpRequest, *, name: str, password: str) -> User:
    """Whose login it is, of which this is the password. The one check for pages and API; opens nothing.

    Counts tries and failures, and writes to the person after many. Raises BadSignInError and RateLimitedError.
    """
    username = _find_username(name)
    check_sign_in_rate(request, username)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _note_failure(request, username)
        raise BadSignInError(
            "That name and password do not belong together. Check both; passwords tell capitals from small letters."
        )
    return user


def _note_failure(request: HttpRequest, username: str) -> None:
    if count_failure(request, username) != ALERT_AT:
        return
    user = User.objects.filter(username=username, is_active=True).exclude(email="").first()
    if user is not None:
        send_letter(write_alert(user, ALERT_AT))


def sign_out(request: HttpRequest) -> None:
    """End the session here, the one on BASE_DOMAIN, and all that descend from that. Repeating it changes nothing."""
    end_sessions([request.session.get(PARENT_KEY, ""), request.session.session_key or ""])
    logout(request)


def address_of_sign_in(
    request: HttpRequest, *, next_path: str, nonce_digest: str, prove: bool = False
) -> str:
    """Where a community's host sends the browser: BASE_DOMAIN, told whither back and whether a fresh proof is needed."""
    query = {"host": request.get_host(), "next": next_path, "nonce": nonce_digest}
    if prove:
        query["prove"] = "1"
    return (
        f"{settings.BASE_URL}{reverse('continue', urlconf=settings.PUBLIC_SCHEMA_URLCONF)}?{urlencode(query)}"
    )


def address_of_return(request: HttpRequest, *, host: str, next_path: str, nonce_digest: str) -> str:
    """Where BASE_DOMAIN sends a known person back to, with a ticket. Raises NotFoundError for a host that is not
    a community's at BASE_URL's port, and UnavailableError."""
    base = urlsplit(settings.BASE_URL)
    name, _, port = host.partition(":")
    match = get_routing().context_for_host(name)
    if match is None or match.context is None or port != (str(base.port) if base.port else ""):
        raise NotFoundError("There is no community at that address. Start from the community's own page.")
    assert isinstance(request.user, User)  # the view lets nobody else come here
    ensure_registered(request, request.user)
    ticket = issue_session_ticket(
        user_id=request.user.pk,
        host=host,
        nonce_digest=nonce_digest,
        next_path=safe_next(request, next_path),
        parent_session=request.session.session_key or "",
        proof_at=float(request.session.get(PROOF_KEY, 0)),
    )
    path = reverse("ticket", urlconf=settings.ROOT_URLCONF)
    return f"{base.scheme}://{host}{path}?{urlencode({'ticket': ticket})}"


def redeem_sign_in(request: HttpRequest, *, token: str, nonce: str) -> str:
    """Open the session that a ticket grants on this host; the path to go on to.

    The session that it descends from must still be open: its row is locked until this one is in the list. Raises the
    tickets' errors, BadSignInError, SomebodyElseError.
    """
    ticket = redeem_session_ticket(token=token, host=request.get_host(), nonce=nonce)
    user = User.objects.filter(pk=ticket.user_id, is_active=True).first()
    if user is None:
        raise BadSignInError("This login no longer exists. Ask the community's owner for a new invitation.")
    if request.user.is_authenticated and request.user.pk != user.pk:
        raise SomebodyElseError(
            f"You are signed in here as {request.user}, and at EngageHub as {user}. Sign out here first, then sign in again"
            " as the one you want to be."
        )
    with transaction.atomic():
        if not lock_session(key=ticket.parent_session, user_id=user.pk):
            raise BadTicketError("You have signed out in the meantime. Sign in again from here.")
        open_session(request, user, parent=ticket.parent_session, proof_at=ticket.proof_at)
    return safe_next(request, ticket.next_path)


def find_visit_question(request: HttpRequest, context: TenantContext, *, token: str) -> VisitQuestion | None:
    """Whether the browser is known here as somebody else than the link from Discord says. Raises the tickets' errors."""
    person = get_person(request)
    if person is None:
        return None
    ticket = peek_member_ticket(token=token, schema=context.schema)
    with enter_tenant(context):
        member = find_member(provider=ticket.provider, external_id=ticket.external_id)
    if member is None or member.pk == person.member_id:
        return None
    return VisitQuestion(current=person.name, visitor=member.display_name)


def redeem_visit(request: HttpRequest, context: TenantContext, *, token: str, switch: bool = False) -> str:
    """Open a session of the member that a link from Discord names; the path to go on to. Raises the tickets' errors.

    Somebody who is signed in as a user already stays so, unless they chose to `switch`: the link then only leads on.
    """
    ticket = redeem_member_ticket(token=token, schema=context.schema)
    path = safe_next(request, ticket.next_path)
    if request.user.is_authenticated and not switch:
        return path
    with enter_tenant(context):
        member = find_member(provider=ticket.provider, external_id=ticket.external_id)
    if member is None:
        raise NotFoundError(
            "You have no page here yet. Write a message in the community, then ask for a new link."
        )
    if request.session.session_key:
        end_sessions([request.session.session_key])
    request.session.flush()
    request.session[MEMBER_KEY] = member.pk
    request.session[HOST_KEY] = request.get_host()
    return path


def _find_username(name: str) -> str:
    """The username that a person means: their own, or the one behind an e-mail that only one person has."""
    if "\0" in name:
        return ""  # Postgres takes no NUL
    if "@" in name and not User.objects.filter(username=name).exists():
        found = list(User.objects.filter(email__iexact=name).values_list("username", flat=True)[:2])
        if len(found) == 1:
            return str(found[0])
    return name
