"""Where supporters' money goes: an account of the community's own at Stripe, connected on Stripe's pages by the owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing.income.accounts import (
    COUNTRIES,
    begin_onboarding,
    get_payout_account,
    open_payouts,
    refresh_account,
)
from billing.income.errors import NoPayoutAccountError
from billing.income.replacing import (
    call_off_replacement,
    confirm_account,
    get_next_account,
    list_former_accounts,
    replace_account,
)
from engagement.supporters.selectors import count_running
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm
from saas.core import clock
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError
from tenants.gates import require_open
from tenants.models import User

GATE: Final = "supporters"


class CountryForm(DeskForm):
    country = forms.ChoiceField(
        label="Country",
        help_text="Where you, or your company, are at home. It can’t be changed later.",
        error_messages={"required": "Choose the country.", "invalid_choice": "Choose a country of the list."},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        listed = sorted(COUNTRIES.items(), key=lambda pair: pair[1])
        country.choices = [("", "Choose…"), *listed]


@never_cache
@require_safe
@dashboard_page("manage_payouts")
def show_payouts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """As we last heard of it."""
    return _show(request, desk, CountryForm())


@never_cache
@require_safe
@dashboard_page("manage_payouts")
def go_on(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Where Stripe leads whose link is used up or too old: one goes on from here with a new one."""
    return _show(request, desk, CountryForm(), again=True)


@require_POST
@dashboard_page("manage_payouts")
def connect(request: HttpRequest, desk: Desk) -> HttpResponse:
    """On to Stripe's pages, the first time with the country, later on to what is still missing."""
    account = get_payout_account(tenant_id=desk.context.tenant_id)
    if account is not None and account.stripe_id:
        country = account.country
    else:
        require_open(GATE, desk.context.entitlements, clock.now())
        form = CountryForm(request.POST)
        if not form.is_valid():
            return _show(request, desk, form, status=422)
        country = form.cleaned_data["country"]
    user = User.objects.get(pk=desk.user_id)
    return _lead(
        request,
        lambda: begin_onboarding(
            tenant_id=desk.context.tenant_id, user=user, actor=desk.actor, country=country
        ),
    )


@never_cache
@require_safe
@dashboard_page("manage_payouts")
def come_back(request: HttpRequest, desk: Desk) -> HttpResponse:
    """From Stripe's pages: asked at once how the account stands."""
    here = reverse("dashboard-payouts")
    try:
        account = refresh_account(tenant_id=desk.context.tenant_id)
    except UnavailableError:
        text = "Stripe does not answer at the moment. What you did there is kept, and shows here within the hour."
        return go_to(request, here, text, kind="warn")
    except (ConflictError, NoPayoutAccountError) as error:
        return go_to(request, here, error.message, kind="warn")
    coming = get_next_account(tenant_id=desk.context.tenant_id)
    if coming is None and account.can_sell:
        return go_to(request, here, "The account is ready: members can pay now.")
    if coming is None and account.can_take:
        return go_to(
            request, here, "Members can’t begin yet: first say below whose account it shall be.", kind="warn"
        )
    return go_to(request, here, "Stripe has not everything yet. What is missing stands below.", kind="warn")


@require_POST
@dashboard_page("manage_payouts")
def open_account(request: HttpRequest, desk: Desk) -> HttpResponse:
    """On to the account's own pages at Stripe."""
    return _lead(
        request,
        lambda: open_payouts(tenant_id=desk.context.tenant_id, user_id=desk.user_id, actor=desk.actor),
    )


@require_POST
@dashboard_page("manage_payouts")
def confirm(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The new owner goes on with the account that the page named."""
    user = User.objects.get(pk=desk.user_id)
    here, key = reverse("dashboard-payouts"), request.POST.get("account", "")
    try:
        confirm_account(tenant_id=desk.context.tenant_id, user=user, actor=desk.actor, key=key)
    except (ConflictError, NoPayoutAccountError, UnavailableError) as error:
        return go_to(request, here, error.message, kind="warn")
    return go_to(request, here, "Confirmed: what supporters pay goes on to this account.")


@require_POST
@dashboard_page("manage_payouts")
def replace(request: HttpRequest, desk: Desk) -> HttpResponse:
    """On to Stripe's pages for another account, the first time with its country."""
    coming = get_next_account(tenant_id=desk.context.tenant_id)
    if coming is not None and coming.user_id == desk.user_id:
        country = coming.country
    else:
        form = CountryForm(request.POST)
        if not form.is_valid():
            return _show(request, desk, form, status=422)
        country = form.cleaned_data["country"]
    user = User.objects.get(pk=desk.user_id)
    return _lead(
        request,
        lambda: replace_account(
            tenant_id=desk.context.tenant_id, user=user, actor=desk.actor, country=country
        ),
    )


@require_POST
@dashboard_page("manage_payouts")
def call_off(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The money stays where it goes."""
    user, here = User.objects.get(pk=desk.user_id), reverse("dashboard-payouts")
    try:
        called_off = call_off_replacement(tenant_id=desk.context.tenant_id, user=user, actor=desk.actor)
    except (ConflictError, UnavailableError) as error:
        return go_to(request, here, error.message, kind="warn")
    if called_off:
        return go_to(request, here, "Called off. The money goes on to the account that stands.")
    return go_to(
        request, here, "There was nothing to call off: no other account is being connected.", kind="warn"
    )


def _lead(request: HttpRequest, find: Callable[[], str]) -> HttpResponse:
    try:
        return HttpResponseRedirect(find())
    except (ConflictError, InvalidInputError, NoPayoutAccountError, UnavailableError) as error:
        return go_to(request, reverse("dashboard-payouts"), error.message, kind="warn")


def _show(
    request: HttpRequest, desk: Desk, form: CountryForm, *, again: bool = False, status: int = 200
) -> HttpResponse:
    tenant_id = desk.context.tenant_id
    account = get_payout_account(tenant_id=tenant_id)
    begun = account if account is not None and account.stripe_id else None  # else Stripe never answered
    coming = get_next_account(tenant_id=tenant_id) if begun else None
    if coming is not None and coming.user_id != desk.user_id:
        coming = None  # A former owner's: called off as soon as anybody looks at it with Stripe.
    facts = {
        "account": begun,
        "is_mine": begun is not None and begun.user_id == desk.user_id,
        "country": COUNTRIES.get(begun.country, begun.country) if begun else "",
        "coming": coming,
        "coming_country": COUNTRIES.get(coming.country, coming.country) if coming else "",
        "former": list_former_accounts(tenant_id=tenant_id) if begun else [],
        "supporters": count_running(),
        "form": form,
        "again": again,
    }
    return render(request, "dashboard/supporters/payouts.html", facts, status=status)
