"""What we tell allauth: whose session it is, where people go, which mails leave, how secrets are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from frontend_api.site.home import get_home_address
from frontend_api.site.letters import write_letter
from frontend_api.site.sessions import end_sessions, mask_address, open_session
from saas.core.crypto import seal, unseal
from saas.core.ids import new_ulid
from tenants.letters import send_letter
from tenants.models import User

_SECRET = "two-step"  # noqa: S105  # a purpose, no secret


class LoginEngine(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing up, in and out on BASE_DOMAIN."""

    def login(self, request: HttpRequest, user: User) -> None:
        open_session(request, user)

    def logout(self, request: HttpRequest) -> None:
        end_sessions([request.session.session_key or ""])
        super().logout(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        assert isinstance(request.user, User)
        return get_home_address(request.user)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return str(
            reverse("account_email") if self.request.user.is_authenticated else reverse("email-confirmed")
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("sign-in-methods")

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data["name"]
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Nobody types or sees it, and it tells nothing: people sign in by e-mail or Discord."""
        user.username = user.username or new_ulid().lower()

    def get_client_ip(self, request: HttpRequest) -> str:
        return mask_address(request.META.get("REMOTE_ADDR") or "")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return False  # frontend_api.site.step_up asks, before the view is reached

    def add_message(self, *_: Any, **__: Any) -> None:
        """Our pages say what happened themselves."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        letter = write_letter(template_prefix, email, context)
        if letter is not None:
            send_letter(letter)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        address = f"{settings.BASE_URL}{reverse('account_confirm_email', args=[emailconfirmation.key])}"
        following = get_next_redirect_url(request)
        return f"{address}?{urlencode({'next': following})}" if following else address

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, rest = key.partition("-")
        return f"{settings.BASE_URL}{reverse('account_reset_password_from_key', args=[uid, rest])}"


class TwoStepEngine(DefaultMFAAdapter):  # type: ignore[misc]
    """Codes of an app; their secrets lie sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text, purpose=_SECRET)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, purpose=_SECRET)


class SessionEngine(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """A session ends together with those that descend from it."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        end_sessions([session.session_key for session in sessions])
