"""Retainers on the operator's page, and on the page of whoever pays."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from billing.models import RetainerPlace
from tenants.models import Tenant
from tests.billing.conftest import shop as shop
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import Shop
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


def test_who_pays_sees_it_with_what_it_covers_and_the_community_who_pays(
    pages: Browser, shop: Shop, settings: Any
) -> None:
    from billing.retainers.covering import cover_community
    from tests.billing.shop import ACTOR

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
