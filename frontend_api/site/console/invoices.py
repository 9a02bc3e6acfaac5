"""The invoices of one payer: plans, retainers and use, each with its PDF. Asked of Stripe when somebody looks."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.invoices import Invoice, list_invoices
from billing.wording import plan_name
from saas.core.errors import UnavailableError

from .pages import find_payer


@never_cache
@login_required
@require_safe
def show_invoices(request: HttpRequest, key: str) -> HttpResponse:
    """The newest two dozen; the file of costs has all. A Stripe that is away is told, and nothing else of the page is lost."""
    payer = find_payer(request, key)
    facts: dict[str, Any] = {"payer": payer, "back": reverse("console"), "lines": [], "away": ""}
    try:
        facts["lines"] = [(one, _what_for(one)) for one in list_invoices(payer=payer)]
    except UnavailableError as error:
        facts["away"] = error.message
    return render(request, "site/console/invoices.html", facts)


def _what_for(one: Invoice) -> str:
    """Beside a community's name, which the page writes apart."""
    if one.kind == "retainer":
        return f"Retainer, {plan_name(one.plan)}"
    if one.kind == "use":
        return "Use above the plans"
    return plan_name(one.plan) if one.plan else ""
