"""Signing in and out: the services behind the forms (DESIGN section 4.5).

All of it happens on BASE_DOMAIN. A community's host sets a nonce cookie and sends the browser here; once the person is
known, they are sent back with a ticket, which that host redeems against the nonce. Invariants: a session knows the host it was
opened on; a community's session ends with the BASE_DOMAIN session that it descends from.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from engagement.members.selectors import find_member
from frontend_api.middleware import HOST_KEY
from frontend_api.people import MEMBER_KEY
from saas.core.errors import NotAllowedError, NotFoundError
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tenants.routing import get_routing
from tenants.tickets import issue_session_ticket, redeem_member_ticket, redeem_session_ticket

PARENT_KEY = "parent"  # the BASE_DOMAIN session that a community's session descends from
BACKEND = "django.contrib.auth.backends.ModelBackend"


class BadSignInError(NotAllowedError):
    """Name and password do not belong together. Deliberately says no more."""

    code = "bad_sign_in"


def safe_next(request: HttpRequest, path: str, default: str = "/") -> str:
    """`path` when it stays on this host, else `default`: never leads a person elsewhere."""
    local = path.startswith("/") and url_has_allowed_host_and_scheme(
        path, allowed_hosts=None, require_https=request.is_secure()
    )
    return path if local and len(path) <= 1000 else default


def sign_in(request: HttpRequest, *, name: str, password: str) -> User:
    """Open a session here for the person with that username or e-mail. Raises BadSignInError."""
    user = authenticate(request, username=find_username(name), password=password)
    if not isinstance(user, User):
        raise BadSignInError(
            "That name and password do not belong together. Check both; passwords tell capitals from small letters."
        )
    open_session(request, user)
    return user


def open_session(request: HttpRequest, user: User, *, parent: str = "") -> None:
    """A fresh session of `user`, bound to this host. The old one's content is dropped."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    request.session[HOST_KEY] = request.get_host()
    if parent:
        request.session[PARENT_KEY] = parent


def sign_out(request: HttpRequest) -> None:
    """End the session here and the one on BASE_DOMAIN that it descends from. Repeating it changes nothing."""
    parent = request.session.get(PARENT_KEY, "")
    if parent:
        store: type[SessionBase] = type(request.session)
        store(parent).delete(parent)
    logout(request)


def address_of_sign_in(request: HttpRequest, *, next_path: str, nonce_digest: str) -> str:
    """Where a community's host sends the browser: BASE_DOMAIN, told whither back."""
    query = {"host": request.get_host(), "next": next_path, "nonce": nonce_digest}
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
    assert request.user.pk is not None  # the view lets nobody else come here
    ticket = issue_session_ticket(
        user_id=request.user.pk,
        host=host,
        nonce_digest=nonce_digest,
        next_path=safe_next(request, next_path),
        parent_session=request.session.session_key or "",
    )
    path = reverse("ticket", urlconf=settings.ROOT_URLCONF)
    return f"{base.scheme}://{host}{path}?{urlencode({'ticket': ticket})}"


def redeem_sign_in(request: HttpRequest, *, token: str, nonce: str) -> str:
    """Open the session that a ticket grants on this host; the path to go on to. Raises the tickets' errors."""
    ticket = redeem_session_ticket(token=token, host=request.get_host(), nonce=nonce)
    user = User.objects.filter(pk=ticket.user_id, is_active=True).first()
    if user is None:
        raise BadSignInError("This login no longer exists. Ask the community's owner for a new invitation.")
    open_session(request, user, parent=ticket.parent_session)
    return safe_next(request, ticket.next_path)


def redeem_visit(request: HttpRequest, context: TenantContext, *, token: str) -> str:
    """Open a session of the member that a link from Discord names; the path to go on to. Raises the tickets' errors.

    Somebody who is signed in as a user already stays so: the link then only leads on.
    """
    ticket = redeem_member_ticket(token=token, schema=context.schema)
    path = safe_next(request, ticket.next_path)
    if request.user.is_authenticated:
        return path
    with enter_tenant(context):
        member = find_member(provider=ticket.provider, external_id=ticket.external_id)
    if member is None:
        raise NotFoundError(
            "You have no page here yet. Write a message in the community, then ask for a new link."
        )
    request.session.flush()
    request.session[MEMBER_KEY] = member.pk
    request.session[HOST_KEY] = request.get_host()
    return path


def find_username(name: str) -> str:
    """The username that a person means: their own, or the one behind an e-mail that only one person has."""
    if "@" in name and not User.objects.filter(username=name).exists():
        found = list(User.objects.filter(email__iexact=name).values_list("username", flat=True)[:2])
        if len(found) == 1:
            return str(found[0])
    return name
