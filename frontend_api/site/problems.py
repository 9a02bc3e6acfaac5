"""Pages of what can go wrong while signing in: what happened, why, and the next step as a button."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from saas.core.errors import EngageHubError
from saas.core.ids import new_reference
from tenants.invites import mask_email
from tenants.logins import describe_login
from tenants.models import User


@dataclass(frozen=True, slots=True)
class Step:
    """A button. The first of a page is the one to press."""

    label: str
    href: str


def show_declined(request: HttpRequest, following: str) -> HttpResponse:
    """access_denied."""
    return _show(
        request,
        "You cancelled at Discord",
        "Discord told us that you did not agree, so nothing was shared and nothing was changed.",
        [_again(following), Step("Sign in with a password", _login(following))],
        status=403,
    )


def show_stale(request: HttpRequest, following: str) -> HttpResponse:
    """The state is unknown here: forged, used, too old, or begun in another browser."""
    return _show(
        request,
        "This sign-in did not begin here",
        "Discord's answer was used already, took longer than ten minutes, or belongs to another browser. To be safe, nothing"
        " was done with it.",
        [_again(following)],
        status=403,
    )


def show_refused(request: HttpRequest, following: str) -> HttpResponse:
    """invalid_grant and whatever else Discord says no with."""
    return _show(
        request,
        "Discord did not confirm who you are",
        "Discord no longer takes its own answer: it was used already or is too old. This happens when a page is reloaded in"
        " the middle. Start once more.",
        [_again(following)],
        status=403,
    )


def show_silent(request: HttpRequest, following: str) -> HttpResponse:
    """No answer, 5xx, 429."""
    response = _show(
        request,
        "Discord does not answer",
        "Discord is away or very busy at the moment. Nothing was changed. Try again in a minute; with a password you can sign"
        " in without Discord.",
        [_again(following), Step("Sign in with a password", _login(following))],
        status=503,
        icon="plug-connected-x",
    )
    response["Retry-After"] = "30"
    return response


def show_no_email(request: HttpRequest, following: str) -> HttpResponse:
    return _show(
        request,
        "Discord has no confirmed e-mail for you",
        "A login needs an address that is certainly yours. Confirm yours in Discord under User Settings, My Account, and try"
        " again, or sign up by mail here and link Discord afterwards.",
        [Step("Sign up by mail", f"{reverse('signup')}?{_query(following)}"), _again(following)],
        status=422,
    )


def show_email_taken(request: HttpRequest, email: str) -> HttpResponse:
    """The same address is no proof of being the same person: the owner of the login links it themselves."""
    return _show(
        request,
        "There is a login with this address already",
        f"A login here uses {mask_email(email)}, the address of your Discord account, and is not linked to it. Sign in to that"
        " login first, then link Discord in its settings. We never join the two by an address alone.",
        [
            Step("Sign in and link Discord", _login(reverse("sign-in-methods"))),
            Step("Forgot the password", reverse("account_reset_password")),
        ],
        status=409,
    )


def show_two_logins(request: HttpRequest, holder: User) -> HttpResponse:
    """The Discord account belongs to another login: what each holds, and how to have one of them."""
    assert isinstance(request.user, User)
    facts = {"mine": describe_login(request.user), "other": describe_login(holder)}
    return render(request, "site/two_logins.html", facts, status=409)


def show_other_account(request: HttpRequest) -> HttpResponse:
    return _show(
        request,
        "That is another Discord account",
        "You chose a Discord account that is not linked to this login. Sign in to the linked one at Discord and try again.",
        [Step("Try again", f"{reverse('prove')}?next={reverse('settings')}")],
        status=403,
    )


def show_not_set_up(request: HttpRequest) -> HttpResponse:
    return _show(
        request,
        "Signing in with Discord is not set up",
        "This installation of EngageHub and Discord do not know each other yet. Its operator has to set the application's id"
        " and secret. You can sign in with a password.",
        [Step("Sign in with a password", reverse("login"))],
        status=503,
    )


def show_refusal(request: HttpRequest, error: EngageHubError) -> HttpResponse:
    """An error of ours about ways in."""
    return _show(
        request,
        "This cannot be done now",
        error.message,
        [Step("Back to your ways in", reverse("sign-in-methods"))],
        status=error.http_status,
        reference=error.reference,
    )


def _show(
    request: HttpRequest,
    title: str,
    text: str,
    steps: list[Step],
    *,
    status: int,
    icon: str = "alert-triangle",
    reference: str = "",
) -> HttpResponse:
    facts = {
        "title": title,
        "text": text,
        "steps": steps,
        "icon_name": icon,
        "reference": reference or new_reference(),
    }
    return render(request, "site/notice.html", facts, status=status)


def _query(following: str) -> str:
    return urlencode({"next": following}) if following else ""


def _login(following: str) -> str:
    return f"{reverse('login')}?{_query(following)}".rstrip("?")


def _again(following: str) -> Step:
    return Step("Try again", _login(following))
