"""Choosing a plan: the plans side by side, and for a community without one the form that leads to Stripe's page.

A price is never sent by the browser: it names a plan, an interval and a currency, and what they cost is looked up where they are sold.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing.checkout import begin_checkout
from billing.errors import AlreadySubscribedError
from billing.payers import list_payers
from billing.plans import CURRENCIES, FREE, INTERVALS, TRIAL_DAYS, Plan, plans_for
from billing.pricing import pricing_table
from billing.trials import has_trial
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.money import write_money
from frontend_api.plan_cards import (
    INTERVAL_NAMES,
    SUGGESTED,
    Card,
    Link,
    describe_card,
    list_metered,
    write_to_us,
)
from frontend_api.site.plan_choice import read_choice, read_currency, read_interval
from tenants.models import Tenant, User
from tenants.selectors import get_standing_link

from .books import GET_OR_POST, Books, open_books, require_sold, try_stripe
from .payer_form import ME, PayerForm


class BeginForm(PayerForm):
    """`plan` decides which fields there are."""

    interval = forms.ChoiceField(label="How often you pay", widget=forms.RadioSelect)
    quantity = forms.IntegerField(
        label="Cohorts", min_value=1, max_value=500, initial=1,
        help_text="That run at the same time. You can change the number at any time.",
    )  # fmt: skip
    promotion_code = forms.CharField(label="Code for a discount", max_length=50, required=False)

    def __init__(self, *args: Any, plan: Plan, currency: str, **given: Any) -> None:
        super().__init__(*args, **given)
        if not plan.per:
            del self.fields["quantity"]
        interval = self.fields["interval"]
        assert isinstance(interval, forms.ChoiceField)
        unit = f" for each {plan.per}" if plan.per else ""
        interval.choices = [
            (one, f"{INTERVAL_NAMES[one]}: {write_money(plan.price(one, currency), currency)} a {one}{unit}")
            for one in INTERVALS
        ]


@never_cache
@require_safe
@dashboard_page("view_billing")
def show_plans(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The plans that this community can choose from. With one named in the address, on to where it is begun or changed to."""
    books = open_books(desk.context.tenant_id)
    if read_choice(request.GET) is not None and desk.may("manage_billing") and not request.GET.get("left"):
        route = "billing-change" if books.subscription else "billing-begin"
        return HttpResponseRedirect(f"{reverse(route)}?{request.GET.urlencode()}")
    standing = books.subscription
    currency = standing.currency if standing else read_currency(request.GET)
    given = {"interval": standing.interval} if standing and "interval" not in request.GET else request.GET
    interval = read_interval(given)
    plans = plans_for(books.tenant.kind)
    facts: dict[str, Any] = {
        "books": books,
        "standing": books.standing,
        "cards": [_card(desk, books, plan, interval, currency) for plan in plans],
        "table": pricing_table(plans),
        "metered": list_metered(plans, currency),
        "intervals": _links("interval", INTERVALS, INTERVAL_NAMES, interval, {"currency": currency}),
        "currencies": []
        if standing
        else _links(
            "currency", CURRENCIES, {one: one.upper() for one in CURRENCIES}, currency, {"interval": interval}
        ),
        "left": request.GET.get("left") == "1",
    }
    return render(request, "dashboard/billing/plans.html", facts)


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_billing")
def begin(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What will happen, and the button to Stripe's page. The price stands here before anybody goes there."""
    require_sold()
    choice = read_choice(request.GET)
    books = open_books(desk.context.tenant_id)
    if choice is None or choice.plan not in plans_for(books.tenant.kind) or choice.plan.by_invoice:
        return go_to(request, reverse("billing-plans"), "Choose one of these plans.", kind="warn")
    if books.subscription is not None:
        return HttpResponseRedirect(f"{reverse('billing-change')}?{choice.query}")
    user = User.objects.get(pk=desk.user_id)
    payers = list_payers(user=user)
    form = BeginForm(
        request.POST if request.method == "POST" else None,
        plan=choice.plan, currency=choice.currency, payers=payers, email=user.email,
        initial={"interval": choice.interval, "payer": ME, "quantity": 1},
    )  # fmt: skip
    status = 200
    if form.is_valid():
        try:
            address, status = try_stripe(
                form, lambda: _checkout(desk, form, choice.plan, choice.currency, user)
            )
        except AlreadySubscribedError as error:
            return go_to(request, reverse("billing"), error.message, kind="warn")
        if address:
            return HttpResponseRedirect(address)
    elif form.is_bound:
        status = 422
    facts = {
        "form": form,
        "plan": choice.plan,
        "currency": choice.currency,
        "trial": has_trial(tenant=books.tenant, plan=choice.plan),
        "trial_days": TRIAL_DAYS,
        "links_first": choice.plan.trial_days and _needs_its_server(books),
        "has_server": get_standing_link(tenant_id=books.tenant.pk) is not None,
        "price": write_money(choice.plan.price(choice.interval, choice.currency), choice.currency),
        "currencies": _links(
            "currency", CURRENCIES, {one: one.upper() for one in CURRENCIES}, choice.currency,
            {"plan": choice.plan.key, "interval": choice.interval}, route="billing-begin",
        ),
    }  # fmt: skip
    return render(request, "dashboard/billing/begin.html", facts, status=status)


def _needs_its_server(books: Books) -> bool:
    """A Discord community tries a plan once with its server, and therefore not without one."""
    if books.tenant.kind != Tenant.Kind.DISCORD:
        return False
    return get_standing_link(tenant_id=books.tenant.pk) is None


def _checkout(desk: Desk, form: BeginForm, plan: Plan, currency: str, user: User) -> str:
    return begin_checkout(
        tenant_id=desk.context.tenant_id,
        user=user,
        plan=plan.key,
        interval=form.cleaned_data["interval"],
        currency=currency,
        quantity=form.cleaned_data.get("quantity", 1),
        promotion_code=form.cleaned_data["promotion_code"],
        payer_key=form.obtain_payer_key(user),
        actor=desk.actor,
    )


def _card(desk: Desk, books: Books, plan: Plan, interval: str, currency: str) -> Card:
    """What can be done with a plan here: nothing, begin, change to it, or cancel."""
    row = books.subscription
    is_here = plan.key == (row.plan if row else books.standing.plan.key) and (
        row is None or plan.is_free or interval == row.interval
    )
    if is_here:
        return describe_card(plan, interval, currency, action="Your plan now", tag="Your plan", primary=False)
    if not desk.may("manage_billing"):
        return describe_card(plan, interval, currency, action="The owner decides")
    if plan.by_invoice:
        return describe_card(plan, interval, currency, href=write_to_us(plan.name), action="Write to us")
    if plan.key == FREE and (row is None or row.cancel_at is not None):
        return describe_card(plan, interval, currency)
    if books.is_unsettled and not plan.is_free:
        first = "Keep your plan first" if books.standing.kind == "ending" else "Pay the open invoice first"
        return describe_card(plan, interval, currency, action=first)
    if plan.key == FREE:
        return describe_card(
            plan, interval, currency, href=reverse("billing-cancel"), action="Cancel the plan"
        )
    query = urlencode({"plan": plan.key, "interval": interval, "currency": currency})
    route, verb = ("billing-change", "Change to") if row else ("billing-begin", "Choose")
    return describe_card(
        plan, interval, currency, href=f"{reverse(route)}?{query}", action=f"{verb} {plan.name}",
        primary=row is None and plan.key in SUGGESTED,
    )  # fmt: skip


def _links(
    name: str,
    values: tuple[str, ...],
    words: dict[str, str],
    current: str,
    rest: dict[str, str],
    *,
    route: str = "billing-plans",
) -> list[Link]:
    return [
        Link(words[one], f"{reverse(route)}?{urlencode({**rest, name: one})}", one == current)
        for one in values
    ]
