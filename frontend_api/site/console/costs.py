"""Costs per community as a file, for a period that is chosen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.costs import Cost, list_costs
from billing.models import Payer, Subscription
from frontend_api.dashboard.parts.export import make_safe
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.money import write_plain
from frontend_api.site.personal import user_of
from saas.core import clock
from saas.core.errors import InvalidInputError, UnavailableError
from tenants.models import User

from .income import PeriodIncome, list_period_income
from .pages import find_payer

COLUMNS: Final = (
    "Invoice date", "Invoice", "Community", "Address", "Plan", "From", "Until", "Currency", "Net", "Tax", "Total", "State",
    "Paid by supporters", "Refunded", "Our fee", "To the community",
)  # fmt: skip
EARLIEST: Final = date(2020, 1, 1)


class PeriodForm(DeskForm):
    begin = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label="Until", widget=forms.DateInput(attrs={"type": "date"}), help_text="The day itself is counted."
    )

    def clean_begin(self) -> date:
        begin: date = self.cleaned_data["begin"]
        return max(begin, EARLIEST)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        begin, until = cleaned.get("begin"), cleaned.get("until")
        if begin and until and until < begin:
            self.add_error("until", "The period ends before it begins. Choose a later day.")
        return cleaned


@never_cache
@login_required
@require_safe
def export_costs(request: HttpRequest, key: str) -> HttpResponse:
    """The form, and with a period in the address the file. Days begin in the reader's own zone, which the file names."""
    payer = find_payer(request, key)
    form = PeriodForm(request.GET if "begin" in request.GET else None, initial=_last_month())
    status = 200
    if form.is_valid():
        try:
            return _file(payer, form.cleaned_data["begin"], form.cleaned_data["until"], user_of(request))
        except (InvalidInputError, UnavailableError) as error:
            form.add_problem(error)
            status = error.http_status
    elif form.is_bound:
        status = 422
    return render(request, "site/console/costs.html", {"form": form, "payer": payer}, status=status)


def _file(payer: Payer, begin: date, until: date, user: User) -> HttpResponse:
    zone = timezone.get_current_timezone()
    start = datetime.combine(begin, time(), zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    costs = list_costs(payer=payer, start=start, end=end)
    paid = {row.tenant_id for row in Subscription.objects.filter(payer=payer)}
    income = [one for one in list_period_income(user, start=start, end=end) if one.tenant.pk in paid]
    answer = HttpResponse(write_csv(costs, income, (begin, until)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="engagehub-costs-{begin}-{until}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def write_csv(
    costs: list[Cost], income: Sequence[PeriodIncome] = (), days: tuple[date, date] | None = None
) -> bytes:
    """A line an invoice, the oldest first; then a line for what the supporters of each community paid in those days, in columns of its
    own, so that costs and income are never summed by mistake. No cell is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    text.write("\ufeff")  # without it Excel reads UTF-8 as something else
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in costs:
        writer.writerow([make_safe(cell) for cell in _line(one)])
    for brought in income:
        writer.writerow([make_safe(cell) for cell in _income_line(brought, days)])
    return text.getvalue().encode()


def _line(one: Cost) -> list[object]:
    amounts = [_Number(write_plain(amount, one.currency)) for amount in (one.net, one.tax, one.total)]
    return [
        _day(one.invoiced_at), one.number, one.community or "All communities of this payer (use)", one.address, one.plan,
        _day(one.period_start), _day(one.period_end), one.currency.upper(), *amounts, one.state,
        "", "", "", "",
    ]  # fmt: skip


def _income_line(one: PeriodIncome, days: tuple[date, date] | None) -> list[object]:
    first, last = (day.isoformat() for day in days) if days else ("", "")
    amounts = (one.gross, one.refunded, one.fee, one.net)
    return [
        "", "", one.tenant.name, one.tenant.slug, "Supporters", first, last, one.currency.upper(),
        "", "", "", "income", *(_Number(write_plain(amount, one.currency)) for amount in amounts),
    ]  # fmt: skip


class _Number:
    """A number that we wrote: a minus in front of it is no formula."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _day(moment: datetime | None) -> str:
    return "" if moment is None else timezone.localtime(moment).date().isoformat()


def _last_month() -> dict[str, date]:
    first = timezone.localtime(clock.now()).date().replace(day=1)
    last = first - timedelta(days=1)
    return {"begin": last.replace(day=1), "until": last}
