"""What supporters brought to the communities that somebody owns: beside what these cost, on the page and in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Sum

from billing.income.overview import CommunityIncome, Total, list_income
from engagement.supporters.models import SupporterPayment
from frontend_api.money import write_money
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant, User
from tenants.tickets import get_tenant_address


@dataclass(frozen=True, slots=True)
class IncomeView:
    """`lines`: a community each; `totals`: `€190.44 of €207 paid`, a line a currency."""

    lines: list[dict[str, Any]]
    totals: list[str]


@dataclass(frozen=True, slots=True)
class PeriodIncome:
    """Of one community and currency in a period, in minor units. `fee` is what we kept."""

    tenant: Tenant
    currency: str
    payments: int
    gross: int
    fee: int
    refunded: int

    @property
    def net(self) -> int:
        return self.gross - self.refunded - self.fee


@dataclass(frozen=True, slots=True)
class IncomeSum:
    """Of one currency, over communities."""

    currency: str
    payments: int = 0
    gross: int = 0
    fee: int = 0
    refunded: int = 0

    @property
    def net(self) -> int:
        return self.gross - self.refunded - self.fee


def describe_income(user: User) -> IncomeView | None:
    """Since the beginning, of communities with an account for payouts; None where there is none. As many queries for one community as
    for a hundred."""
    found = list_income(user=user)
    if not found:
        return None
    return IncomeView([_line(one) for one in found], _write_totals(found))


def list_period_income(user: User, *, start: datetime, end: datetime) -> list[PeriodIncome]:
    """What was paid at `start` ≤ time < `end`, community by community: each is entered by itself."""
    found = []
    for one in list_income(user=user):
        with enter_tenant(TenantContext.of(one.tenant)):
            rows = (
                SupporterPayment.objects.filter(paid_at__gte=start, paid_at__lt=end)
                .values("currency")
                .annotate(
                    payments=Count("pk"),
                    gross=Sum("amount"),
                    fees=Sum("fee"),
                    back=Sum(F("refunded") + F("disputed")),
                )
                .order_by("currency")
            )
            found += [
                PeriodIncome(
                    one.tenant, row["currency"], row["payments"], row["gross"], row["fees"], row["back"]
                )
                for row in rows
            ]
    return found


def add_up_income(lines: Iterable[PeriodIncome]) -> list[IncomeSum]:
    """A sum for each currency, by its code. Pure."""
    found: dict[str, IncomeSum] = {}
    for one in lines:
        so_far = found.get(one.currency, IncomeSum(one.currency))
        found[one.currency] = IncomeSum(
            one.currency,
            so_far.payments + one.payments,
            so_far.gross + one.gross,
            so_far.fee + one.fee,
            so_far.refunded + one.refunded,
        )
    return [found[currency] for currency in sorted(found)]


def _line(one: CommunityIncome) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "href": f"{get_tenant_address(one.tenant.slug)}/login/?next=/dashboard/supporters/",
        "supporters": one.supporters,
        "ready": one.account is not None and one.account.can_sell,
        "totals": [_write_total(total) for total in one.totals],
    }


def _write_totals(found: Iterable[CommunityIncome]) -> list[str]:
    sums: dict[str, Total] = {}
    for one in found:
        for total in one.totals:
            so_far = sums.get(total.currency, Total(total.currency, 0, 0, 0))
            sums[total.currency] = Total(
                total.currency,
                so_far.gross + total.gross,
                so_far.fees + total.fees,
                so_far.refunded + total.refunded,
            )
    return [_write_total(sums[currency]) for currency in sorted(sums)]


def _write_total(total: Total) -> str:
    net, gross = (write_money(amount, total.currency, exact=True) for amount in (total.net, total.gross))
    return f"{net} of {gross} that was paid"
