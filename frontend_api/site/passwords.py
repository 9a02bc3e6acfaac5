"""Passwords: forgotten, changed, set for the first time."""

from __future__ import annotations

from typing import Any

from allauth.account.views import (
    PasswordChangeView,
    PasswordResetFromKeyView,
    PasswordResetView,
    PasswordSetView,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontend_api.site.forms import ChangeForm, ForgotForm, NewPasswordForm, SetForm
from frontend_api.site.limits import MAIL_ADDRESS, PROOF, check_address, check_mail_to, check_rate
from frontend_api.site.sessions import end_other_sessions
from frontend_api.site.step_up import recent_proof
from tenants.models import User


class Forgot(PasswordResetView):  # type: ignore[misc]
    """Ask for a link. The answer is the same whether the address has a login or not."""

    template_name = "site/forgot.html"
    form_class = ForgotForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_address(request, MAIL_ADDRESS)
        check_mail_to(request, request.POST.get("email", "")[:254].strip().lower())
        return _mark(super().post(request, *args, **kwargs))


class NewPassword(PasswordResetFromKeyView):  # type: ignore[misc]
    """The link in the mail: a new password, and every session of the login ends."""

    template_name = "site/new_password.html"
    form_class = NewPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.reset_user
        assert isinstance(user, User)
        end_other_sessions(user=user, keep="")
        answer: HttpResponse = super().form_valid(form)
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _mark(super().post(request, *args, **kwargs))


class Change(PasswordChangeView):  # type: ignore[misc]
    template_name = "site/settings/password.html"
    form_class = ChangeForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_rate(request, PROOF, request.user.pk)
        return _mark(super().post(request, *args, **kwargs))

    def form_valid(self, form: Any) -> HttpResponse:
        return _end_others(self.request, super().form_valid(form))


@recent_proof
class SetFirst(PasswordSetView):  # type: ignore[misc]
    """For those who signed up with Discord."""

    template_name = "site/settings/password.html"
    form_class = SetForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _mark(super().post(request, *args, **kwargs))

    def form_valid(self, form: Any) -> HttpResponse:
        return _end_others(self.request, super().form_valid(form))


@never_cache
@require_safe
def show_reset_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "site/reset_sent.html")


@never_cache
@require_safe
def show_reset_done(request: HttpRequest) -> HttpResponse:
    return render(request, "site/reset_done.html")


def _end_others(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """A new password ends every other session; Django has made the others void, this takes them off the list."""
    assert isinstance(request.user, User)
    end_other_sessions(user=request.user, keep=request.session.session_key or "")
    return answer


def _mark(answer: HttpResponse) -> HttpResponse:
    """A form that is shown again with errors is no success."""
    if answer.status_code == 200:
        answer.status_code = 422
    return answer
