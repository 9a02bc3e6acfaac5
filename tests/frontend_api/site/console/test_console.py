"""The console of those who pay for several communities: what they pay for, and nothing of anybody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from billing.models import Payer
from tenants.models import Tenant
from tests.billing.making import subscribed
from tests.cast import GLOBEX
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PAGE = "/billing/"
ROUTES = (
    PAGE, "/billing/costs/", "/billing/payers/new/", "/billing/payers/01X/", "/billing/payers/01X/costs/", "/billing/communities/1/usage/",
    "/billing/communities/1/hand-over/", "/billing/copy/",
)  # fmt: skip


def sign_in(pages: Browser, username: str) -> Client:
    client = pages.on(BASE)
    client.post("/login/", {"name": username, "password": PASSWORD})
    return client


@pytest.mark.parametrize("path", ROUTES)
def test_a_stranger_signs_in_first(pages: Browser, path: str) -> None:
    answer = pages.on(BASE).get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=/billing/")
    assert pages.on(BASE).post("/billing/copy/1/undo/").status_code == 302


def test_who_pays_for_nothing_reads_one_helpful_sentence(pages: Browser) -> None:
    text = text_of(sign_in(pages, "acme-member").get(PAGE))
    assert "You pay for nothing" in text
    assert "Choose a plan on the Billing page of a community that you own" in text


def test_every_community_stands_there_with_plan_and_next_payment(agency: Client) -> None:
    text = text_of(agency.get(PAGE))
    assert "Acme Makers" in text
    assert "Growth, $25 a month. Next payment on" in text
    assert "Globex Guild" in text
    assert "Pro, €500 a year. Next payment on" in text
    assert "€500 a year" in text
    assert "http://acme.localhost/login/?next=%2Fdashboard%2Fbilling%2F" in text


def test_totals_are_never_added_over_currencies_or_payers_without_saying_so(agency: Client) -> None:
    company = Payer.objects.create(user=Payer.objects.get().user, kind="company", name="Other <b>Ltd")
    Payer.objects.get(kind="person").subscriptions.filter(tenant__slug="globex").update(payer=company)
    text = text_of(agency.get(PAGE))
    assert "2 communities" in text
    assert "Other &lt;b&gt;Ltd" in text
    assert "$25 a month" in text
    assert "€500 a year" in text


def test_others_are_not_told_of(agency: Client, pages: Browser) -> None:
    other = Browser()
    text = text_of(sign_in(other, "globex-owner").get(PAGE))
    assert "Globex Guild" not in text
    assert "Acme" not in text


def test_usage_comes_for_ones_own_and_is_a_404_for_others(agency: Client) -> None:
    acme, globex = (Tenant.objects.get(slug=slug) for slug in ("acme", "globex"))
    part = agency.get(f"/billing/communities/{acme.pk}/usage/", headers={"HX-Request": "true"})
    assert "of 25,000 members" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert agency.get(f"/billing/communities/{globex.pk}/usage/").status_code == 200
    other = sign_in(Browser(), "globex-owner")
    for tenant_id in (acme.pk, globex.pk, 999_999):
        assert other.get(f"/billing/communities/{tenant_id}/usage/").status_code == 404


def test_the_page_costs_the_same_for_many(agency: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(40) as few:
        agency.get(PAGE)
    payer = Payer.objects.get()
    for number in range(12):
        tenant = Tenant.objects.create(
            slug=f"many-{number}", name=f"Many {number}", schema_name=f"t_many_{number}", state="active"
        )
        payer.subscriptions.create(
            tenant=tenant, stripe_id=f"sub_many_{number}", plan="starter", currency="usd", status="active"
        )
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert "Many 11" in text_of(agency.get(PAGE))


def test_a_company_is_added_and_changed(agency: Client) -> None:
    made = agency.post("/billing/payers/new/", {"name": "Acme Agency", "email": "a@agency.test"})
    assert made["Location"] == "/billing/?done=saved"
    company = Payer.objects.get(kind="company")
    changed = agency.post(f"/billing/payers/{company.key}/", {"name": "Acme Co", "email": "b@agency.test"})
    assert changed["Location"] == "/billing/?done=saved"
    company.refresh_from_db()
    assert (company.name, company.email) == ("Acme Co", "b@agency.test")
    assert "Acme Co" in text_of(agency.get(PAGE))


def test_two_companies_of_one_name_are_none(agency: Client) -> None:
    for name in ("First", "Second"):
        agency.post("/billing/payers/new/", {"name": name, "email": "a@agency.test"})
    second = Payer.objects.get(name="Second")
    answer = agency.post(f"/billing/payers/{second.key}/", {"name": "First", "email": "b@agency.test"})
    assert answer.status_code == 422
    assert "You pay as First already" in answer.content.decode()
    second.refresh_from_db()
    assert (second.name, second.email) == ("Second", "a@agency.test")


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "email": "a@b.test"},
        {"name": "A", "email": "nobody"},
        {"name": "x" * 300, "email": "a@b.test"},
    ],
)
def test_a_company_that_is_none_is_refused(agency: Client, form: dict[str, str]) -> None:
    assert agency.post("/billing/payers/new/", form).status_code == 422
    assert not Payer.objects.filter(kind="company").exists()


def test_anothers_payer_is_not_there(agency: Client) -> None:
    subscribed_payer = Payer.objects.get()
    other = sign_in(Browser(), "globex-owner")
    for path in ("", "costs/", "costs/?begin=2026-01-01&until=2026-02-01"):
        assert other.get(f"/billing/payers/{subscribed_payer.key}/{path}").status_code == 404
    assert other.post(f"/billing/payers/{subscribed_payer.key}/", {"email": "x@y.test"}).status_code == 404


def test_communities_without_a_plan_lead_to_choosing_one(pages: Browser, settings: Any) -> None:
    settings.BILLING_ON = True
    text = text_of(sign_in(pages, "acme-owner").get(PAGE))
    assert "Your communities without a plan" in text
    assert "http://acme.localhost/login/?next=%2Fdashboard%2Fbilling%2Fplans%2F" in text
    assert GLOBEX.name not in text
    assert subscribed is not None
