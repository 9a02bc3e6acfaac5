"""A retainer at the desk of whoever pays: whom it covers, filling its places, its invoices; and the owner who is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from billing.models import RetainerPlace
from billing.retainers.offering import list_offers
from tenants.models import Membership, Tenant
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import Shop
from tests.cast import GLOBEX
from tests.frontend_api.hosts import Browser
from tests.frontend_api.portal.test_leaderboard import text_of

from .test_console import sign_in


@pytest.fixture
def payer(pages: Browser, shop: Shop) -> Client:
    return sign_in(pages, "acme-owner")


def tenant(slug: str) -> Tenant:
    found: Tenant = Tenant.objects.get(slug=slug)
    return found


def test_places_are_filled_with_own_communities(payer: Client, shop: Shop) -> None:
    row = agree(shop, places=1)
    page = f"/billing/retainers/{row.key}/"
    assert "Communities in it" in text_of(payer.get("/billing/"))
    assert "Acme Makers" in text_of(payer.get(page))
    done = payer.post(page, {"do": "in", "tenant": tenant("acme").pk}, follow=True)
    assert "Taken in." in text_of(done)
    assert "All places are taken" in text_of(payer.get(page))
    assert "Taken out." in text_of(payer.post(page, {"do": "out", "tenant": tenant("acme").pk}, follow=True))
    assert not RetainerPlace.objects.filter(left_at=None).exists()


@pytest.mark.parametrize(
    "form",
    [{"do": "in", "tenant": "9" * 40}, {"do": "in"}, {"do": "burn"}, {}, {"do": "offer", "slug": "<script>alert(1)</script>"}],
)  # fmt: skip
def test_nonsense_is_refused_in_words(payer: Client, shop: Shop, form: dict[str, str]) -> None:
    answer = payer.post(f"/billing/retainers/{agree(shop).key}/", form)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.content.decode()


def test_anothers_community_is_asked_and_its_owner_accepts(payer: Client, shop: Shop) -> None:
    row = agree(shop)
    page = f"/billing/retainers/{row.key}/"
    assert "Offered. Its owner decides" in text_of(
        payer.post(page, {"do": "offer", "slug": "globex"}, follow=True)
    )
    assert "Its owner can accept until" in text_of(payer.get(page))
    (offer,) = list_offers(retainer=row)
    owner = Browser()
    owner.sign_in("globex-owner", host="globex.localhost", path="/earn/")
    billing = owner.on("globex.localhost")
    assert (
        "Agency Ltd</bdi> would like to pay for this community"
        in billing.get("/dashboard/billing/").content.decode()
    )
    done = billing.post(
        "/dashboard/billing/cover/", {"do": "accept", "offer": offer.attempt.key}, follow=True
    )
    assert "paid by Agency Ltd under a retainer" in done.content.decode()
    again = billing.post(
        "/dashboard/billing/cover/", {"do": "accept", "offer": offer.attempt.key}, follow=True
    )
    assert "This offer was answered" in again.content.decode()


def test_an_admin_is_not_shown_the_offer_and_cannot_answer_it(payer: Client, shop: Shop) -> None:
    row, other = agree(shop), Shop(shop.server, GLOBEX)
    payer.post(f"/billing/retainers/{row.key}/", {"do": "offer", "slug": "globex"})
    Membership.objects.filter(user=other.owner).update(role="admin")
    admin = Browser()
    admin.sign_in("globex-owner", host="globex.localhost", path="/earn/")
    client = admin.on("globex.localhost")
    assert "would like to pay" not in client.get("/dashboard/billing/").content.decode()
    (offer,) = list_offers(retainer=row)
    assert client.post("/dashboard/billing/cover/", {"offer": offer.attempt.key}).status_code == 403


def test_anothers_retainer_and_invoices_are_a_404(payer: Client, shop: Shop) -> None:
    row, other = agree(shop), sign_in(Browser(), "globex-owner")
    for path in (
        f"/billing/retainers/{row.key}/",
        f"/billing/payers/{row.payer.key}/invoices/",
        "/billing/retainers/x/",
        "/billing/retainers/%00/",
        "/billing/payers/%00/costs/",
    ):
        assert other.get(path).status_code == 404
    assert other.post(f"/billing/retainers/{row.key}/", {"do": "offer", "slug": "globex"}).status_code == 404


def test_its_invoices_stand_beside_the_others_with_their_files(payer: Client, shop: Shop) -> None:
    row = agree(shop)
    shop.server.control.set_time((datetime.now(UTC).timestamp()) + 33 * 86_400)
    answer = payer.get(f"/billing/payers/{row.payer.key}/invoices/")
    text = text_of(answer)
    assert text.count("Retainer, Growth") == 2
    assert text.count("PDF<span") == 2
    assert "due on" in text
    shop.server.control.faults(cut=True, path="/v1/invoices")
    away: Any = payer.get(f"/billing/payers/{row.payer.key}/invoices/")
    assert away.status_code == 200
    assert "hourglass" in away.content.decode()


def test_one_that_is_ahead_says_when_it_begins(payer: Client, shop: Shop) -> None:
    row = agree(shop, starts_at=datetime(2031, 5, 1, 9, tzinfo=UTC))
    for path in ("/billing/", f"/billing/retainers/{row.key}/"):
        assert "It begins on" in text_of(payer.get(path))
