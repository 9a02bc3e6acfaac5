"""The words of the mails about a login. allauth names a mail by its template; here each has a subject and sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse

from tenants.letters import Letter
from tenants.models import User

Facts = dict[str, Any]
_NOT_YOU = "If this was not you, set a new password now and end all other sessions in your settings."


def write_letter(template: str, to: str, facts: Facts) -> Letter | None:
    """The mail that allauth calls `template`, or None for one that we do not send."""
    write = _LETTERS.get(template.rpartition("/")[2])
    return write(to, facts) if write else None


def write_alert(user: User, failures: int) -> Letter:
    """Somebody keeps trying passwords."""
    return Letter(
        to=user.email,
        subject="Somebody tries to sign in to your EngageHub login",
        lines=(
            f"In the last hour, {failures} wrong passwords were tried for your login. None of them got in, and further tries"
            " are slowed down.",
            "If that was you, reset your password below. If it was not, you need do nothing; a long password that you use"
            " nowhere else and two-step sign-in keep the door shut.",
        ),
        action="Reset your password",
        address=_address("account_reset_password"),
        reason="We write this at most once an hour.",
    )


def _address(name: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, urlconf=settings.PUBLIC_SCHEMA_URLCONF)}"


def _confirm_sign_up(to: str, facts: Facts) -> Letter:
    return Letter(
        to=to,
        subject="Confirm your e-mail address",
        lines=(
            f"Somebody, hopefully you, signed up at EngageHub with this address as “{facts['user']}”.",
            "Open the link to confirm that the address is yours. Until then nothing can be made with the login.",
        ),
        action="Confirm this address",
        address=facts["activate_url"],
        reason="The link works for three days. If you did not sign up, ignore this mail: without the link nobody gets further.",
    )


def _confirm(to: str, facts: Facts) -> Letter:
    return Letter(
        to=to,
        subject="Confirm your new e-mail address",
        lines=(
            f"The EngageHub login of “{facts['user']}” is to use this address from now on.",
            "Open the link to confirm it. Until then the login keeps its former address.",
        ),
        action="Confirm this address",
        address=facts["activate_url"],
        reason="The link works for three days. If you do not know what this is about, ignore this mail.",
    )


def _exists(to: str, facts: Facts) -> Letter:
    return Letter(
        to=to,
        subject="You have a login already",
        lines=(
            "Somebody, hopefully you, tried to sign up at EngageHub with this address. It belongs to a login already, so no"
            " second one was made.",
            "Sign in with it, or with Discord if you signed up that way. If you do not remember the password, set a new one:",
        ),
        action="Set a new password",
        address=_address("account_reset_password"),
        reason="If this was not you, ignore this mail. Nobody was told that this address has a login.",
    )


def _reset(to: str, facts: Facts) -> Letter:
    return Letter(
        to=to,
        subject="Set a new password",
        lines=(
            "Somebody, hopefully you, asked to set a new password for your EngageHub login.",
            "The link works once, for one hour. Your old password stays good until you have set a new one.",
        ),
        action="Set a new password",
        address=facts["password_reset_url"],
        reason="If this was not you, ignore this mail. Without the link nobody can change anything.",
    )


def _email_changed(to: str, facts: Facts) -> Letter:
    return _notice(
        "Your e-mail address was changed",
        f"Your EngageHub login uses {facts['to_email']} from now on, instead of {facts['from_email']}.",
    )(to, facts)


def _notice(subject: str, line: str) -> Callable[[str, Facts], Letter]:
    """A mail that tells what was changed at the login."""

    def write(to: str, facts: Facts) -> Letter:
        return Letter(
            to=to,
            subject=subject,
            lines=(line, _NOT_YOU),
            action="Open your settings",
            address=_address("settings"),
            reason="We write whenever a way into your login changes.",
        )

    return write


_LETTERS: dict[str, Callable[[str, Facts], Letter]] = {
    "email_confirmation_signup": _confirm_sign_up,
    "email_confirmation": _confirm,
    "account_already_exists": _exists,
    "password_reset_key": _reset,
    "email_changed": _email_changed,
    "password_changed": _notice(
        "Your password was changed", "The password of your EngageHub login was changed."
    ),
    "password_set": _notice("A password was set", "Your EngageHub login has a password now."),
    "password_reset": _notice(
        "Your password was reset", "The password of your EngageHub login was set anew by mail."
    ),
    "totp_activated": _notice(
        "Two-step sign-in is on", "Signing in to EngageHub now takes a code from your app."
    ),
    "totp_deactivated": _notice("Two-step sign-in is off", "Signing in to EngageHub no longer takes a code."),
    "recovery_codes_generated": _notice(
        "New recovery codes were made", "Your former recovery codes for EngageHub no longer work."
    ),
    "account_connected": _notice(
        "Discord was linked", "A Discord account was linked to your EngageHub login."
    ),
    "account_disconnected": _notice(
        "Discord was unlinked", "Your EngageHub login is no longer linked to a Discord account."
    ),
}
