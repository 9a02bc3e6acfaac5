"""What supporters bring: how many there are, what comes in, twelve months of it, and the one next step where nothing comes in yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.income.accounts import get_payout_account
from billing.income.models import PayoutAccount
from billing.plans import CURRENCIES
from engagement.supporters.models import SupportState, TierState
from engagement.supporters.selectors import IncomeMonth, TierView, list_supporters, list_tiers, sum_income
from frontend_api.dashboard.access import Desk, dashboard_page
from saas.core import clock
from tenants.tickets import get_tenant_address

from .charts import MONTHS, draw_months, fill_months
from .news import list_shown_news

GATE: Final = "supporters"
LATELY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What stands between the community and its first supporter. Without `href` somebody else has to do it."""

    icon: str
    title: str
    text: str
    href: str = ""
    action: str = ""


@never_cache
@require_safe
@dashboard_page("view_supporters")
def show_overview(request: HttpRequest, desk: Desk) -> HttpResponse:
    """From our own books; nothing is asked of Stripe. The number of queries does not depend on how many support."""
    today = timezone.localtime(clock.now()).date()
    income = sum_income(months=MONTHS, context=desk.context)
    tiers = list_tiers()
    account = get_payout_account(tenant_id=desk.context.tenant_id)
    currencies = _order_currencies(income, tiers)
    asked = request.GET.get("currency", "")
    currency = asked if asked in currencies else currencies[0]
    months = {one: fill_months(income, currency=one, today=today) for one in currencies}
    late = list_supporters(state=SupportState.LATE).count()
    facts: dict[str, Any] = {
        "supporters": sum(one.supporters for one in tiers),
        "late": late,
        "tiers": tiers,
        "on_sale": sum(one.tier.state == TierState.ON_SALE for one in tiers),
        "account": account,
        "figures": [(one, months[one][-1], months[one][-2]) for one in currencies],
        "currencies": [(one, one == currency) for one in currencies],
        "currency": currency,
        "months": months[currency],
        "columns": draw_months(months[currency]),
        "has_income": bool(income),
        "news": list_shown_news(since=clock.now() - LATELY, limit=8),
        "step": find_step(desk, account, tiers),
        "page_address": f"{get_tenant_address(desk.context.slug)}{reverse('support')}",
        "is_sold": settings.BILLING_ON,
    }
    return render(request, "dashboard/supporters/overview.html", facts)


def find_step(desk: Desk, account: PayoutAccount | None, tiers: Sequence[TierView]) -> NextStep | None:
    """The first thing that is missing; None where members can support and somebody does."""
    if account is None or not account.can_take:
        return _account_step(desk, account)
    if not account.is_confirmed:
        return None  # The banner above says what the new owner has to decide first.
    new, listed = reverse("dashboard-support-tier-new"), reverse("dashboard-support-tiers")
    may = desk.may("manage_supporters") and desk.opens[GATE]
    if not tiers:
        text = "Say what members can support with: a name, a price, and what they get. It stays a draft until you put it on sale."
        return NextStep("sparkles", "Make your first tier", text, *((new, "Make a tier") if may else ()))
    if not any(one.tier.state == TierState.ON_SALE for one in tiers):
        text = "Your tiers are not on sale, so members do not see them yet."
        return NextStep(
            "player-play", "Put a tier on sale", text, *((listed, "Open the tiers") if may else ())
        )
    if not any(one.supporters for one in tiers):
        text = "Members find the tiers on their own page and with /support in Discord. Tell them about it."
        return NextStep("users", "Nobody supports yet", text, reverse("support"), "See the members’ page")
    return None


def _account_step(desk: Desk, account: PayoutAccount | None) -> NextStep:
    may = desk.may("manage_payouts") and desk.opens[GATE]
    who = "" if desk.may("manage_payouts") else " The owner of the community can do that."
    way = (reverse("dashboard-payouts"), "Connect an account" if account is None else "See what is missing")
    if account is None:
        text = f"What supporters pay goes to an account of your own at Stripe. Setting it up takes a few minutes.{who}"
        return NextStep("coins", "Connect an account for payouts", text, *(way if may else ()))
    text = f"Stripe still needs something before members can pay.{who}"
    return NextStep("alert-triangle", "The account for payouts is not ready", text, *(way if may else ()))


def _order_currencies(income: Sequence[IncomeMonth], tiers: Sequence[TierView]) -> list[str]:
    """What brought the most first, then what is sold in; never empty."""
    sums: dict[str, int] = {}
    for one in income:
        sums[one.currency] = sums.get(one.currency, 0) + one.gross
    earned = sorted(sums, key=lambda currency: (-sums[currency], currency))
    sold = [one.tier.currency for one in tiers if one.tier.state == TierState.ON_SALE]
    return list(dict.fromkeys([*earned, *sold])) or [CURRENCIES[0]]
