"""Another payer for the same plan: nobody pays twice, and the community has its plan throughout."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.changing import cancel_subscription
from billing.checkout import apply_session
from billing.errors import NotThePayerError, OfferOverError, PlanEndsError
from billing.models import Subscription
from billing.moving import accept_payment, get_payment_offer, offer_payment, withdraw_payment_offer
from billing.payers import add_company, change_payer, list_payers, obtain_payer
from billing.shifts import version_of
from engagement.audit.models import AuditEntry
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, User
from tests.billing.shop import ACTOR, Shop
from tests.cast import ACME
from tests.mailbox import send_waiting

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def heir(shop: Shop) -> User:
    """An admin of Acme, whose owner pays for Growth."""
    found = User.objects.get(username=ACME.username("moderator"))
    Membership.objects.filter(user=found, tenant=shop.tenant).update(role="admin")
    return found


@pytest.fixture
def paid(shop: Shop, heir: User) -> Shop:
    shop.skip_trial()
    shop.buy()
    send_waiting()
    return shop


def offer(shop: Shop, heir: User) -> None:
    offer_payment(tenant_id=shop.tenant.pk, user=shop.owner, heir_id=heir.pk, actor=ACTOR)


def take_over(shop: Shop, user: User, payer_key: str = "") -> None:
    accept_payment(tenant_id=shop.tenant.pk, user=user, payer_key=payer_key, actor=ACTOR)
    session = shop.session()
    shop.pay(session)
    apply_session(tenant_id=shop.tenant.pk, session_id=session)


def test_the_heir_pays_and_the_former_payer_has_the_rest_credited(paid: Shop, heir: User) -> None:
    former = paid.row()
    offer(paid, heir)
    assert [mail.to for mail in send_waiting()] == [[heir.email]]
    assert get_payment_offer(tenant_id=paid.tenant.pk) is not None
    take_over(paid, heir)
    row = paid.row()
    assert (row.plan, row.status, row.payer.user) == ("growth", "active", heir)
    former.refresh_from_db()
    assert (former.status, former.ended_at is not None) == ("canceled", True)
    assert paid.plan_in_force(clock.now()) == ("growth", "paid")
    customer = paid.stripe.v1.customers.retrieve(former.payer.stripe_id or "")
    assert -2500 <= customer.balance < -2400
    assert get_payment_offer(tenant_id=paid.tenant.pk) is None
    with enter_tenant(TenantContext.of(paid.tenant)):
        entry = AuditEntry.objects.get(action="plan.payer_changed")
    assert (entry.before, entry.after) == ({"payer": str(paid.owner)}, {"payer": str(heir)})


def test_until_the_heir_has_paid_nothing_changes(paid: Shop, heir: User) -> None:
    offer(paid, heir)
    accept_payment(tenant_id=paid.tenant.pk, user=heir, actor=ACTOR)
    applied = apply_session(tenant_id=paid.tenant.pk, session_id=paid.session())
    assert applied.state == "open"
    assert Subscription.objects.get(ended_at=None).payer.user == paid.owner


def test_a_trial_goes_on_with_its_new_payer(shop: Shop, heir: User) -> None:
    former = shop.buy()
    offer(shop, heir)
    take_over(shop, heir)
    row = shop.row()
    assert (row.status, row.trial_end) == ("trialing", former.trial_end)
    assert row.payer.user == heir


def test_a_person_goes_on_as_a_company_without_an_offer(paid: Shop) -> None:
    company = add_company(user=paid.owner, name="Acme Ltd", email="billing@acme.example")
    assert add_company(user=paid.owner, name="Acme  Ltd", email="other@acme.example") == company
    take_over(paid, paid.owner, company.key)
    row = paid.row()
    assert (row.payer, str(row.payer)) == (company, "Acme Ltd")
    assert paid.stripe.v1.customers.retrieve(row.payer.stripe_id or "").email == "billing@acme.example"
    assert len(list_payers(user=paid.owner)) == 2


def test_a_payer_becomes_a_company_in_place(paid: Shop) -> None:
    payer = change_payer(payer=paid.row().payer, kind="company", name="Acme Ltd", email="b@acme.example")
    customer = paid.stripe.v1.customers.retrieve(payer.stripe_id or "")
    assert (customer.name, customer.email) == ("Acme Ltd", "b@acme.example")
    obtain_payer(user=paid.owner)
    with pytest.raises(InvalidInputError, match="already"):
        change_payer(payer=payer, kind="person", name="", email="b@acme.example")
    for name, email in (("", "b@acme.example"), ("x" * 5000, "b@acme.example"), ("Acme", "nowhere")):
        with pytest.raises(InvalidInputError):
            change_payer(payer=payer, kind="company", name=name, email=email)


def test_who_may_offer_and_who_may_accept(paid: Shop, heir: User) -> None:
    stranger = User.objects.get(username=ACME.username("stranger"))
    for user in (stranger, heir):
        with pytest.raises(NotThePayerError):
            offer_payment(tenant_id=paid.tenant.pk, user=user, heir_id=heir.pk, actor=ACTOR)
    for to in (stranger, paid.owner):
        with pytest.raises(OfferOverError):
            offer_payment(tenant_id=paid.tenant.pk, user=paid.owner, heir_id=to.pk, actor=ACTOR)
    with pytest.raises(OfferOverError):
        accept_payment(tenant_id=paid.tenant.pk, user=heir, actor=ACTOR)
    with pytest.raises(OfferOverError, match="already"):
        accept_payment(tenant_id=paid.tenant.pk, user=paid.owner, actor=ACTOR)
    offer(paid, heir)
    with pytest.raises(OfferOverError):
        accept_payment(tenant_id=paid.tenant.pk, user=stranger, actor=ACTOR)


def test_an_offer_ends(paid: Shop, heir: User) -> None:
    offer(paid, heir)
    offer(paid, heir)
    assert len(send_waiting()) == 1
    assert not withdraw_payment_offer(
        tenant_id=paid.tenant.pk, user=User.objects.get(username=ACME.username("stranger"))
    )
    assert withdraw_payment_offer(tenant_id=paid.tenant.pk, user=heir)
    assert not withdraw_payment_offer(tenant_id=paid.tenant.pk, user=paid.owner)
    offer(paid, heir)
    with clock.frozen_at(clock.now() + timedelta(days=8)), pytest.raises(OfferOverError):
        accept_payment(tenant_id=paid.tenant.pk, user=heir, actor=ACTOR)


def test_what_was_cancelled_is_not_handed_on(paid: Shop, heir: User) -> None:
    cancel_subscription(tenant_id=paid.tenant.pk, version=version_of(paid.row()), actor=ACTOR)
    with pytest.raises(PlanEndsError):
        offer(paid, heir)


def test_an_offer_that_is_taken_back_closes_the_page_on_which_it_was_accepted(paid: Shop, heir: User) -> None:
    offer(paid, heir)
    accept_payment(tenant_id=paid.tenant.pk, user=heir, actor=ACTOR)
    session = paid.session()
    assert withdraw_payment_offer(tenant_id=paid.tenant.pk, user=paid.owner)
    with pytest.raises(ValueError, match="expired"):
        paid.pay(session)
    assert Subscription.objects.get(ended_at=None).payer.user == paid.owner


def test_what_was_paid_before_the_offer_was_taken_back_counts(paid: Shop, heir: User) -> None:
    offer(paid, heir)
    accept_payment(tenant_id=paid.tenant.pk, user=heir, actor=ACTOR)
    paid.pay(paid.session())
    assert not withdraw_payment_offer(tenant_id=paid.tenant.pk, user=paid.owner)
    assert Subscription.objects.get(ended_at=None).payer.user == heir
