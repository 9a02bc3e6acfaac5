"""API keys: the list, a new one whose text is shown once, rotating and revoking. Making one asks for a recent proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from engagement.access.keys import create_key, revoke_key, rotate_key
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form
from frontend_api.site.step_up import require_recent_proof
from saas.core import clock
from tenants.api_keys import KEYS, IssuedKey, is_in_force, is_key_frozen, list_api_keys
from tenants.errors import ApiKeyNotFoundError
from tenants.gates import limit_of
from tenants.models import ApiKey, User
from tenants.permissions import Rights
from tenants.scopes import SCOPES, list_scopes_for

ACTION: Final = "manage_api_keys"
GET_OR_POST: Final = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class KeyLine:
    """`state` is empty while the key works. `is_frozen`: it would, but the plan includes fewer."""

    key: ApiKey
    scopes: tuple[str, ...]
    state: str
    is_frozen: bool


class KeyForm(DeskForm):
    name = forms.CharField(
        label="Name", max_length=60, help_text="Where it is used, such as “shop”. Only the team sees it."
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that the key may do."},
    )  # fmt: skip
    expires_on = forms.DateField(
        label="Works until the end of", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="A key that ends by itself is one less to forget. Empty: until somebody revokes it.",
    )  # fmt: skip

    def __init__(self, *args: Any, rights: Rights, **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(one.name, f"{one.name}: {one.asks}") for one in list_scopes_for(rights)]

    def read_end(self, zone: str) -> datetime | None:
        """The first moment of the day after, in the community's zone."""
        day = self.cleaned_data["expires_on"]
        return None if day is None else datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


@require_safe
@dashboard_page(ACTION)
def show_keys(request: HttpRequest, desk: Desk) -> HttpResponse:
    now = clock.now()
    lines = [
        KeyLine(
            key,
            tuple(SCOPES[name].asks if name in SCOPES else name for name in key.scopes),
            _state(key, now),
            is_key_frozen(key, now),
        )
        for key in list_api_keys(tenant_id=desk.context.tenant_id)
    ]
    working = [one for one in lines if not one.state]
    facts = {
        "working": working,
        "ended": [one for one in lines if one.state],
        "frozen": sum(one.is_frozen for one in working),
        "allowed": limit_of(KEYS, desk.context.entitlements, now),
    }
    return render(request, "dashboard/keys/list.html", facts)


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page(ACTION)
@require_recent_proof
def create(request: HttpRequest, desk: Desk) -> HttpResponse:
    form = KeyForm(request.POST if request.method == "POST" else None, rights=desk.person.rights)
    if form.is_valid():
        issued = form.try_to(
            lambda: create_key(
                context=desk.context, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"],
                expires_at=form.read_end(desk.context.timezone), by=User.objects.get(pk=desk.user_id), actor=desk.actor,
            )
        )  # fmt: skip
        if issued is not None:
            return _show_once(request, issued)
    page = FormPage(
        form, title="Make an API key", submit="Make the key", back=reverse("dashboard-keys"),
        lead="For a program that reads or changes things here. You cannot give it more than you may do yourself.",
    )  # fmt: skip
    return show_form(request, page)


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page(ACTION)
@require_recent_proof
def rotate(request: HttpRequest, desk: Desk, key_id: int) -> HttpResponse:
    key = _find(desk, key_id)
    page = Confirm(
        title=f"Replace the key “{key.name}”",
        submit="Make the new key",
        back=reverse("dashboard-keys"),
        danger=False,
        consequences=(
            Consequence("You get a new text for the same name and the same scopes. It is shown once.", "key"),
            Consequence("The old text works for 24 hours more, so that nothing stops meanwhile.", "clock"),
        ),
    )
    if is_confirmed(request, page):
        user = User.objects.get(pk=desk.user_id)
        return _show_once(request, rotate_key(context=desk.context, key_id=key_id, by=user, actor=desk.actor))
    return show_confirm(request, page)


@require_http_methods(GET_OR_POST)
@dashboard_page(ACTION)
def revoke(request: HttpRequest, desk: Desk, key_id: int) -> HttpResponse:
    key = _find(desk, key_id)
    used = f"Last used {key.last_used_at:%-d %B %Y, %H:%M} UTC." if key.last_used_at else "It was never used."
    page = Confirm(
        title=f"Revoke the key “{key.name}”",
        submit="Revoke the key",
        back=reverse("dashboard-keys"),
        consequences=(
            Consequence("Every program that uses it is refused from now on.", "ban"),
            Consequence(used, "clock"),
            Consequence("It cannot be brought back. You can make another one.", "info-circle"),
        ),
    )
    if is_confirmed(request, page):
        user = User.objects.get(pk=desk.user_id)
        revoke_key(context=desk.context, key_id=key_id, by=user, actor=desk.actor)
        return go_to(request, reverse("dashboard-keys"), f"The key “{key.name}” is refused from now on.")
    return show_confirm(request, page)


def _find(desk: Desk, key_id: int) -> ApiKey:
    """Raises ApiKeyNotFoundError: another community's key is none of ours."""
    for key in list_api_keys(tenant_id=desk.context.tenant_id):
        if key.pk == key_id:
            return key
    raise ApiKeyNotFoundError


def _show_once(request: HttpRequest, issued: IssuedKey) -> HttpResponse:
    facts = {"key": issued.key, "token": issued.token, "back": reverse("dashboard-keys")}
    return render(request, "dashboard/keys/made.html", facts)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "Revoked"
    return "" if is_in_force(key, now) else "Expired"
