"""The console: payers, their communities, totals by currency; usage comes community by community."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import Payer, Subscription
from billing.payers import add_company, change_payer
from billing.paying import PayerBook, Totals, add_up, find_paid, list_books, list_unpaid_communities
from frontend_api.dashboard.billing.books import try_stripe
from frontend_api.dashboard.billing.usage import UsageLine, list_usage
from frontend_api.dashboard.billing.words import Standing, describe_standing
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.money import write_money
from frontend_api.site.personal import user_of
from saas.core import clock
from saas.core.errors import NotFoundError
from tenants.context import TenantContext
from tenants.entitlements import Entitlements
from tenants.models import Membership, Tenant

from .bundles import describe_bundle, enter
from .income import describe_income

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A community that somebody pays for. `role`: theirs on its team; who pays need not be on it."""

    row: Subscription
    standing: Standing
    href: str
    role: str

    @property
    def is_owned(self) -> bool:
        return self.role == Membership.Role.OWNER

    @property
    def is_led(self) -> bool:
        return self.role in {Membership.Role.OWNER, Membership.Role.ADMIN}


@dataclass(frozen=True, slots=True)
class BookView:
    payer: Payer
    lines: list[PlaceLine]
    totals: list[str]
    bundles: list[dict[str, Any]]


class NotYourPayerError(NotFoundError):
    code = "payer_not_found"

    def __init__(self) -> None:
        super().__init__("You pay under no such name, or for no such community.")


class CompanyForm(DeskForm):
    name = forms.CharField(label="Name of the company", max_length=100, help_text="As it stands on invoices.")
    email = forms.EmailField(label="Where invoices go", max_length=254)


class PersonForm(DeskForm):
    email = forms.EmailField(label="Where invoices go", max_length=254)


@never_cache
@login_required
@require_safe
def show_console(request: HttpRequest) -> HttpResponse:
    """From our own books, with the same number of queries however many communities there are."""
    user = user_of(request)
    books = list_books(user=user)
    paying = [book for book in books if book.subscriptions or book.retainers]
    roles = dict(Membership.objects.filter(user=user).values_list("tenant_id", "role"))
    facts: dict[str, Any] = {
        "sold": settings.BILLING_ON,
        "books": [_view(book, roles) for book in books],
        "totals": write_totals(_sum_up(paying)) if len(paying) > 1 else [],
        "count": sum(book.communities for book in paying),
        "income": describe_income(user),
        "unpaid": [
            (one, enter(one, "/dashboard/billing/plans/")) for one in list_unpaid_communities(user=user)
        ],
        "done": request.GET.get("done", "") == "saved",
    }
    return render(request, "site/console/console.html", facts)


@never_cache
@login_required
@require_safe
def show_usage(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """What one community uses, as a part of the page or by itself. A community of others is a 404."""
    row = find_paid(user=user_of(request), tenant_id=tenant_id)
    if row is None:
        raise NotYourPayerError
    facts = {"row": row, "usage": list_counted(row.tenant), "back": reverse("console")}
    part = request.headers.get("HX-Request") == "true"
    return render(request, f"site/console/usage{'_part' if part else ''}.html", facts)


def list_counted(tenant: Tenant) -> list[UsageLine]:
    """The limits of which a number in use can be told. One unit of work in the community's own schema."""
    entitlements = Entitlements.parse(tenant.entitlements, tenant.entitlements_version)
    lines = list_usage(
        context=TenantContext.of(tenant), entitlements=entitlements, kind=tenant.kind, now=clock.now()
    )
    return [line for line in lines if line.used is not None]


@never_cache
@login_required
@require_http_methods(GET_OR_POST)
def add_payer(request: HttpRequest) -> HttpResponse:
    """A company of one's own, with its own cards and invoices."""
    user = user_of(request)
    form = CompanyForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        made, status = try_stripe(form, lambda: add_company(user=user, **form.cleaned_data))
        if made is not None:
            return HttpResponseRedirect(f"{reverse('console')}?done=saved")
    elif form.is_bound:
        status = 422
    facts = {
        "form": form,
        "title": "Add a company",
        "lead": "It gets cards and invoices of its own. You choose it when you choose a plan.",
        "submit": "Add it",
    }
    return render(request, "site/console/form.html", facts, status=status)


@never_cache
@login_required
@require_http_methods(GET_OR_POST)
def edit_payer(request: HttpRequest, key: str) -> HttpResponse:
    """What stands on a payer's invoices."""
    payer = find_payer(request, key)
    is_company = payer.kind == Payer.Kind.COMPANY
    kind = CompanyForm if is_company else PersonForm
    form = kind(
        request.POST if request.method == "POST" else None,
        initial={"name": payer.name, "email": payer.email or payer.user.email},
    )
    status = 200
    if form.is_valid():
        given = {"name": "", **form.cleaned_data}
        saved, status = try_stripe(form, lambda: change_payer(payer=payer, kind=payer.kind, **given))
        if saved is not None:
            return HttpResponseRedirect(f"{reverse('console')}?done=saved")
    elif form.is_bound:
        status = 422
    facts = {
        "form": form,
        "title": payer.name or "You",
        "lead": "Addresses, tax numbers and cards are changed on the Billing page of any of its communities.",
        "submit": "Save",
    }
    return render(request, "site/console/form.html", facts, status=status)


def find_payer(request: HttpRequest, key: str) -> Payer:
    """One of this person's own. Raises NotYourPayerError, which is a 404."""
    found = (
        Payer.objects.select_related("user")
        .filter(key=key.replace("\x00", "")[:26], user=user_of(request))
        .first()
    )
    if found is None:
        raise NotYourPayerError
    return found


def write_totals(totals: Totals) -> list[str]:
    """`$75 a month and $250 a year`, a line a currency."""
    return [
        " and ".join(
            f"{write_money(amount, currency)} a {interval}"
            for interval, amount in sorted(by_interval.items())
        )
        for currency, by_interval in totals.items()
    ]


def _sum_up(books: list[PayerBook]) -> Totals:
    rows = [row for book in books for row in book.subscriptions]
    return add_up(rows, [bundle for book in books for bundle in book.retainers])


def _view(book: PayerBook, roles: dict[int, str]) -> BookView:
    now = clock.now()
    lines = []
    for row in book.subscriptions:
        entitlements = Entitlements.parse(row.tenant.entitlements, row.tenant.entitlements_version)
        standing = describe_standing(row, entitlements, now)
        href = enter(row.tenant, "/dashboard/billing/")
        lines.append(PlaceLine(row, standing, href, roles.get(row.tenant_id, "")))
    bundles = [describe_bundle(bundle) for bundle in book.retainers]
    return BookView(book.payer, lines, write_totals(book.totals), bundles)
