"""Costs and income per community for a period that is chosen: on a page with their sums, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.costs import Cost, add_up_clients, add_up_costs, list_costs
from billing.models import Payer
from billing.payers import list_payers
from billing.paying import list_paid_ids
from frontend_api.dashboard.parts.export import make_safe
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.money import write_plain
from frontend_api.site.personal import user_of
from saas.core import clock
from saas.core.errors import InvalidInputError, UnavailableError
from tenants.models import User

from .income import PeriodIncome, add_up_income, list_period_income
from .pages import find_payer

COLUMNS: Final = (
    "Invoice date", "Invoice", "Community", "Address", "Plan", "From", "Until", "Currency", "Net", "Tax", "Total", "State",
    "Paid by supporters", "Refunded", "Our fee", "To the community", "Given back", "Paid by",
)  # fmt: skip
EARLIEST: Final = date(2020, 1, 1)
TOGETHER: Final = {
    "retainer": "All communities of this retainer",
    "use": "All communities of this payer (use)",
}


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


class CostsForm(PeriodForm):
    payer = forms.ChoiceField(label="Paid by", required=False)

    def __init__(self, *args: Any, payers: list[Payer], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["payer"]
        assert isinstance(field, forms.ChoiceField)
        named = [(one.key, one.name or "You, as a person") for one in payers]
        field.choices = [("", "Everybody that you pay as"), *named]


@never_cache
@login_required
@require_safe
def show_costs(request: HttpRequest) -> HttpResponse:
    """What all communities of a person cost and bring in a period, whoever of their payers pays: sums on the page, and with `file` in the
    address the lines that they are the sums of."""
    user = user_of(request)
    payers = list_payers(user=user)
    asked = "begin" in request.GET
    given = {**_last_month(), "payer": request.GET.get("payer", "")}
    form = CostsForm(request.GET if asked else None, payers=payers, initial=given)
    facts: dict[str, Any] = {"form": form, "payers": payers}
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and form.is_valid():
        days = (form.cleaned_data["begin"], form.cleaned_data["until"])
        chosen = [one for one in payers if form.cleaned_data["payer"] in {"", one.key}]
        try:
            costs, income = _collect(user, chosen, days, everything=not form.cleaned_data["payer"])
        except (InvalidInputError, UnavailableError) as error:
            form.add_problem(error)
            status = error.http_status
        else:
            if request.GET.get("file"):
                return _answer(write_csv(costs, income, days, totals=True), days)
            facts |= _describe(costs, income, days)
            facts["file"] = f"{request.path}?{urlencode({**request.GET.dict(), 'file': 'csv'})}"
    return render(request, "site/console/costs_all.html", facts, status=status)


def _collect(
    user: User, payers: list[Payer], days: tuple[date, date], *, everything: bool
) -> tuple[list[Cost], list[PeriodIncome]]:
    """`everything`: income too of communities that none of these payers pays for."""
    start, end = _moments(days)
    costs = [one for payer in payers for one in list_costs(payer=payer, start=start, end=end)]
    paid = {tenant_id for payer in payers for tenant_id in list_paid_ids(payer=payer)}
    income = list_period_income(user, start=start, end=end)
    kept = [one for one in income if everything or one.tenant.pk in paid]
    return sorted(costs, key=lambda one: (one.invoiced_at, one.number)), kept


def _describe(costs: list[Cost], income: list[PeriodIncome], days: tuple[date, date]) -> dict[str, Any]:
    return {
        "days": days,
        "sums": add_up_costs(costs),
        "clients": [
            (one, one.community or TOGETHER.get(one.kind, TOGETHER["use"])) for one in add_up_clients(costs)
        ],
        "income": income,
        "income_sums": add_up_income(income),
    }


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
    costs, income = _collect(user, [payer], (begin, until), everything=False)
    return _answer(write_csv(costs, income, (begin, until)), (begin, until))


def _moments(days: tuple[date, date]) -> tuple[datetime, datetime]:
    """The last day is counted."""
    zone = timezone.get_current_timezone()
    first, after = days[0], days[1] + timedelta(days=1)
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)


def _answer(data: bytes, days: tuple[date, date]) -> HttpResponse:
    answer = HttpResponse(data, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="engagehub-costs-{days[0]}-{days[1]}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def write_csv(
    costs: list[Cost],
    income: Sequence[PeriodIncome] = (),
    days: tuple[date, date] | None = None,
    *,
    totals: bool = False,
) -> bytes:
    """A line an invoice, the oldest first; then a line for what the supporters of each community paid in those days, in columns of its
    own, so that costs and income are never summed by mistake; with `totals` a last line for each currency, which says that it is one.
    No cell is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    text.write("\ufeff")  # without it Excel reads UTF-8 as something else
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    lines = [_line(one) for one in costs] + [_income_line(one, days) for one in income]
    if totals:
        lines += _total_lines(costs, income, days)
    for line in lines:
        writer.writerow([make_safe(cell) for cell in line])
    return text.getvalue().encode()


def _line(one: Cost) -> list[object]:
    amounts = [_amount(amount, one.currency) for amount in (one.net, one.tax, one.total)]
    return [
        _day(one.invoiced_at), one.number, one.community or TOGETHER.get(one.kind, TOGETHER["use"]), one.address, one.plan,
        _day(one.period_start), _day(one.period_end), one.currency.upper(), *amounts, one.state,
        "", "", "", "", _amount(one.refunded, one.currency) if one.refunded else "", one.payer,
    ]  # fmt: skip


def _income_line(one: PeriodIncome, days: tuple[date, date] | None) -> list[object]:
    first, last = (day.isoformat() for day in days) if days else ("", "")
    amounts = (one.gross, one.refunded, one.fee, one.net)
    return [
        "", "", one.tenant.name, one.tenant.slug, "Supporters", first, last, one.currency.upper(),
        "", "", "", "income", *(_amount(amount, one.currency) for amount in amounts), "", "",
    ]  # fmt: skip


def _total_lines(
    costs: list[Cost], income: Sequence[PeriodIncome], days: tuple[date, date] | None
) -> list[list[object]]:
    spent = {one.currency: one for one in add_up_costs(costs)}
    brought = {one.currency: one for one in add_up_income(income)}
    first, last = (day.isoformat() for day in days) if days else ("", "")
    lines: list[list[object]] = []
    for currency in sorted({*spent, *brought}):
        out, back = spent.get(currency), brought.get(currency)
        costs_of = (out.net, out.tax, out.total) if out else ("", "", "")
        income_of = (back.gross, back.refunded, back.fee, back.net) if back else ("", "", "", "")
        lines.append([
            "", "", f"Total in {currency.upper()}", "", "", first, last, currency.upper(),
            *(_amount(one, currency) for one in costs_of), "total", *(_amount(one, currency) for one in income_of),
            _amount(out.refunded if out else "", currency), "",
        ])  # fmt: skip
    return lines


def _amount(amount: int | str, currency: str) -> object:
    return amount if isinstance(amount, str) else _Number(write_plain(amount, currency))


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
