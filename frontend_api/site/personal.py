"""A person's own settings on BASE_DOMAIN: name, zone, e-mail, ways in, sessions, the end of the login."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.income.leaving import end_supports_of_login, list_supports_of_login
from engagement.audit.actor import MAX_NAME, Actor
from frontend_api.middleware import TIMEZONE_KEY
from frontend_api.site import problems
from frontend_api.site.forms import DeleteForm, EmailForm, ProfileForm, ProofCodeForm, ProofPasswordForm
from frontend_api.site.letters import write_letter
from frontend_api.site.limits import CODE, MAIL_ADDRESS, PROOF, check_address, check_mail_to, check_rate
from frontend_api.site.redirects import safe_next
from frontend_api.site.sessions import end_other_sessions, end_session_of, list_devices
from frontend_api.site.step_up import note_proof, recent_proof, require_recent_proof
from frontend_api.site.views import has_discord
from saas.core.errors import ConflictError, EngageHubError, UnavailableError
from tenants.letters import send_letter
from tenants.logins import (
    CODE_PROOF,
    PASSWORD_PROOF,
    SoleOwnerError,
    change_profile,
    delete_login,
    get_proof_kind,
    get_ways_in,
    list_owned_communities,
    unlink_discord,
    vouch_for_email,
)
from tenants.models import User

PAGES = ["GET", "HEAD", "POST"]


def user_of(request: HttpRequest) -> User:
    """The person, in views that only they reach."""
    assert isinstance(request.user, User)
    return request.user


@never_cache
@login_required
@require_http_methods(PAGES)
def show_settings(request: HttpRequest) -> HttpResponse:
    """Name and time zone."""
    user = user_of(request)
    form = ProfileForm(request.POST or None, initial={"name": str(user), "timezone": user.timezone})
    if request.method == "POST" and form.is_valid():
        change_profile(user=user, name=form.cleaned_data["name"], timezone=form.cleaned_data["timezone"])
        request.session[TIMEZONE_KEY] = form.cleaned_data["timezone"]
        return HttpResponseRedirect(reverse("settings") + "?done=saved")
    status = 422 if request.method == "POST" else 200
    return render(request, "site/settings/profile.html", {"form": form, **_done(request)}, status=status)


@recent_proof
class ChangeEmail(EmailView):  # type: ignore[misc]
    """The former address stays until the new one is confirmed, and is told of the change."""

    template_name = "site/settings/email.html"
    form_class = EmailForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        vouch_for_email(user_of(request))
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_address(request, MAIL_ADDRESS)
        check_mail_to(request, request.POST.get("email", "")[:254].strip().lower())
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if answer.status_code == 200:
            answer.status_code = 422
        return answer


@never_cache
@login_required
@require_safe
def show_ways_in(request: HttpRequest) -> HttpResponse:
    """Password, Discord, second step."""
    user = user_of(request)
    facts = {
        "ways": get_ways_in(user),
        "two_step": get_proof_kind(user) == CODE_PROOF,
        "confirmed": EmailAddress.objects.filter(user=user, verified=True).first(),
        "discord": has_discord(),
        **_done(request),
    }
    return render(request, "site/settings/ways_in.html", facts)


@never_cache
@require_POST
@require_recent_proof
def unlink(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    try:
        unlink_discord(user=user)
    except EngageHubError as error:
        return problems.show_refusal(request, error)
    letter = write_letter("account_disconnected", user.email, {})
    if letter is not None:
        send_letter(letter)
    return HttpResponseRedirect(reverse("sign-in-methods") + "?done=unlinked")


@never_cache
@login_required
@require_http_methods(PAGES)
def show_sessions(request: HttpRequest) -> HttpResponse:
    """The browsers that are signed in; `end` names one of them or says `others`."""
    user, current = user_of(request), request.session.session_key or ""
    if request.method == "POST":
        wanted = request.POST.get("end", "")
        if wanted == "others":
            end_other_sessions(user=user, keep=current)
        elif wanted != current:
            end_session_of(user=user, key=wanted)
        return HttpResponseRedirect(reverse("sessions") + "?done=ended")
    facts = {"devices": list_devices(user=user, current=current), **_done(request)}
    return render(request, "site/settings/sessions.html", facts)


@never_cache
@require_http_methods(PAGES)
@require_recent_proof
def show_delete(request: HttpRequest) -> HttpResponse:
    """The end of the login, after its name was typed."""
    user = user_of(request)
    form = DeleteForm(request.POST or None, name=str(user))
    owned = list_owned_communities(user)
    problem = SoleOwnerError(owned).message if owned else ""
    if request.method == "POST" and not owned and form.is_valid():
        try:
            end_supports_of_login(user=user, actor=Actor("user", user.pk, str(user)[:MAX_NAME], via="web"))
            with transaction.atomic():  # a login that stays keeps its sessions
                end_other_sessions(user=user, keep=request.session.session_key or "")
                delete_login(user=user)
        except (SoleOwnerError, UnavailableError, ConflictError) as error:
            problem = error.message
        else:
            logout(request)
            return HttpResponseRedirect(reverse("deleted"))
    facts = {
        "form": form,
        "problem": problem,
        "name": str(user),
        "owned": owned,
        "supports": [] if owned else list_supports_of_login(user=user),
    }
    return render(
        request, "site/settings/delete.html", facts, status=422 if request.method == "POST" else 200
    )


@require_safe
def show_inactive(request: HttpRequest) -> HttpResponse:
    """The login was switched off by our staff."""
    return render(request, "site/inactive.html", status=403)


@require_safe
def show_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "site/deleted.html")


@never_cache
@sensitive_post_parameters("password", "code")
@login_required
@require_http_methods(PAGES)
def prove(request: HttpRequest) -> HttpResponse:
    """Step-up: the password, or the code where two-step sign-in is on, or Discord where there is nothing else."""
    user = user_of(request)
    following = safe_next(
        request, request.POST.get("next") or request.GET.get("next", ""), reverse("settings")
    )
    kind = get_proof_kind(user)
    form: Any = None
    if kind == CODE_PROOF:
        form = ProofCodeForm(data=request.POST or None, user=user)
    elif kind == PASSWORD_PROOF:
        form = ProofPasswordForm(request.POST or None)
    if request.method == "POST" and form is not None:
        check_rate(request, CODE if kind == CODE_PROOF else PROOF, user.pk)
        if form.is_valid() and _is_proof(user, kind, form):
            note_proof(request)
            return HttpResponseRedirect(following)
    facts = {"kind": kind, "form": form, "next": following}
    return render(request, "site/prove.html", facts, status=422 if request.method == "POST" else 200)


def _is_proof(user: User, kind: str, form: Any) -> bool:
    if kind == CODE_PROOF:
        return True  # the form has held the code against the app's secret
    if user.check_password(form.cleaned_data["password"]):
        return True
    form.add_error("password", "That is not your password.")
    return False


def _done(request: HttpRequest) -> dict[str, str]:
    """What the act before this page has done, in words; from the address, so that a reload says it again and does nothing."""
    return {"done": _DONE.get(request.GET.get("done", ""), "")}


_DONE = {
    "saved": "Saved.",
    "linked": "Discord is linked. You can sign in with it from now on.",
    "unlinked": "Discord is unlinked. Your points stay with your member in each community.",
    "ended": "Done. Those browsers have to sign in again.",
}
