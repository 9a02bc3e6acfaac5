"""What supporters bring stands beside what the communities cost: on the page with constant queries, and in the file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from frontend_api.site.console.costs import write_csv
from frontend_api.site.console.income import list_period_income
from saas.core import clock
from tenants.context import TenantContext
from tests.billing.making import owner_of
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, paid, support, tier

if TYPE_CHECKING:
    from billing.income.models import SupportSubscription


def mirrored(context: TenantContext, number: int, **sums: Any) -> SupportSubscription:
    """A support as billing keeps it."""
    from billing.income.models import SupportCustomer, SupportSubscription

    customer = SupportCustomer.objects.create(tenant_id=context.tenant_id, member_id=number)
    values = {
        "tier": "x",
        "status": "active",
        "amount": 500,
        "currency": "eur",
        "interval": "month",
        "fee": 8,
    } | sums
    return SupportSubscription.objects.create(
        customer=customer, tenant_id=context.tenant_id, stripe_id=f"sub_s{context.tenant_id}{number}", account_id="acct_1",
        **values,
    )  # fmt: skip


def test_income_stands_on_the_page_in_totals_and_by_community(
    agency: Any, acme: TenantContext, globex: TenantContext
) -> None:
    assert "What supporters bring" not in text_of(agency.get("/billing/"))
    connect(acme)
    connect(globex, ready=False)
    mirrored(acme, 1, gross=1_000, fees=80, refunded=0)
    mirrored(globex, 1, gross=2_000, fees=160, refunded=500)
    text = text_of(agency.get("/billing/"))
    for words in (
        "What supporters bring",
        "€22.60 of €30.00 that was paid",
        "€9.20 of €10.00",
        "1 supporter",
    ):
        assert words in text
    assert "Payouts are not ready" in text

    with CaptureQueriesContext(connection) as few:
        agency.get("/billing/")
    for number in range(2, 12):
        mirrored(acme, number, gross=1_000, fees=80, refunded=0, currency="usd")
    with CaptureQueriesContext(connection) as many:
        agency.get("/billing/")
    assert len(many.captured_queries) == len(few.captured_queries)


@pytest.mark.parametrize("days", [3, 40])
def test_the_file_has_what_was_paid_in_the_period_in_columns_of_its_own(
    agency: Any, acme: TenantContext, days: int
) -> None:
    connect(acme)
    friends = tier(acme, currency="eur")
    row = support(acme, friends)
    for ago in (1, 2, 30):
        paid(acme, row, amount=500, fee=40, days_ago=ago)
    now = clock.now()
    income = list_period_income(owner_of(), start=now - timedelta(days=days), end=now + timedelta(days=1))
    (line,) = csv.DictReader(io.StringIO(write_csv([], income).decode("utf-8-sig")))
    count = 2 if days == 3 else 3
    assert (line["State"], line["Plan"], line["Currency"], line["Total"]) == (
        "income",
        "Supporters",
        "EUR",
        "",
    )
    assert line["Paid by supporters"] == f"{count * 5}.00"
    assert line["Our fee"] == f"0.{count * 40}" if count < 3 else "1.20"
    assert line["To the community"] == f"{(count * 460) / 100:.2f}"


def test_what_others_own_is_not_told(agency: Any, acme: TenantContext, globex: TenantContext) -> None:
    from tenants.models import Membership

    connect(globex)
    Membership.objects.filter(tenant_id=globex.tenant_id, role="owner").update(role="admin")
    assert "What supporters bring" not in text_of(agency.get("/billing/"))
    now = clock.now()
    assert list_period_income(owner_of(), start=now - timedelta(days=9), end=now) == []
