"""Two-step sign-in: a code of an app after the password, with recovery codes for the day the phone is gone."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontend_api.site.forms import CodeForm, EnrolForm
from frontend_api.site.limits import CODE, check_rate
from frontend_api.site.step_up import note_proof, recent_proof


class EnterCode(AuthenticateView):  # type: ignore[misc]
    """The second step of signing in."""

    template_name = "site/enter_code.html"
    form_class = CodeForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_rate(request, CODE, self.stage.login.user.pk)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if answer.status_code == 200:
            answer.status_code = 422
        return answer


@recent_proof
class Enrol(ActivateTOTPView):  # type: ignore[misc]
    """Show the secret once, as a picture and as text, and switch on when the app's code fits."""

    template_name = "site/settings/enrol.html"
    form_class = EnrolForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_rate(request, CODE, request.user.pk)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if answer.status_code == 200:
            answer.status_code = 422
        else:
            note_proof(request)
        return answer


@recent_proof
class SwitchOff(DeactivateTOTPView):  # type: ignore[misc]
    template_name = "site/settings/switch_off.html"


@recent_proof
class NewRecoveryCodes(GenerateRecoveryCodesView):  # type: ignore[misc]
    template_name = "site/settings/new_codes.html"


@recent_proof
class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    template_name = "site/settings/codes.html"


@never_cache
@login_required
@require_safe
def show_two_step(request: HttpRequest) -> HttpResponse:
    """Whether it is on, since when, and how many recovery codes are left. Constant queries."""
    found = {row.type: row for row in Authenticator.objects.filter(user=request.user)}
    codes = found.get(Authenticator.Type.RECOVERY_CODES)
    facts = {
        "app": found.get(Authenticator.Type.TOTP),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "codes": codes,
    }
    return render(request, "site/settings/two_step.html", facts)
