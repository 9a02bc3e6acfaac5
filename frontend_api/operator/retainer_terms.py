"""Other terms for a retainer: chosen, shown with Stripe's figures, and confirmed as they were shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing.models import Retainer
from billing.plans import PLANS
from billing.retainers.changing import TermsPreview, change_terms, preview_terms
from billing.retainers.errors import RetainerChangedError
from billing.retainers.selectors import find_book
from billing.retainers.terms import (
    MOST,
    MOST_DAYS,
    MOST_PLACES,
    NOT_STARTED,
    Deal,
    deal_of,
    planned_of,
    version_of,
)
from billing.wording import plan_name
from frontend_api.dashboard.billing.words import on
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.money import write_money
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, UnavailableError
from tenants.models import User

from .access import actor_of_operator, note_in_journal, operator_page
from .nav import show


class TermsForm(DeskForm):
    plan = forms.ChoiceField(
        label="Plan", choices=[(key, plan.name) for key, plan in PLANS.items() if not plan.is_free]
    )
    price = forms.DecimalField(
        label="Price for all together", min_value=Decimal("0.01"), max_value=MOST // 100, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )  # fmt: skip
    places = forms.IntegerField(label="Communities at once", min_value=1, max_value=MOST_PLACES)
    days = forms.IntegerField(label="Days until an invoice is due", min_value=1, max_value=MOST_DAYS)
    when = forms.ChoiceField(
        label="From when on", choices=[("next", "With the next period"), ("now", "At once")],
        widget=forms.RadioSelect,
    )  # fmt: skip

    def __init__(self, *args: Any, row: Retainer, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["price"].label = f"Price for all together, in {row.currency.upper()} a {row.interval}"
        if row.status == NOT_STARTED:
            self.fields["when"].widget = forms.HiddenInput()

    def deal(self) -> Deal:
        """Of a valid form."""
        data = self.cleaned_data
        return Deal(data["plan"], int(data["price"] * 100), data["places"], data["days"])


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def change(request: HttpRequest, operator: User, key: str) -> HttpResponse:
    """The form; with a choice in the address what it would bill; sent, it is done as it was shown. Where something moved meanwhile,
    it is shown anew."""
    book = find_book(key=key)
    row = book.retainer
    given = request.POST if request.method == "POST" else request.GET
    form = TermsForm(given if "plan" in given else None, row=row, initial=_initial(row))
    problem: EngageHubError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return _change(request, operator, row, form, given)
        except (RetainerChangedError, UnavailableError) as error:
            problem = error
        except (ConflictError, InvalidInputError) as error:
            form.add_problem(error)
    preview = None
    if form.is_bound and form.is_valid():
        try:
            preview = preview_terms(key=key, deal=form.deal(), when=form.cleaned_data["when"])
        except (ConflictError, InvalidInputError) as error:
            form.add_problem(error)
        except UnavailableError as error:
            problem = problem or error
    status = 422 if form.is_bound and form.errors else 200
    facts = {
        "book": book, "row": row, "form": form, "problem": problem, "preview": _describe(row, preview),
        "now": f"{plan_name(row.plan)} for {row.places} at once, {write_money(row.amount, row.currency)} a {row.interval}",
        "back": reverse("ops-retainers"),
    }  # fmt: skip
    return show(request, "retainer_terms.html", facts, status=problem.http_status if problem else status)


def _change(
    request: HttpRequest, operator: User, row: Retainer, form: TermsForm, given: Mapping[str, str]
) -> HttpResponse:
    sent = given.get("proration_date", "")
    done = change_terms(
        key=row.key,
        deal=form.deal(),
        when=form.cleaned_data["when"],
        proration_date=int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 12 else 0,
        version=given.get("version", ""),
        actor=actor_of_operator(request, operator),
    )
    if done.planned and done.period_end is not None:
        said = f"Planned. From {on(done.period_end)} on other terms hold for {done.payer}; until then this can be taken back."
    else:
        said = f"Done. The new terms of {done.payer} hold."
    note_in_journal(operator, what="retainer.terms", name=f"{row.key}: {said}")
    return go_to(request, reverse("ops-retainers"), said)


def _initial(row: Retainer) -> dict[str, Any]:
    deal = planned_of(row) or deal_of(row)
    price = Decimal(deal.amount) / 100 if deal.amount % 100 else deal.amount // 100
    return {
        "plan": deal.plan, "price": price, "places": deal.places, "days": deal.days_until_due, "when": "next",
    }  # fmt: skip


def _describe(row: Retainer, preview: TermsPreview | None) -> dict[str, Any] | None:
    if preview is None:
        return None
    return {
        "it": preview,
        "credit": max(-preview.total, 0),
        "due": max(preview.total, 0),
        "version": preview.version or version_of(row),
        "plan": plan_name(preview.deal.plan),
    }
