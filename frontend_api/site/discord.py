"""Signing in with Discord, linking it, proving with it: allauth's code flow at the addresses that the settings name.

Invariants: the state is single use and lies in the session that began; PKCE always; tokens are kept nowhere; whose login a
Discord account opens is decided by its id alone, never by an e-mail address (tenants.logins).
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.adapter import get_adapter as get_engine
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.discord.provider import DiscordProvider
from allauth.socialaccount.providers.discord.views import DiscordOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from requests import RequestException

from frontend_api.site import problems
from frontend_api.site.limits import DISCORD, check_address
from frontend_api.site.redirects import safe_next
from frontend_api.site.step_up import ask_for_proof, has_recent_proof, note_proof
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.letters import send_letter
from tenants.logins import (
    DISCORD_PROOF,
    PROVIDER,
    DiscordTakenError,
    clean_name,
    find_discord_holder,
    find_email_holder,
    get_proof_kind,
    link_discord,
)
from tenants.models import User

from .letters import write_letter

logger = logging.getLogger(__name__)
LOGIN, CONNECT, PROVE = "login", "connect", "prove"
SCOPES = ["identify", "email"]


class DiscordRefusesError(OAuth2Error):  # type: ignore[misc]
    """Discord takes this code no longer, or never."""


class DiscordMisconfiguredError(OAuth2Error):  # type: ignore[misc]
    """Discord does not know our application by these credentials."""


class DiscordSilentError(OAuth2Error):  # type: ignore[misc]
    """Discord did not answer, answered 5xx, or asked for patience."""


class _Client(OAuth2Client):  # type: ignore[misc]
    """Tells Discord's ways of saying no apart."""

    def get_access_token(
        self, code: str, pkce_code_verifier: str | None = None, extra_data: Any = None
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            "client_id": self.consumer_key,
            "client_secret": self.consumer_secret,
            "code_verifier": pkce_code_verifier or "",
        }
        told = _ask("POST", self.access_token_url, data=form)
        if "access_token" not in told:
            raise DiscordRefusesError("Discord's answer holds no token.")
        return told


class ConfiguredDiscordAdapter(DiscordOAuth2Adapter):  # type: ignore[misc]
    """allauth's adapter has discord.com written in; ours asks the settings."""

    client_class = _Client

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.authorize_url = f"{settings.DISCORD_WEB_URL}/oauth2/authorize"
        self.access_token_url = f"{settings.DISCORD_API_URL}/oauth2/token"
        self.profile_url = f"{settings.DISCORD_API_URL}/users/@me"

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return f"{settings.BASE_URL}{reverse('discord-callback', urlconf=settings.PUBLIC_SCHEMA_URLCONF)}"

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        told = _ask("GET", self.profile_url, headers={"Authorization": f"Bearer {token.token}"})
        if not str(told.get("id", "")).isdigit():
            raise DiscordRefusesError("Discord did not say who this is.")
        return self.get_provider().sociallogin_from_response(request, told)


class ConfiguredDiscord(DiscordProvider):  # type: ignore[misc]
    """The provider whose addresses come from the settings, and whose scopes come from nowhere else."""

    oauth2_adapter_class = ConfiguredDiscordAdapter

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return list(SCOPES)

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return {}

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing that we do not need; the address least of all."""
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "email": data.get("email") if data.get("verified") else None,
            "name": data.get("global_name") or data.get("username") or "",
            "avatar_url": _avatar_of(data),
        }


class DiscordEngine(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What happens once Discord has said who somebody is, or has not."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """One application, the one that the settings name; allauth's table of them stays empty."""
        return [
            SocialApp(
                provider=PROVIDER,
                name="Discord",
                client_id=str(settings.DISCORD_CLIENT_ID),
                secret=settings.DISCORD_CLIENT_SECRET,
            )
        ]

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.email = (data.get("email") or "").lower()
        user.display_name = clean_name(str(data.get("name") or "")) or "Somebody from Discord"
        user.avatar_url = data.get("avatar_url") or ""
        user.discord_id = int(sociallogin.account.uid)
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        process = sociallogin.state.get("process", LOGIN)
        following = safe_next(request, sociallogin.state.get("next") or "", "")
        discord_id = int(sociallogin.account.uid)
        if process == CONNECT:
            raise ImmediateHttpResponse(_connect(request, discord_id, sociallogin, following))
        if process == PROVE:
            raise ImmediateHttpResponse(_prove(request, discord_id, following))
        holder = find_discord_holder(discord_id)
        if holder is not None:
            sociallogin.user = holder
            sociallogin.account, _ = SocialAccount.objects.update_or_create(
                provider=PROVIDER, uid=str(discord_id), defaults={"user": holder, "extra_data": {}}
            )
        else:
            self._check_newcomer(request, sociallogin, following)

    def _check_newcomer(self, request: HttpRequest, sociallogin: Any, following: str) -> None:
        """A new login needs an address that Discord has confirmed and that is nobody's here."""
        email = sociallogin.user.email
        if not email or not sociallogin.email_addresses:
            raise ImmediateHttpResponse(problems.show_no_email(request, following))
        if find_email_holder(email) is not None:
            raise ImmediateHttpResponse(problems.show_email_taken(request, email))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        state = (extra_context or {}).get("state") or {}
        following = safe_next(request, state.get("next") or "", "")
        raise ImmediateHttpResponse(
            _explain(request, error, exception, following, known="state" in (extra_context or {}))
        )


