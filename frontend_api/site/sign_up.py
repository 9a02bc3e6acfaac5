"""Signing up by mail: the form, the confirmation, the mail once more. The answers are the same whether an address is known or
not; only its owner's mailbox tells the difference.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.account.views import ConfirmEmailView, SignupView
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontend_api.site.forms import ResendForm, SignUpForm
from frontend_api.site.limits import MAIL_ADDRESS, SIGN_UP_ADDRESS, check_address, check_mail_to
from frontend_api.site.plan_choice import read_choice
from frontend_api.site.redirects import safe_next
from frontend_api.site.views import has_discord
from saas.core.crypto import digest_of

EMAIL_KEY = "signed_up_as"  # in the session: which address the page "look into your mail" names


class SignUp(SignupView):  # type: ignore[misc]
    """Name, e-mail, password. Two browsers that send the same address wait for each other, so that one login is made."""

    template_name = "site/sign_up.html"
    form_class = SignUpForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        email = request.POST.get("email", "")[:254].strip().lower()
        check_address(request, SIGN_UP_ADDRESS)
        check_mail_to(request, email)
        request.session[EMAIL_KEY] = email
        with transaction.atomic():
            lock_address(email)
            answer: HttpResponse = super().post(request, *args, **kwargs)
        if answer.status_code == 200:
            answer.status_code = 422
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        following = safe_next(
            self.request, self.request.POST.get("next") or self.request.GET.get("next", ""), ""
        )
        choice = read_choice(dict(parse_qsl(urlsplit(following).query)))
        return {
            **super().get_context_data(**kwargs),
            "discord": has_discord(),
            "next": following,
            "choice": choice,
        }


def lock_address(email: str) -> None:
    """Until the transaction ends nobody else signs up with this address."""
    number = int(digest_of(f"sign-up:{email}")[:15], 16)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])


class ConfirmEmail(ConfirmEmailView):  # type: ignore[misc]
    """The link in the mail. Opening it asks first, because mail scanners open links too; the button confirms."""

    template_name = "site/confirm_email.html"

    def render_to_response(self, context: dict[str, Any], **given: Any) -> HttpResponse:
        good = context.get("confirmation") is not None and context.get("can_confirm")
        return super().render_to_response(context, status=200 if good else 410, **given)  # type: ignore[no-any-return]


@never_cache
@require_safe
def show_look_into_mail(request: HttpRequest) -> HttpResponse:
    """After signing up, and for those who sign in before they confirmed."""
    email = request.session.get(EMAIL_KEY, "")
    facts = {
        "email": email,
        "form": ResendForm(initial={"email": email}),
        "sent": request.GET.get("sent") == "1",
    }
    return render(request, "site/look_into_mail.html", facts)


@never_cache
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """The confirmation once more. Says the same for an address that nobody has, and for one that is confirmed."""
    form = ResendForm(request.POST)
    if not form.is_valid():
        facts = {"email": "", "form": form, "sent": False}
        return render(request, "site/look_into_mail.html", facts, status=422)
    email = form.cleaned_data["email"].lower()
    check_address(request, MAIL_ADDRESS)
    check_mail_to(request, email)
    request.session[EMAIL_KEY] = email
    waiting = EmailAddress.objects.filter(email__iexact=email, verified=False).select_related("user").first()
    if waiting is not None:
        send_verification_email_to_address(request, waiting, signup=True)
    return HttpResponseRedirect(f"{reverse('account_email_verification_sent')}?sent=1")


@never_cache
@require_safe
def show_confirmed(request: HttpRequest) -> HttpResponse:
    """Confirmed in another browser than the one that signed up: nobody is signed in by a link from a mailbox."""
    return render(request, "site/confirmed.html")
