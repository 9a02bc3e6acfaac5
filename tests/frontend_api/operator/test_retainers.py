"""Retainers on the operator's page, and on the page of whoever pays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from billing.models import RetainerPlace, Subscription
from billing.retainers.covering import cover_community
from billing.retainers.terms import version_of
from saas.core import clock
from tenants.models import Tenant
from tests.billing.conftest import shop as shop
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import ACTOR, Shop
from tests.frontend_api.hosts import BASE, Browser
from tests.frontend_api.operator.test_pages import operator as operator


def test_communities_are_taken_in_and_out_and_its_end_is_taken_back(
    pages: Browser, shop: Shop, operator: Any
) -> None:
    client, page = pages.on(BASE), reverse("ops-retainers", urlconf="saas.urls.public")
    assert "No retainer yet" in client.get(page).content.decode()
    row = agree(shop)

    def do(**form: Any) -> str:
        return client.post(f"{page}{row.key}/", form, follow=True).content.decode()

    assert "Acme Makers has Growth." in do(do="cover", slug="acme")
    text = client.get(page).content.decode()
    assert "Growth for 2 communities · $40 a month" in text
    assert "1 place left" in text
    assert "No community has the address" in do(do="cover", slug="nowhere<script>")
    assert "renews no more" in do(do="end")
    assert "renews." in do(do="renew")
    tenant_id = Tenant.objects.get(slug="acme").pk
    assert "keeps the plan for the grace" in do(do="release", tenant=tenant_id)
    assert not RetainerPlace.objects.filter(left_at=None).exists()
    assert client.post(f"{page}{row.key}/", {"do": "burn"}).status_code == 422
    assert client.post(f"{page}none/", {"do": "end"}).status_code == 404


def test_other_terms_are_shown_with_their_figures_and_then_hold(
    pages: Browser, shop: Shop, operator: Any
) -> None:
    row = agree(shop)
    client, page = pages.on(BASE), f"/ops/retainers/{row.key}/terms/"
    form = {"plan": "pro", "price": "90", "places": "5", "days": "10", "when": "next"}
    assert "Growth for 2 at once, $40 a month" in client.get(page).content.decode()
    shown = client.get(page, form)
    text = shown.content.decode()
    assert "Pro for 5 communities, $90.00 a month, due in 10 days." in text
    assert "Nothing is billed now." in text
    seen = {"version": shown.context["preview"]["version"]}
    assert "Planned. From" in client.post(page, {**form, **seen}, follow=True).content.decode()
    listed = client.get("/ops/retainers/").content.decode()
    assert "Pro for 5 communities, $90 a month, due in 10 days." in listed
    # What was seen no longer holds, and the same again is the same.
    assert client.post(page, {**form, **seen}).status_code == 302
    assert client.post(page, {**form, **seen, "price": "95"}).status_code == 409
    row.refresh_from_db()
    done = {"do": "undo", "version": version_of(row)}
    assert "keeps its terms" in client.post(f"/ops/retainers/{row.key}/", done, follow=True).content.decode()
    shown = client.get(page, {**form, "when": "now"})
    assert "An invoice of <strong>$50.00</strong> is sent now." in shown.content.decode()
    it = shown.context["preview"]
    seen = {"version": it["version"], "proration_date": it["it"].proration_date, "when": "now"}
    assert client.post(page, {**form, **seen}).status_code == 302
    row.refresh_from_db()
    assert (row.plan, row.amount, row.places, row.days_until_due) == ("pro", 9_000, 5, 10)


def test_who_pays_leads_to_what_stripe_told_of_them(
    pages: Browser, shop: Shop, operator: Any, django_assert_max_num_queries: Any
) -> None:
    row = agree(shop)
    shop.skip_trial()
    shop.buy()
    Subscription.objects.update(payer=row.payer)
    client = pages.on(BASE)
    with django_assert_max_num_queries(40) as few:
        text = client.get("/ops/retainers/").content.decode()
    queries = len(few.captured_queries)  # the next request forgets them
    for words in (f"?q={row.stripe_id}", f"?q={row.payer.stripe_id}", "Pays besides for", "(Growth, active)"):
        assert words in text, words
    community = client.get(f"/ops/communities/{shop.tenant.pk}/").content.decode()
    assert f"?q={shop.row().stripe_id}" in community
    assert "Paid by <bdi>Agency Ltd</bdi>" in community
    Subscription.objects.update(ended_at=clock.now(), status="canceled")
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    community = client.get(f"/ops/communities/{shop.tenant.pk}/").content.decode()
    assert "Growth ended" in community
    assert f'href="/ops/retainers/#retainer-{row.pk}"' in community
    for number in range(5):
        agree(shop, company=f"Other {number}")
    with django_assert_max_num_queries(queries):
        client.get("/ops/retainers/")


@pytest.mark.parametrize(
    "wrong",
    [{"price": "0"}, {"price": "1e99"}, {"price": "<script>"}, {"places": "0"}, {"days": "91"}, {"plan": "free"}, {"when": "never"}],
)  # fmt: skip
def test_terms_that_are_none_are_told_beside_their_field(
    pages: Browser, shop: Shop, operator: Any, wrong: dict[str, str]
) -> None:
    row = agree(shop)
    form = {"plan": "pro", "price": "90", "places": "5", "days": "10", "when": "next", **wrong}
    answer = pages.on(BASE).get(f"/ops/retainers/{row.key}/terms/", form)
    assert answer.status_code == 422
    assert answer.context["preview"] is None
    assert pages.on(BASE).get("/ops/retainers/none/terms/").status_code == 404


def test_one_that_is_ahead_says_when_it_begins_and_is_called_off(
    pages: Browser, shop: Shop, operator: Any
) -> None:
    row = agree(shop, starts_at=datetime(2031, 5, 1, 9, tzinfo=UTC))
    client = pages.on(BASE)
    act = f"/ops/retainers/{row.key}/"
    assert "begins on" in client.get("/ops/retainers/").content.decode()
    covered = client.post(act, {"do": "cover", "slug": "acme"}, follow=True).content.decode()
    assert "Acme Makers has Growth from 1 May 2031 on." in covered
    assert "is called off" in client.post(act, {"do": "call-off"}, follow=True).content.decode()
    assert "can&#x27;t be called off" not in client.get("/ops/retainers/").content.decode()
    assert (
        client.get(
            f"{act}terms/", {"plan": "pro", "price": "1", "places": "1", "days": "1", "when": "now"}
        ).status_code
        == 422
    )


def test_who_pays_sees_it_with_what_it_covers_and_the_community_who_pays(
    pages: Browser, shop: Shop, settings: Any
) -> None:
    row = agree(shop)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    pages.sign_in("acme-owner")
    text = pages.open("/billing/").content.decode()
    assert "Retainer: Growth for 2 communities" in text
    assert "$40 a month for all together, by invoice, due in 30 days." in text
    assert "Acme Makers" in text
    shown = pages.open("/dashboard/billing/", "acme.localhost").content.decode()
    assert "Growth, paid by Agency Ltd under a retainer, which renews on" in shown
    assert "You pay for it, as <bdi>Agency Ltd</bdi>" in shown
    assert "Choose a plan</a>" not in shown