@never_cache
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Off to Discord's page. `process`: login (the default), connect or prove; `next`: where to go afterwards."""
    check_address(request, DISCORD)
    if not settings.DISCORD_CLIENT_ID or not settings.DISCORD_CLIENT_SECRET:
        return problems.show_not_set_up(request)
    process = request.POST.get("process", LOGIN)
    if process not in {LOGIN, CONNECT, PROVE}:
        process = LOGIN
    if process != LOGIN and not request.user.is_authenticated:
        return HttpResponseRedirect(reverse("login"))
    if process == CONNECT and not has_recent_proof(request):
        return ask_for_proof(request)
    provider = get_engine(request).get_provider(request, PROVIDER)
    following = safe_next(request, request.POST.get("next", ""), "")
    params = {"prompt": "consent"} if process == PROVE else {}
    answer: HttpResponse = provider.redirect(
        request, process=process, next_url=following or None, scope=list(SCOPES), auth_params=params
    )
    return answer


_finish = OAuth2CallbackView.adapter_view(ConfiguredDiscordAdapter)


def finish(request: HttpRequest) -> HttpResponse:
    """Discord sent the browser back; allauth takes the state, redeems the code and asks who it is."""
    check_address(request, DISCORD)
    answer: HttpResponse = _finish(request)
    return answer


def _connect(request: HttpRequest, discord_id: int, sociallogin: Any, following: str) -> HttpResponse:
    """Link the Discord account to whoever is signed in here."""
    if not isinstance(request.user, User):
        return problems.show_stale(request, following)
    if not has_recent_proof(request):
        return HttpResponseRedirect(f"{reverse('prove')}?next={reverse('sign-in-methods')}")
    try:
        link_discord(user=request.user, discord_id=discord_id, avatar_url=sociallogin.user.avatar_url)
    except DiscordTakenError as error:
        return problems.show_two_logins(request, error.holder)
    except EngageHubError as error:
        return problems.show_refusal(request, error)
    _tell(request.user, "account_connected")
    return HttpResponseRedirect(following or reverse("sign-in-methods") + "?done=linked")


def _prove(request: HttpRequest, discord_id: int, following: str) -> HttpResponse:
    if not isinstance(request.user, User) or request.user.discord_id != discord_id:
        return problems.show_other_account(request)
    if get_proof_kind(request.user) != DISCORD_PROOF:
        return HttpResponseRedirect(reverse("prove"))  # a password or a code is asked for instead
    note_proof(request)
    return HttpResponseRedirect(following or reverse("settings"))


def _tell(user: User, template: str) -> None:
    letter = write_letter(template, user.email, {}) if user.email else None
    if letter is not None:
        with enter_schema(PUBLIC):
            send_letter(letter)


def _explain(
    request: HttpRequest, error: Any, exception: Exception | None, following: str, *, known: bool
) -> HttpResponse:
    if error == AuthError.CANCELLED:
        return problems.show_declined(request, following)
    if not known:
        return problems.show_stale(request, following)
    if isinstance(exception, DiscordSilentError | RequestException):
        return problems.show_silent(request, following)
    if isinstance(exception, DiscordMisconfiguredError):
        return problems.show_not_set_up(request)
    logger.info("Discord refused a sign-in: %s", exception or request.GET.get("error", "")[:100])
    return problems.show_refused(request, following)


def _ask(method: str, url: str, **given: Any) -> dict[str, Any]:
    """One call to Discord's API in the browser's time. Raises the three errors above."""
    try:
        with get_engine().get_requests_session() as session:
            answer = session.request(method, url, allow_redirects=False, **given)
            told = answer.json() if answer.status_code < 500 else {}
    except RequestException as error:
        logger.warning("Discord's %s gave no answer: %s", url, type(error).__name__)
        raise DiscordSilentError(str(error)) from error
    except ValueError as error:
        raise DiscordSilentError("Discord's answer is no JSON.") from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise DiscordSilentError(f"Discord answered {answer.status_code}.")
    if not isinstance(told, dict):
        raise DiscordSilentError("Discord's answer is no object.")
    if answer.status_code == 401 and told.get("error") == "invalid_client":
        logger.error("Discord does not know DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.")
        raise DiscordMisconfiguredError("invalid_client")
    if answer.status_code != 200:
        raise DiscordRefusesError(f"Discord answered {answer.status_code} {told.get('error', '')}")
    return told


def _avatar_of(data: dict[str, Any]) -> str:
    """The person's picture where there is one. The local Discord serves pictures itself."""
    if not data.get("avatar"):
        return ""
    api = urlsplit(settings.DISCORD_API_URL)
    real = (api.hostname or "").endswith("discord.com")
    host = "https://cdn.discordapp.com" if real else f"{api.scheme}://{api.netloc}"
    return f"{host}/avatars/{int(data['id'])}/{str(data['avatar'])[:60]}.png"
