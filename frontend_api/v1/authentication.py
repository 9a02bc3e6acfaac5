"""From a request to its Caller: `Authorization: Bearer` with an API key or an access token, else the browser's session.

A request that shows a token is judged by it alone: a wrong one is never made up for by a cookie. A session counts for writing only
with its CSRF token, as everywhere else.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from frontend_api.people import Person, get_person, identify
from frontend_api.tenant import find_context
from saas.core.errors import NotAllowedError
from tenants.api_keys import MARK, authenticate_api_key
from tenants.errors import BadApiKeyError, BadTokenError
from tenants.models import TokenFamily, User
from tenants.permissions import STRANGER
from tenants.tokens import authenticate_token

from .callers import NOBODY, Caller

MAX_TOKEN = 4_000


class CsrfError(NotAllowedError):
    """A browser's session was used for writing without its CSRF token."""

    code = "csrf_failed"


class CallerAuthentication(BaseAuthentication):
    """`request.auth` is the Caller; `request.user` its user, where there is one."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Caller]:
        caller = find_caller(request._request)
        return caller.user or AnonymousUser(), caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="EngageHub"'


def find_caller(request: HttpRequest) -> Caller:
    """Who asks. Raises BadApiKeyError, BadTokenError, CsrfError."""
    header = request.headers.get("Authorization", "")
    if not header:
        return _by_session(request)
    kind, _, token = header.partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise BadTokenError("Write the header as `Authorization: Bearer` and then your token or API key.")
    return _by_key(request, token) if token.startswith(MARK) else _by_token(request, token)


def _by_key(request: HttpRequest, token: str) -> Caller:
    context = find_context(request)
    if context is None:
        raise BadApiKeyError("An API key works on its community's own address, not here.")
    key = authenticate_api_key(token=token, tenant_id=context.tenant_id)
    return Caller("key", key.pk, key.name, STRANGER, scopes=frozenset(key.scopes), key=key)


def _by_token(request: HttpRequest, token: str) -> Caller:
    context = find_context(request)
    tenant_id = None if context is None else context.tenant_id
    family: TokenFamily = authenticate_token(token=token, tenant_id=tenant_id)
    user = family.user
    person = None if tenant_id is None else identify(user, None, tenant_id=tenant_id)
    return _of_person(user, person, family.key)


def _by_session(request: HttpRequest) -> Caller:
    person = get_person(request)
    if person is None:
        return NOBODY
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        _check_csrf(request)
    user: Any = request.user
    return _of_person(user if user.is_authenticated else None, person, "")


def _of_person(user: User | None, person: Person | None, family: str) -> Caller:
    if user is None:
        assert person is not None
        return Caller("member", person.key, person.name, person.rights, member_id=person.member_id)
    return Caller(
        "user",
        user.pk,
        str(user),
        STRANGER if person is None else person.rights,
        user=user,
        member_id=None if person is None else person.member_id,
        family=family,
    )


def _check_csrf(request: HttpRequest) -> None:
    check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    if reason:
        raise CsrfError(
            "This form was open for too long, or its token is missing. Reload the page and send it again."
        )
