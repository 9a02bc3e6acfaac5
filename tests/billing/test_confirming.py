"""A bank that wants to be asked about a change of plan: its payer goes to Stripe's page, and what is confirmed there is the change."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from billing.changing import cancel_subscription
from billing.errors import ConfirmationNeededError, NothingToConfirmError, NotThePayerError
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt
from billing.portal import confirm_change, refresh_tenant
from billing.portal_settings import find_configuration
from billing.shifts import version_of
from saas.core import clock
from tenants.models import User
from tests.billing.shop import ACTOR, SECURE, Shop
from tests.billing.test_changing import change, recorded, use_card

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """Acme pays for Growth, and the bank wants to be asked about Pro."""
    shop.skip_trial()
    shop.buy()
    use_card(shop, SECURE)
    with pytest.raises(ConfirmationNeededError, match="Confirm it on the page"):
        change(shop, "pro")
    return shop


def confirm(shop: Shop, **more: Any) -> str:
    return confirm_change(tenant_id=shop.tenant.pk, user=shop.owner, actor=ACTOR, **more)


def approve(shop: Shop, address: str, standing: str = "growth_month") -> None:
    """On Stripe's page and on the bank's."""
    page = requests.get(address, timeout=20)
    price = shop.stripe.v1.prices.list({"lookup_keys": ["pro_month"]}).data[0].id
    assert "Change to EngageHub Pro" in page.text
    answer = requests.post(f"{address}/plan/{shop.row().stripe_id}/confirm", {"price": price}, timeout=20)
    assert "Confirm with your bank" in answer.text
    assert shop.told()["items"].data[0].price.lookup_key == standing
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    requests.post(answer.url, {**form, "answer": "approve"}, timeout=20, allow_redirects=False)


def test_what_is_confirmed_there_is_the_change(asked: Shop) -> None:
    approve(asked, confirm(asked))
    row = refresh_tenant(tenant_id=asked.tenant.pk)
    assert row is not None
    assert (row.plan, asked.plan_in_force(clock.now())) == ("pro", ("pro", "paid"))
    assert recorded(asked)[-2:] == ["plan.portal_opened", "plan.changed"]
    refresh_subscription(stripe_id=row.stripe_id)  # the webhook, afterwards
    assert recorded(asked).count("plan.changed") == 1
    assert BillingAttempt.objects.get(kind="change").state == "done"


def test_turned_back_at_the_bank_nothing_changes(asked: Shop) -> None:
    confirm(asked)
    row = refresh_tenant(tenant_id=asked.tenant.pk)
    assert row is not None
    assert (row.plan, row.status) == ("growth", "active")
    assert "plan.changed" not in recorded(asked)


def test_one_configuration_serves_a_price_and_is_not_taken_for_ours(asked: Shop) -> None:
    from billing.stripe_api import asking_stripe

    for _ in range(2):
        confirm(asked)
    with asking_stripe() as stripe:
        configurations = stripe.v1.billing_portal.configurations.list({"limit": 100}).data
        own = find_configuration(stripe)
    marked = [one for one in configurations if "engagehub_price" in (one.metadata or {})]
    assert len(marked) == 1
    assert own is None or own.id != marked[0].id


def test_it_opens_for_the_payer_alone(asked: Shop) -> None:
    other = User.objects.create(username="other")
    with pytest.raises(NotThePayerError):
        confirm_change(tenant_id=asked.tenant.pk, user=other)


def test_without_a_bank_that_asked_there_is_nothing_to_confirm(shop: Shop) -> None:
    shop.skip_trial()
    shop.buy()
    with pytest.raises(NothingToConfirmError):
        confirm(shop)


def test_another_act_puts_an_end_to_it(asked: Shop) -> None:
    use_card(asked, "4242424242424242")
    change(asked, "pro")
    cancel_subscription(tenant_id=asked.tenant.pk, version=version_of(asked.row()), actor=ACTOR)
    with pytest.raises(NothingToConfirmError):
        confirm(asked)
