"""Giving a community a plan, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from billing.entitling import get_gift
from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import Entitlements
from tenants.gates import is_open
from tenants.models import Tenant
from tests.frontend_api.hosts import BASE, Browser
from tests.frontend_api.operator.test_pages import operator as operator


def at(name: str, *parts: object) -> str:
    return reverse(name, args=parts, urlconf="saas.urls.public")


def acts(context: TenantContext) -> list[str]:
    with enter_tenant(context):
        return list(
            AuditEntry.objects.filter(action__startswith="plan.")
            .order_by("pk")
            .values_list("action", flat=True)
        )


def test_a_plan_is_given_for_a_time_and_taken_back(
    pages: Browser, operator: Any, acme: TenantContext, settings: Any
) -> None:
    settings.BILLING_ON = True
    client = pages.on(BASE)
    page = at("ops-community", acme.tenant_id)
    assert "Free, with no date before it." in client.get(page).content.decode()
    until = (clock.now() + timedelta(days=30)).date()
    form = {"plan": "pro", "until": str(until), "note": "A pilot <b>for us</b>\u202e"}
    assert client.post(at("ops-plan-give", acme.tenant_id), form).status_code == 302
    row = Tenant.objects.get(pk=acme.tenant_id)
    given = Entitlements.parse(row.entitlements, row.entitlements_version)
    assert is_open("audit_export", given, clock.now())
    assert not is_open("audit_export", given, clock.now() + timedelta(days=32))
    text = client.get(page).content.decode()
    assert "A pilot &lt;b&gt;for us&lt;/b&gt;" in text
    assert client.post(at("ops-plan-take-back", acme.tenant_id)).status_code == 302
    assert client.post(at("ops-plan-take-back", acme.tenant_id)).status_code == 302
    assert get_gift(Tenant.objects.get(pk=acme.tenant_id)) is None
    assert acts(acme) == ["plan.given", "plan.taken_back"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"plan": "gold"}, 404),
        ({"plan": "free"}, 422),
        ({"plan": "pro", "until": "2020-01-01"}, 422),
        ({"plan": "pro", "until": "2027-02-31"}, 422),
        ({"plan": "pro", "until": "soon"}, 422),
    ],
)
def test_what_makes_no_sense_gives_nothing(
    pages: Browser, operator: Any, acme: TenantContext, form: dict[str, str], status: int
) -> None:
    assert pages.on(BASE).post(at("ops-plan-give", acme.tenant_id), form).status_code == status
    assert Tenant.objects.get(pk=acme.tenant_id).entitlements == {}
    assert acts(acme) == []
