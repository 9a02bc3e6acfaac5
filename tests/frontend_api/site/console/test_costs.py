"""Costs per community as a file: what Stripe invoiced in a period, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.costs import Cost, add_up_clients
from billing.models import Payer
from billing.retainers.covering import cover_community
from frontend_api.site.console.costs import COLUMNS, write_csv
from frontend_api.site.console.income import PeriodIncome
from saas.core import clock
from tenants.context import TenantContext
from tenants.models import Membership, Tenant
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import ACTOR, Shop
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.portal.test_leaderboard import text_of
from tests.frontend_api.supporting import connect, paid, support, tier

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(data: bytes) -> list[dict[str, str]]:
    assert data.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def cost(**other: object) -> Cost:
    known: dict[str, object] = {
        "invoiced_at": MARCH, "number": "EH-1", "community": "Acme", "address": "acme", "plan": "Growth",
        "period_start": MARCH, "period_end": MARCH, "currency": "usd", "net": 2500, "tax": 475, "total": 2975, "state": "paid",
    }  # fmt: skip
    return Cost(**{**known, **other})  # type: ignore[arg-type]


def test_a_line_has_everything_that_books_ask_for() -> None:
    (line,) = read(write_csv([cost()]))
    assert tuple(line) == COLUMNS
    assert (line["Net"], line["Tax"], line["Total"], line["Currency"]) == ("25.00", "4.75", "29.75", "USD")
    assert (line["Invoice date"], line["Community"], line["Plan"]) == ("2026-03-01", "Acme", "Growth")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "|calc", " =cmd"])
def test_no_cell_is_taken_for_a_formula(name: str) -> None:
    (line,) = read(write_csv([cost(community=name)]))
    assert line["Community"].startswith("'")


def test_a_credit_is_a_number_and_stays_one() -> None:
    (line,) = read(write_csv([cost(net=-500, tax=0, total=-500)]))
    assert line["Net"] == "-5.00"


@pytest.mark.parametrize(
    ("kind", "said"),
    [("use", "All communities of this payer (use)"), ("retainer", "All communities of this retainer")],
)
def test_what_is_billed_for_all_says_so(kind: str, said: str) -> None:
    (line,) = read(write_csv([cost(community="", address="", kind=kind)]))
    assert line["Community"] == said


def test_the_totals_are_the_sums_of_the_lines_to_the_cent() -> None:
    chance = random.Random(4)
    costs = []
    for number in range(300):
        net, tax = chance.randint(-50_000, 999_999), chance.randint(0, 9_999)
        kind = chance.choice(("plan", "retainer", "use"))
        named = (
            {"community": chance.choice(("Acme", "=Globex")), "address": "x"}
            if kind == "plan"
            else {"community": "", "address": ""}
        )
        costs.append(cost(number=f"EH-{number}", currency=chance.choice(("usd", "eur", "jpy")), net=net, tax=tax, total=net + tax,
                          refunded=chance.choice((0, 0, 333)), kind=kind, **named))  # fmt: skip
    tenant = Tenant(name="Acme", slug="acme")
    income = [
        PeriodIncome(tenant, chance.choice(("usd", "gbp")), 1, chance.randint(1, 9_999), 37, 5)
        for _ in range(50)
    ]
    lines = read(write_csv(costs, income, totals=True))
    totals = {line["Currency"]: line for line in lines if line["State"] == "total"}
    assert set(totals) == {"USD", "EUR", "JPY", "GBP"}
    for currency, total in totals.items():
        rest = [one for one in lines if one["Currency"] == currency and one["State"] != "total"]
        for column in (
            "Net",
            "Tax",
            "Total",
            "Paid by supporters",
            "Refunded",
            "Our fee",
            "To the community",
            "Given back",
        ):
            assert sum(Decimal(one[column] or 0) for one in rest) == Decimal(total[column] or 0), (
                currency,
                column,
            )
    clients = add_up_clients(costs)
    for code in ("usd", "eur", "jpy"):
        assert sum(one.total for one in clients if one.currency == code) == sum(
            one.total for one in costs if one.currency == code
        )
    assert [bool(one.community) for one in clients] == sorted(
        (bool(one.community) for one in clients), reverse=True
    )


def test_one_page_and_one_file_for_everything_that_is_paid(
    pages: Browser, shop: Shop, acme: TenantContext, globex: TenantContext
) -> None:
    """As a person and as a company, with what supporters of a community under its retainer brought."""
    shop.skip_trial()
    shop.buy()
    row = agree(shop)
    Membership.objects.filter(tenant_id=globex.tenant_id, role="owner").update(user=shop.owner)
    cover_community(key=row.key, tenant_id=globex.tenant_id, actor=ACTOR)
    connect(globex)
    paid(globex, support(globex, tier(globex, currency="eur")), amount=500, fee=40, days_ago=0)
    charge = next(one for one in shop.stripe.v1.charges.list({"limit": 10}).data if one.amount == 2_500)
    shop.stripe.v1.refunds.create({"charge": charge.id, "amount": 700})
    shop.server.control.advance(7_200)  # until then the retainer's invoice is a draft
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    assert "/billing/costs/" in text_of(client.get("/billing/"))
    assert "Everybody that you pay as" in text_of(client.get("/billing/costs/"))
    today = clock.now().date()
    days = {"begin": today - timedelta(days=1), "until": today + timedelta(days=1)}
    text = text_of(client.get("/billing/costs/", days))
    for words in (
        "$65.00",
        "on 2 invoices",
        "$7.00 of it were given back",
        "All communities of this retainer",
        "€4.60",
        "Acme Makers",
    ):
        assert words in text, words
    lines = read(client.get("/billing/costs/", {**days, "file": "csv"}).content)
    invoices, rest = sorted(lines[:2], key=lambda one: one["Community"]), lines[2:]
    told = [(one["Community"], one["Total"], one["Given back"], one["Paid by"]) for one in (*invoices, *rest)]
    assert told == [
        ("Acme Makers", "25.00", "7.00", "Acme Owner"),
        ("All communities of this retainer", "40.00", "", "Agency Ltd"),
        ("Globex Guild", "", "", ""),
        ("Total in EUR", "", "", ""),
        ("Total in USD", "65.00", "7.00", ""),
    ]
    company = client.get("/billing/costs/", {**days, "payer": row.payer.key, "file": "csv"})
    assert [one["Community"] for one in read(company.content)] == [
        "All communities of this retainer", "Globex Guild", "Total in EUR", "Total in USD",
    ]  # fmt: skip
    # The file of that payer alone has what its retainer covers as well.
    alone = client.get(f"/billing/payers/{row.payer.key}/costs/", days)
    assert [one["State"] for one in read(alone.content)][-1] == "income"
    assert client.get("/billing/costs/", {**days, "payer": "01X"}).status_code == 422
    other = Browser().on(BASE)
    other.post("/login/", {"name": "globex-owner", "password": PASSWORD})
    assert "Nothing was invoiced in these days." in text_of(other.get("/billing/costs/", days))


def test_the_page_says_that_stripe_is_away(pages: Browser, shop: Shop) -> None:
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    shop.begin()
    shop.server.control.faults(status=500)
    answer = client.get("/billing/costs/", {"begin": "2026-01-01", "until": "2026-02-01"})
    assert answer.status_code == 503
    assert "did not answer" in answer.content.decode()


def test_the_file_has_what_was_invoiced_in_the_period(pages: Browser, shop: Shop) -> None:
    shop.skip_trial()
    shop.buy()
    Tenant.objects.filter(slug="acme").update(name="=HYPERLINK(1)")
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    base = f"/billing/payers/{Payer.objects.get().key}/costs/"
    assert "Download CSV" in text_of(client.get(base))
    today = clock.now().date()
    answer = client.get(base, {"begin": today - timedelta(days=1), "until": today + timedelta(days=1)})
    assert answer["Content-Type"].startswith("text/csv")
    assert "no-store" in answer["Cache-Control"]
    (line,) = read(answer.content)
    assert (line["Community"], line["Address"], line["Total"]) == ("'=HYPERLINK(1)", "acme", "25.00")
    assert line["Plan"] == "Growth"
    earlier = client.get(base, {"begin": "2026-01-01", "until": "2026-01-31"})
    assert read(earlier.content) == []


@pytest.mark.parametrize(
    "period",
    [
        {"begin": "2026-02-01", "until": "2026-01-01"},
        {"begin": "soon", "until": "2026-01-01"},
        {"begin": "2026-02-01"},
    ],
)
def test_a_period_that_is_none_is_refused(pages: Browser, shop: Shop, period: dict[str, str]) -> None:
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    shop.begin()
    assert client.get(f"/billing/payers/{Payer.objects.get().key}/costs/", period).status_code == 422


def test_a_stripe_that_is_away_is_said(pages: Browser, shop: Shop) -> None:
    client = pages.on(BASE)
    client.post("/login/", {"name": "acme-owner", "password": PASSWORD})
    shop.begin()
    shop.server.control.faults(status=500)
    answer = client.get(
        f"/billing/payers/{Payer.objects.get().key}/costs/", {"begin": "2026-01-01", "until": "2026-02-01"}
    )
    assert answer.status_code == 503
    assert "did not answer" in answer.content.decode()
