"""Buying a plan on Stripe's page and coming back from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.checkout import apply_session, begin_checkout
from billing.errors import CheckoutNotFoundError, PromotionCodeError
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt, Payer, TrialClaim
from billing.plans import get_plan
from billing.trials import has_trial
from saas.core import clock
from tenants.models import GuildLink, Membership
from tests.billing.shop import Shop
from tests.cast import ACME, GLOBEX

pytestmark = pytest.mark.usefixtures("db")


def test_a_plan_is_bought_and_in_force_when_the_buyer_comes_back(shop: Shop) -> None:
    shop.skip_trial()
    row = shop.buy()
    assert (row.plan, row.interval, row.status, row.currency) == ("growth", "month", "active", "usd")
    assert row.payer.user == shop.owner
    assert row.has_method
    assert shop.plan_in_force(clock.now()) == ("growth", "paid")
    told = shop.told()
    assert told.metadata["tenant_id"] == str(shop.tenant.pk)
    assert {item.price.lookup_key for item in told["items"].data} == {"growth_month"}
    assert Payer.objects.get().currency == "usd"
    assert BillingAttempt.objects.get().state == "done"


def test_a_trial_needs_no_card_and_ends_by_itself(shop: Shop) -> None:
    session = shop.begin()
    shop.pay(session, card=None)
    row = apply_session(tenant_id=shop.tenant.pk, session_id=session).subscription
    assert row is not None
    assert (row.status, row.has_method) == ("trialing", False)
    assert row.trial_end is not None
    assert abs(row.trial_end - clock.now() - timedelta(days=14)) < timedelta(minutes=5)
    assert shop.plan_in_force(clock.now()) == ("growth", "trial")
    assert shop.plan_in_force(clock.now() + timedelta(days=15)) == ("free", "")
    assert TrialClaim.objects.filter(used=True).count() == 2


def test_coming_back_twice_changes_nothing_more(shop: Shop) -> None:
    row = shop.buy()
    version = shop.tenant.entitlements_version
    again = apply_session(tenant_id=shop.tenant.pk, session_id=shop.session())
    assert (again.state, again.subscription) == ("done", row)
    assert shop.tenant.entitlements_version == version


def test_who_comes_back_without_having_paid_is_told_so(shop: Shop) -> None:
    session = shop.begin()
    applied = apply_session(tenant_id=shop.tenant.pk, session_id=session)
    assert (applied.state, applied.plan, applied.subscription) == ("open", "growth", None)


def test_the_same_choice_leads_to_the_same_page_and_another_closes_it(shop: Shop) -> None:
    first = shop.begin()
    assert shop.begin() == first
    second = shop.begin("pro")
    assert second != first
    assert shop.stripe.v1.checkout.sessions.retrieve(first).status == "expired"
    with pytest.raises(ValueError, match="expired"):
        shop.pay(first)
    assert TrialClaim.objects.filter(attempt__stripe_id=second, used=False).count() == 2


def test_a_session_that_is_not_the_payer_s_is_not_applied(shop: Shop) -> None:
    session = shop.begin()
    shop.pay(session)
    Payer.objects.update(stripe_id="cus_other")
    with pytest.raises(CheckoutNotFoundError):
        apply_session(tenant_id=shop.tenant.pk, session_id=session)
    assert not shop.tenant.entitlements


def test_another_community_with_the_same_server_has_no_second_trial(shop: Shop) -> None:
    shop.buy()
    other = Shop(shop.server, GLOBEX)
    GuildLink.objects.filter(guild_id=GLOBEX.guild_id).update(state="unlinked")
    GuildLink.objects.filter(guild_id=ACME.guild_id).update(tenant=other.tenant)
    session = shop.stripe.v1.checkout.sessions.retrieve(other.begin())
    assert (session.amount_total, session.payment_method_collection) == (2500, "always")
    assert not has_trial(tenant=other.tenant, plan=get_plan("growth"))


def test_a_code_is_taken_off_once_for_a_community(shop: Shop) -> None:
    shop.skip_trial()
    session = shop.begin(promotion_code="WELCOME20")
    assert shop.stripe.v1.checkout.sessions.retrieve(session).amount_total == 2000
    shop.pay(session)
    row = apply_session(tenant_id=shop.tenant.pk, session_id=session).subscription
    assert row is not None
    shop.stripe.v1.subscriptions.cancel(row.stripe_id)
    refresh_subscription(stripe_id=row.stripe_id)
    with pytest.raises(PromotionCodeError, match="used it already"):
        shop.begin(promotion_code="welcome20")
    assert shop.begin()


def test_a_code_for_first_payments_is_refused_to_who_paid_before(shop: Shop) -> None:
    """The payer bought for one community, and wants what is for newcomers for another."""
    shop.skip_trial()
    shop.buy()
    other = Shop(shop.server, GLOBEX)
    Membership.objects.filter(tenant=other.tenant, role="owner").update(user=shop.owner)
    with pytest.raises(PromotionCodeError, match="not for this purchase"):
        begin_checkout(
            tenant_id=other.tenant.pk,
            user=shop.owner,
            plan="growth",
            interval="month",
            currency="usd",
            promotion_code="WELCOME20",
        )
    assert not BillingAttempt.objects.filter(tenant=other.tenant, state="open").exists()
    assert has_trial(tenant=other.tenant, plan=get_plan("growth"))
