"""Costs per community as a file: what Stripe invoiced in a period, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from billing.costs import Cost
from billing.models import Payer
from frontend_api.site.console.costs import COLUMNS, write_csv
from saas.core import clock
from tenants.models import Tenant
from tests.billing.shop import Shop
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

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


def test_what_is_billed_for_all_says_so() -> None:
    (line,) = read(write_csv([cost(community="", address="")]))
    assert line["Community"] == "All communities of this payer (use)"


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
