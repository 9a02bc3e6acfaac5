"""Tokens of people: signing in (through dj-rest-auth), refreshing, signing out, the list of one's sign-ins.

On our own host the tokens are good in every community that the person belongs to; on a community's host in that one alone.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from dj_rest_auth.views import LoginView
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from redis import RedisError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from frontend_api.site.limits import CODE, check_rate
from frontend_api.site.sign_in import check_password
from frontend_api.tenant import find_context
from saas.core.errors import InvalidInputError, NotAllowedError, NotSignedInError, UnavailableError
from tenants.logins import vouch_for_email
from tenants.models import User
from tenants.tokens import TokenPair, end_family, end_family_of, list_families, open_family, refresh_tokens

from .callers import PeopleOnlyError
from .frame import ApiView
from .operations import operation
from .serializing import Input, Output

TAG = "Signing in"
_JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.c2lnbmF0dXJl"


class MailNotConfirmedError(NotAllowedError):
    """Name and password are right; the login's e-mail address was never confirmed."""

    code = "mail_not_confirmed"


class CodeNeededError(NotSignedInError):
    """Name and password are right; the login also asks for a code of its authenticator app."""

    code = "code_needed"


class BadCodeError(InvalidInputError):
    """The code of the authenticator app, or the recovery code, is not right or was used."""

    code = "bad_code"


