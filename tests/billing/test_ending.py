"""A community that goes ends its plan first; one that comes back is asked before anything is charged."""

from __future__ import annotations

import pytest

from billing.ending import delete_community, end_for_deletion
from billing.errors import StripeAwayError
from billing.jobs import end_deleted_plan, offer_plan_again, tell_payer_stays
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt
from billing.notices import list_notices
from engagement.kinds.lifecycle import restore_community
from saas.events.jobs import PUBLIC
from tenants import lifecycle
from tenants.context import TenantContext
from tenants.errors import NotTheNameError
from tenants.models import Tenant
from tests.billing.making import subscribed, tenant_of
from tests.billing.shop import ACTOR, DECLINED, Shop
from tests.billing.test_changing import use_card
from tests.mailbox import send_waiting

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def paid(shop: Shop) -> Shop:
    shop.skip_trial()
    shop.buy()
    return shop


def delete(shop: Shop, name: str = "Acme Makers") -> None:
    delete_community(context=TenantContext.of(shop.tenant), typed_name=name, actor=ACTOR)


def handle(shop: Shop, job: object, **event: object) -> None:
    job(tenant=PUBLIC, event_id=1, event={"tenant_id": shop.tenant.pk, **event})  # type: ignore[operator]


def test_the_plan_ends_first_with_credit_for_the_rest(paid: Shop) -> None:
    customer = paid.row().payer.stripe_id or ""
    delete(paid)
    assert paid.told().status == "canceled"
    assert paid.row().ended_at is not None
    assert paid.tenant.state == "deleted"
    assert -2500 <= paid.stripe.v1.customers.retrieve(customer).balance < -2400
    assert not end_for_deletion(tenant_id=paid.tenant.pk, actor=ACTOR)


def test_the_wrong_name_touches_nothing(paid: Shop) -> None:
    with pytest.raises(NotTheNameError):
        delete(paid, "acme")
    assert paid.told().status == "active"


def test_with_stripe_away_nothing_is_deleted(paid: Shop) -> None:
    paid.server.control.faults(status=503)
    with pytest.raises(StripeAwayError, match="nothing was changed"):
        delete(paid)
    paid.server.control.clear_faults()
    assert (paid.tenant.state, paid.row().ended_at) == ("active", None)
    assert paid.told().status == "active"


def test_a_lost_answer_is_asked_again(paid: Shop) -> None:
    """The subscription has ended at Stripe's, whose every answer to that is lost."""
    paid.server.control.faults(cut=True, after=True, method="DELETE", path="/v1/subscriptions")
    delete(paid)
    paid.server.control.clear_faults()
    assert (paid.tenant.state, paid.told().status) == ("deleted", "canceled")
    assert -2500 <= paid.stripe.v1.customers.retrieve(paid.row().payer.stripe_id or "").balance < -2400


def test_an_open_checkout_closes_with_the_community(shop: Shop) -> None:
    session = shop.begin()
    delete(shop)
    assert shop.stripe.v1.checkout.sessions.retrieve(session).status == "expired"
    assert not BillingAttempt.objects.filter(state="open").exists()
    with pytest.raises(ValueError, match="expired"):
        shop.pay(session)


def test_another_way_of_deleting_ends_the_plan_too(paid: Shop) -> None:
    handle(paid, end_deleted_plan)
    assert paid.told().status == "active"
    lifecycle.delete_community(tenant_id=paid.tenant.pk, typed_name="Acme Makers")
    handle(paid, end_deleted_plan)
    handle(paid, end_deleted_plan)
    assert paid.told().status == "canceled"


def test_what_was_not_paid_is_written_off(paid: Shop) -> None:
    name = paid.row().stripe_id
    use_card(paid, DECLINED)
    paid.stripe.v1.subscriptions.update(
        name, {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}
    )
    refresh_subscription(stripe_id=name)
    assert paid.row().unpaid_since is not None
    end_for_deletion(tenant_id=paid.tenant.pk, actor=ACTOR)
    assert paid.row().status == "canceled"
    listed = paid.stripe.v1.invoices.list({"subscription": name}).data
    assert sorted(str(one.status) for one in listed) == ["paid", "void"]
    assert paid.stripe.v1.customers.retrieve(paid.row().payer.stripe_id or "").balance == 0


def test_a_restored_community_is_asked_and_not_charged(paid: Shop) -> None:
    delete(paid)
    restore_community(tenant=paid.tenant, actor=ACTOR)
    send_waiting()
    handle(paid, offer_plan_again)
    assert [mail.subject for mail in send_waiting()] == ["Acme Makers is back, on the Free plan"]
    assert [notice.kind for notice in list_notices(tenant=paid.tenant)] == ["restored"]
    assert paid.told().status == "canceled"
    assert paid.buy("pro").plan == "pro"
    assert [notice.kind for notice in list_notices(tenant=paid.tenant)] == []
    handle(paid, offer_plan_again)
    assert send_waiting() == []


def test_without_a_plan_nobody_is_written_to(shop: Shop) -> None:
    delete(shop)
    restore_community(tenant=shop.tenant, actor=ACTOR)
    send_waiting()
    handle(shop, offer_plan_again)
    handle(shop, tell_payer_stays, owner_id=1)
    assert send_waiting() == []


def test_a_new_owner_is_told_that_the_payer_stays() -> None:
    row = subscribed()
    event = {"tenant_id": row.tenant_id, "former_id": row.payer.user_id, "owner_id": row.payer.user_id + 1}
    tell_payer_stays(tenant=PUBLIC, event_id=1, event=event)
    assert [mail.subject for mail in send_waiting()] == ["Who pays for Acme Makers stays the same"]
    tell_payer_stays(tenant=PUBLIC, event_id=2, event={**event, "owner_id": row.payer.user_id})
    assert send_waiting() == []
    assert Tenant.objects.get(pk=tenant_of().pk).state == "active"
