"""The pricing page, made of what billing declares, and the step from it to a community."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.phases import FIRST_PAYMENT_GRACE_DAYS
from billing.plans import CURRENCIES, FREE, INTERVALS, PLANS, TRIAL_DAYS, Plan, plans_for
from billing.pricing import pricing_table
from frontend_api.plan_cards import (
    INTERVAL_NAMES,
    SUGGESTED,
    Card,
    Link,
    describe_card,
    list_metered,
    write_to_us,
)
from frontend_api.site.plan_choice import PlanChoice, read_choice, read_currency, read_interval
from tenants.communities import list_places
from tenants.models import Membership, User
from tenants.tickets import get_tenant_address

# The tabs: key, name, a kind of community that is offered these plans, one sentence.
FAMILIES: Final = (
    ("servers", "Discord servers and creators", "discord", "Priced for each server, whoever pays for it."),
    (
        "products",
        "Products and brands",
        "saas",
        "Priced by the members who are active in a month, not by those who once signed up.",
    ),
    (
        "courses",
        "Courses",
        "course",
        "Priced by the cohorts that run at the same time; a cohort that has ended costs nothing.",
    ),
)
QUESTIONS: Final = (
    (
        "What happens to my members when I choose a smaller plan?",
        "They stay, with all of their points, levels and history. Members above the smaller plan’s number are still counted, but "
        "wait: what they do is kept and awarded when there is room again. Before you confirm you see the list of what will wait. "
        "Nothing is deleted, promises already made are kept, and a larger plan brings everything back.",
    ),
    (
        "What happens when a payment fails?",
        "Nobody in your community notices anything. Your bank is asked again over two weeks; we write to the owner, and the "
        "dashboard says the date. Only then does the community fall to the limits of Free, and one successful payment brings "
        f"everything back at once. Where it is the first payment after a trial, there are {FIRST_PAYMENT_GRACE_DAYS} days for it.",
    ),
    (
        "Do I need a card for the trial?",
        f"No. A trial lasts {TRIAL_DAYS} days with everything in the plan. It ends by itself: without a card you are on Free "
        "afterwards, and nothing is charged. Each community can try once, and so can each Discord server: a Discord community once its server is linked.",
    ),
    (
        "Can I change the plan in the middle of a month?",
        "Yes. A larger plan begins at once and you pay the difference for the days that are left; you see the amount before you "
        "confirm. A smaller plan begins with the next period, because you have paid for this one.",
    ),
    (
        "How do I cancel?",
        "On the Billing page, with two clicks and no call. Everything works until the end of what you paid for, then the community "
        "is on Free. Until then you can take it back.",
    ),
    (
        "Can one payer pay for several communities?",
        "Yes. Each community has a plan of its own; one page shows them all with their totals, and the costs of each as a file.",
    ),
    (
        "Which limits count what?",
        "The table above says it beside each one. Members are people whose activity earns points, not everybody on your server. "
        "History is how far back pages show it; what is older is kept.",
    ),
    (
        "Is tax included?",
        "Prices are without tax. What your country asks for is shown before you pay, and companies can give their tax number.",
    ),
)


@require_safe
def show_pricing(request: HttpRequest) -> HttpResponse:
    """The plans of one family, in one currency, by the month or the year; every choice is in the address."""
    interval, currency = read_interval(request.GET), read_currency(request.GET)
    family = next((one for one in FAMILIES if one[0] == request.GET.get("for")), FAMILIES[0])
    plans = plans_for(family[2])
    state = {"for": family[0], "interval": interval, "currency": currency}
    facts: dict[str, Any] = {
        "sold": settings.BILLING_ON,
        "families": [Link(one[1], _address(state, "for", one[0]), one is family) for one in FAMILIES],
        "intervals": [
            Link(INTERVAL_NAMES[one], _address(state, "interval", one), one == interval) for one in INTERVALS
        ],
        "currencies": [
            Link(one.upper(), _address(state, "currency", one), one == currency) for one in CURRENCIES
        ],
        "family_note": family[3],
        "cards": [_card(plan, interval, currency) for plan in plans],
        "table": pricing_table(plans),
        "metered": list_metered(plans, currency),
        "questions": QUESTIONS,
        "free_href": _start(PLANS[FREE], interval, currency),
    }
    return render(request, "site/pricing.html", facts)


@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """A plan was chosen: a stranger signs up and keeps it; an owner says which community it is for."""
    choice = read_choice(request.GET)
    founding = reverse("new-community") + (f"?{choice.query}" if choice else "")
    if not isinstance(request.user, User):
        return HttpResponseRedirect(f"{reverse('signup')}?{urlencode({'next': founding})}")
    owned = [
        place
        for place in list_places(user=request.user, only_open=True)
        if place.role == Membership.Role.OWNER
    ]
    if choice is None or not owned:
        return HttpResponseRedirect(founding)
    facts = {
        "name": choice.plan.name,
        "places": [
            {"name": one.name, "slug": one.slug, "href": _plans_of(one.slug, choice)} for one in owned
        ],
        "new_href": founding,
        "back": f"{reverse('pricing')}?{urlencode({'interval': choice.interval, 'currency': choice.currency})}",
    }
    return render(request, "site/pricing_start.html", facts)


def _plans_of(slug: str, choice: PlanChoice) -> str:
    query = urlencode({"next": f"/dashboard/billing/plans/?{choice.query}"})
    return f"{get_tenant_address(slug)}/login/?{query}"


def _card(plan: Plan, interval: str, currency: str) -> Card:
    verbs = {
        "free": "Start free",
        "invoice": "Write to us",
        "trial": f"Try {plan.name}",
        "": f"Choose {plan.name}",
    }
    kind = "free" if plan.is_free else "invoice" if plan.by_invoice else "trial" if plan.trial_days else ""
    primary = plan.key in SUGGESTED
    return describe_card(
        plan,
        interval,
        currency,
        href=write_to_us(plan.name) if plan.by_invoice else _start(plan, interval, currency),
        action=verbs[kind],
        primary=primary,
        tag="We suggest this" if primary else "",
    )


def _address(state: dict[str, str], name: str, value: str) -> str:
    return f"{reverse('pricing')}?{urlencode({**state, name: value})}"


def _start(plan: Plan, interval: str, currency: str) -> str:
    query = {} if plan.is_free else {"plan": plan.key, "interval": interval, "currency": currency}
    return reverse("pricing-start") + (f"?{urlencode(query)}" if query else "")
