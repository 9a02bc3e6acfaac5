"""Invoices with their PDFs, refunds shown; a plan by invoice; the portal for the payer."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.errors import AlreadySubscribedError, NoSubscriptionError, NotThePayerError, StripeAwayError
from billing.invoices import list_invoices
from billing.invoicing import invoice_plan
from billing.models import BillingAttempt, Payer, Subscription
from billing.portal import open_portal, refresh_tenant
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.models import Tenant
from tests.billing.making import owner_of
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def paid(shop: Shop) -> Shop:
    shop.skip_trial()
    shop.buy()
    return shop


def test_invoices_of_a_community_and_of_its_payer(paid: Shop) -> None:
    (one,) = list_invoices(tenant=paid.tenant)
    assert (one.status, one.currency, one.total, one.paid, one.refunded) == ("paid", "usd", 2500, 2500, 0)
    assert (one.tenant_name, one.plan) == ("Acme Makers", "growth")
    assert one.number
    assert one.pdf_url.startswith(paid.server.url)
    assert one.page_url.startswith(paid.server.url)
    assert list_invoices(payer=paid.row().payer) == [one]
    other = Shop(paid.server, GLOBEX)
    assert list_invoices(tenant=other.tenant) == []


def test_one_payer_of_two_communities_sees_both_and_each_only_its_own(paid: Shop) -> None:
    other = Shop(paid.server, GLOBEX)
    other.skip_trial()
    other.buy("starter")
    Payer.objects.filter(pk=other.row().payer_id).update(stripe_id="cus_nobody")
    assert [one.plan for one in list_invoices(tenant=other.tenant)] == ["starter"]
    assert [one.plan for one in list_invoices(tenant=paid.tenant)] == ["growth"]


def test_a_refund_is_shown(paid: Shop) -> None:
    charge = paid.stripe.v1.charges.list({"customer": paid.row().payer.stripe_id or ""}).data[0]
    paid.stripe.v1.refunds.create({"charge": charge.id, "amount": 900})
    assert list_invoices(tenant=paid.tenant)[0].refunded == 900


def test_with_stripe_away_it_says_so(paid: Shop) -> None:
    paid.server.control.faults(status=503)
    with pytest.raises(StripeAwayError):
        list_invoices(tenant=paid.tenant)


def invoiced(shop: Shop, **more: object) -> Subscription:
    wanted = {
        "plan": "enterprise", "interval": "year", "currency": "eur", "company": "Acme Ltd", "email": "b@acme.example", **more,
    }  # fmt: skip
    return invoice_plan(tenant_id=shop.tenant.pk, actor=ACTOR, **wanted)  # type: ignore[arg-type]


def test_a_plan_by_invoice_is_in_force_and_a_bill_is_sent(shop: Shop) -> None:
    Tenant.objects.filter(pk=shop.tenant.pk).update(kind="brand")
    row = invoiced(shop)
    assert (row.plan, row.status, row.by_invoice, row.currency) == ("enterprise", "active", True, "eur")
    assert str(row.payer) == "Acme Ltd"
    assert shop.plan_in_force(clock.now()) == ("enterprise", "paid")
    assert shop.told().collection_method == "send_invoice"
    with pytest.raises(AlreadySubscribedError):
        invoiced(shop)
    assert Subscription.objects.count() == 1


def test_the_command_says_what_it_did(shop: Shop) -> None:
    Tenant.objects.filter(pk=shop.tenant.pk).update(kind="brand")
    told = StringIO()
    facts = ("--company", "Acme Ltd", "--email", "b@acme.example")
    call_command("invoice_plan", "acme", *facts, "--json", stdout=told)
    assert json.loads(told.getvalue())["plan"] == "enterprise"
    with pytest.raises(CommandError, match="already"):
        call_command("invoice_plan", "acme", *facts)


def test_a_lost_answer_makes_one_plan(shop: Shop) -> None:
    Tenant.objects.filter(pk=shop.tenant.pk).update(kind="brand")
    shop.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeAwayError):
        invoiced(shop)
    shop.server.control.clear_faults()
    assert invoiced(shop).plan == "enterprise"
    assert len(shop.stripe.v1.subscriptions.list().data) == 1
    assert BillingAttempt.objects.get(kind="invoice").state == "done"


@pytest.mark.parametrize(
    "wrong", [{"days_until_due": 0}, {"days_until_due": 91}, {"company": ""}, {"email": "x"}]
)
def test_what_an_invoice_needs(shop: Shop, wrong: dict[str, object]) -> None:
    Tenant.objects.filter(pk=shop.tenant.pk).update(kind="brand")
    with pytest.raises(InvalidInputError):
        invoiced(shop, **wrong)
    assert not shop.stripe.v1.subscriptions.list().data


def test_the_portal_opens_for_the_payer_alone(paid: Shop) -> None:
    url = open_portal(tenant_id=paid.tenant.pk, user=paid.owner, flow="payment_method_update")
    assert url.startswith(paid.server.url)
    with pytest.raises(NotThePayerError):
        open_portal(tenant_id=paid.tenant.pk, user=owner_of(GLOBEX))
    with pytest.raises(InvalidInputError):
        open_portal(tenant_id=paid.tenant.pk, user=paid.owner, flow="subscription_update")
    with pytest.raises(NoSubscriptionError):
        open_portal(tenant_id=Shop(paid.server, GLOBEX).tenant.pk, user=owner_of(GLOBEX))


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "https://acme.localhost.evil.example/",
        "",
    ],
)
def test_the_portal_leads_back_to_us_alone(paid: Shop, back: str) -> None:
    open_portal(tenant_id=paid.tenant.pk, user=paid.owner, return_url=back)
    session = paid.server.control.objects("billing_portal.session")[0]
    assert session["return_url"] == "https://acme.localhost/dashboard/billing/"


def test_what_was_done_in_the_portal_is_seen_on_the_way_back(paid: Shop) -> None:
    row = paid.row()
    paid.stripe.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
    found = refresh_tenant(tenant_id=paid.tenant.pk)
    assert found is not None
    assert found.cancel_at == row.period_end
    assert refresh_tenant(tenant_id=Shop(paid.server, GLOBEX).tenant.pk) is None