class Credentials(Input):
    name = serializers.CharField(max_length=254, help_text="Username or e-mail.")
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    code = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Of the authenticator app, or a recovery code; for logins that have one.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises RateLimitedError, BadSignInError, MailNotConfirmedError, CodeNeededError, BadCodeError."""
        request = self.context["request"]._request
        user = check_password(request, name=attrs["name"], password=attrs["password"])
        vouch_for_email(user)
        addresses = EmailAddress.objects.filter(user=user)
        if addresses.exists() and not addresses.filter(verified=True).exists():
            raise MailNotConfirmedError(
                "Confirm your e-mail address first: open the link that we sent you, or sign in on the site for a new one."
            )
        _check_code(request, user, attrs.get("code", ""))
        return {**attrs, "user": user}


class Tokens(Output):
    token_type = serializers.CharField(default="Bearer")
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`. Good for ten minutes.")
    refresh = serializers.CharField(help_text="Exchange it, once, for new ones. Good for 14 days.")
    session = serializers.CharField(source="family", help_text="Names this sign-in in the list of yours.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token is good for.")


class Refreshing(Input):
    refresh = serializers.CharField(max_length=4000, help_text="The refresh token that you got last.")


class Session(Output):
    id = serializers.CharField(source="key")
    program = serializers.CharField(help_text="The User-Agent that signed in.")
    community = serializers.CharField(
        source="tenant.slug",
        allow_null=True,
        default=None,
        help_text="The only one it is good for; null: all of yours.",
    )
    created_at = serializers.DateTimeField()
    refreshed_at = serializers.DateTimeField(source="rotated_at")
    expires_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField(help_text="Whether this request was made with it.")

    def get_current(self, family: Any) -> bool:
        return bool(family.key == self.context["view"].caller.family)


class Sessions(Output):
    items = Session(many=True)


_TOKENS = {
    "token_type": "Bearer",
    "access": _JWT,
    "refresh": _JWT.replace("YWNjZXNz", "cmVmcmVz"),
    "session": "01K9ZJ3V7Q8M2X4N6P0R5T1W3Y",
    "expires_in": 600,
}


@method_decorator(sensitive_post_parameters("password", "code"), name="dispatch")
class SignIn(ApiView, LoginView):  # type: ignore[misc]
    only_on_tenants = False
    serializer_class = Credentials

    @operation(
        "sign_in",
        summary="Sign in with name and password",
        description="Gives an access token and a refresh token. A login with an authenticator app needs its `code` too; "
        "without it the problem `code_needed` comes back. Tries are limited per name and per address.",
        tag=TAG,
        body=Credentials,
        answer=Tokens,
        body_example={"name": "ada@example.org", "password": "correct horse battery", "code": "123456"},
        example=_TOKENS,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)  # type: ignore[no-any-return]

    def login(self) -> None:
        context = find_context(self.request._request)
        self.pair = open_family(
            user=self.serializer.validated_data["user"],
            tenant_id=None if context is None else context.tenant_id,
            program=self.request.headers.get("User-Agent", ""),
        )

    def get_response(self) -> Response:
        return _answer(self.pair)


class Refresh(ApiView):
    only_on_tenants = False

    @operation(
        "refresh",
        summary="Exchange a refresh token",
        description="Gives a new pair; the old refresh token is spent. Shown again within ten seconds it gives the same pair "
        "again, because the answer may have been lost. Shown later it ends the whole sign-in (`token_reused`), because "
        "somebody else may hold a copy.",
        tag=TAG,
        body=Refreshing,
        answer=Tokens,
        body_example={"refresh": _TOKENS["refresh"]},
        example=_TOKENS,
    )
    def post(self, request: Request) -> Response:
        context = find_context(request._request)
        tenant_id = None if context is None else context.tenant_id
        return _answer(refresh_tokens(token=self.read_body()["refresh"], tenant_id=tenant_id))


class SignOut(ApiView):
    only_on_tenants = False

    @operation(
        "sign_out",
        summary="Sign out",
        description="Ends the sign-in that the refresh token belongs to, its access tokens too, at once. A token that is no longer "
        "good changes nothing.",
        tag=TAG,
        body=Refreshing,
        answer=None,
        status=204,
        body_example={"refresh": _TOKENS["refresh"]},
    )
    def post(self, request: Request) -> Response:
        end_family_of(token=self.read_body()["refresh"])
        return Response(status=204)


class SessionList(ApiView):
    only_on_tenants = False

    @operation(
        "list_sessions",
        summary="List your sign-ins",
        description="Those over the API that still work. Browsers' sessions stand on the page of your login.",
        tag=TAG,
        answer=Sessions,
        example={
            "items": [
                {
                    "id": _TOKENS["session"],
                    "program": "shop/2.1",
                    "community": None,
                    "created_at": "2026-11-20T08:00:00Z",
                    "refreshed_at": "2026-11-21T08:30:00Z",
                    "expires_at": "2026-12-05T08:30:00Z",
                    "current": True,
                }
            ]
        },
    )
    def get(self, request: Request) -> Response:
        families = list_families(user=_person(self))
        return Response({"items": Session(families, many=True, context={"view": self}).data})


class SessionDetail(ApiView):
    only_on_tenants = False

    @operation(
        "end_session",
        summary="End one of your sign-ins",
        description="Its tokens are refused from now on. Repeating it changes nothing.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, session_id: str) -> Response:
        end_family(user=_person(self), key=session_id)
        return Response(status=204)


def _answer(pair: TokenPair) -> Response:
    return Response(Tokens(pair).data, headers={"Cache-Control": "no-store"})


def _person(view: ApiView) -> User:
    if view.caller.user is None:
        raise PeopleOnlyError("Only somebody with a login has sign-ins.")
    return view.caller.user


def _check_code(request: HttpRequest, user: User, code: str) -> None:
    """Where the login has an authenticator app. Raises CodeNeededError, BadCodeError, RateLimitedError, UnavailableError."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    authenticators = list(Authenticator.objects.filter(user=user))
    if not authenticators:
        return
    if not code:
        raise CodeNeededError(
            "This login also asks for a code. Send the one that your authenticator app shows as `code`."
        )
    check_rate(request, CODE, user.pk)
    try:
        good = any(a.wrap().validate_code(code) for a in authenticators if a.type in kinds)
    except (RedisError, OSError) as error:
        raise UnavailableError("Signing in is not possible right now. Try again in a minute.") from error
    if not good:
        raise BadCodeError(
            "That code is not right, or was used already. Wait for the next one.", field="code"
        )
