"""The same at the local Stripe and, with STRIPE_TEST_KEY, at the real one in test mode: what one takes and says the other does.

Stripe's checkout page is for people, so the subscription is made over the API, just as the page would make it. How to run it at the
real one, and what it leaves there, stands in tests/both_stripes.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from billing.changing import cancel_subscription, change_plan, resume_subscription, undo_planned_change
from billing.checkout import apply_session, begin_checkout, close_checkouts
from billing.choosing import Choice, find_price
from billing.errors import CardDeclinedError, PromotionCodeError
from billing.invoices import list_invoices
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt, Payer, Subscription
from billing.payers import obtain_customer, obtain_payer
from billing.plans import get_plan
from billing.portal import open_portal
from billing.previews import preview_change
from billing.shifts import version_of
from billing.stripe_api import asking_stripe, get_stripe
from billing.syncing import COUPONS, sync_plans
from billing.trials import use_trial
from tests.billing.making import owner_of, tenant_of
from tests.billing.shop import ACTOR
from tests.both_stripes import APART, BOTH, KEY, REAL_API, Clock, cleaning_up, require_key, sell_apart

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.usefixtures("db", "any_stripe")
_FOREVER = next(one for one in COUPONS if one.duration == "forever")
_LEFT = 100 - (_FOREVER.percent or 0)
_SOLD: set[str] = set()  # at which Stripe this process has seen to what is sold


@pytest.fixture(params=BOTH)
def any_stripe(
    request: pytest.FixtureRequest, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Which Stripe the settings name, with the declared plans on sale."""
    if request.param == "local":
        request.getfixturevalue("stripe_server")
    else:
        require_key()
        settings.STRIPE_SECRET_KEY, settings.BILLING_ON = KEY, True
        settings.STRIPE_API_URL = REAL_API
    sell_apart(monkeypatch)
    request.getfixturevalue("db")
    if request.param not in _SOLD:
        sync_plans()
        assert sync_plans() == []
        if request.param == "real":
            _SOLD.add("real")  # the local one is emptied before each test
    customers: list[str] = []
    ends = cleaning_up(get_stripe(), customers, [])
    next(ends)
    yield request.param
    customers += [
        str(one) for one in Payer.objects.exclude(stripe_id=None).values_list("stripe_id", flat=True)
    ]
    next(ends, None)


@pytest.fixture
def calendar(any_stripe: str) -> Iterator[Clock]:
    """Acme's owner pays as a customer who lives by a test clock, so that months go by in seconds."""
    clock = Clock(get_stripe(), any_stripe)
    ends = cleaning_up(get_stripe(), [], [clock.id])
    next(ends)
    payer = obtain_payer(user=owner_of())
    with asking_stripe() as stripe:
        made = stripe.v1.customers.create({"test_clock": clock.id, "metadata": {"payer": payer.key}})
    Payer.objects.filter(pk=payer.pk).update(stripe_id=made.id)
    yield clock
    next(ends, None)


def buy(plan: str = "growth", card: str = "pm_card_visa", **more: Any) -> Subscription:
    """As the checkout page makes it."""
    tenant, payer = tenant_of(), obtain_payer(user=owner_of())
    customer = obtain_customer(payer=payer)
    wanted = {"plan": plan, "interval": "month", "currency": "usd", "quantity": 1}
    attempt = BillingAttempt.objects.create(tenant=tenant, payer=payer, kind="checkout", wanted=wanted)
    price = find_price(Choice(get_plan(plan), "month", "usd"))
    if card:
        use_card(customer, card)
    about = {"tenant_id": str(tenant.pk), "payer": payer.key, "attempt": attempt.key}
    with asking_stripe() as stripe:
        made = stripe.v1.subscriptions.create(
            {"customer": customer, "currency": "usd", "items": [{"price": price}], "metadata": about, **more}  # type: ignore[typeddict-item]
        )
    row = refresh_subscription(stripe_id=made.id)
    assert row is not None
    return row


def use_card(customer: str, token: str) -> None:
    with asking_stripe() as stripe:
        method = stripe.v1.payment_methods.attach(token, {"customer": customer})
        stripe.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})


def change(plan: str, interval: str = "month") -> tuple[int, Subscription]:
    """(what was shown as due, the row afterwards)."""
    time.sleep(1)  # a proration of no seconds is no line
    shown = preview_change(tenant_id=tenant_of().pk, plan=plan, interval=interval)
    row = change_plan(
        tenant_id=tenant_of().pk,
        plan=plan,
        interval=interval,
        proration_date=shown.proration_date,
        version=shown.version,
        actor=ACTOR,
    )
    return shown.due_now, row


def test_bought_it_is_mirrored_with_its_invoice() -> None:
    row = buy()
    assert (row.plan, row.interval, row.status, row.currency, row.has_method) == (
        "growth", "month", "active", "usd", True,
    )  # fmt: skip
    assert row.period_start is not None
    assert row.period_end is not None
    assert timedelta(days=27) < row.period_end - row.period_start < timedelta(days=32)
    (invoice,) = list_invoices(tenant=tenant_of())
    assert (invoice.status, invoice.total, invoice.paid, invoice.refunded) == ("paid", 2500, 2500, 0)
    assert invoice.pdf_url.startswith("http")


def test_more_costs_what_was_shown_and_less_waits() -> None:
    buy()
    due, row = change("pro")
    assert row.plan == "pro"
    newest = list_invoices(tenant=tenant_of())[0]
    assert (newest.status, newest.total) == ("paid", due)
    _, row = change("starter")
    assert (row.plan, row.next_plan, row.next_interval, row.next_quantity) == ("pro", "starter", "month", 1)
    row = undo_planned_change(tenant_id=tenant_of().pk, version=version_of(row), actor=ACTOR)
    assert row.next_plan == ""


def test_a_year_begins_at_once() -> None:
    buy()
    due, row = change("growth", "year")
    assert row.interval == "year"
    assert 22000 < due < 25000
    assert list_invoices(tenant=tenant_of())[0].total == due


def test_a_planned_change_becomes_another_and_falls_with_a_cancellation() -> None:
    buy()
    change("starter")
    _, row = change("starter", "year")
    assert (row.next_plan, row.next_interval) == ("starter", "year")
    row = cancel_subscription(tenant_id=tenant_of().pk, version=version_of(row), actor=ACTOR)
    assert (row.cancel_at, row.next_plan) == (row.period_end, "")
    row = resume_subscription(tenant_id=tenant_of().pk, version=version_of(row), actor=ACTOR)
    assert row.cancel_at is None


def test_a_declined_card_changes_nothing() -> None:
    row = buy()
    use_card(row.payer.stripe_id or "", "pm_card_chargeCustomerFail")
    with pytest.raises(CardDeclinedError):
        change("pro")
    row.refresh_from_db()
    assert (row.plan, row.status) == ("growth", "active")


def test_another_plan_within_a_trial_costs_nothing_yet() -> None:
    row = buy(trial_period_days=14)
    assert row.status == "trialing"
    _, row = change("pro")
    assert (row.plan, row.status) == ("pro", "trialing")


# --- as months go by ---


def pass_period(calendar: Clock, row: Subscription) -> Subscription:
    """To two hours after the period's end, when its renewal is no draft any more."""
    assert row.period_end is not None
    calendar.advance(int(row.period_end.timestamp()) + 2 * 3600)
    found = refresh_subscription(stripe_id=row.stripe_id)
    assert found is not None
    return found


def test_a_trial_without_a_card_is_cancelled_at_its_end(calendar: Clock) -> None:
    settings: Any = {"end_behavior": {"missing_payment_method": "cancel"}}
    row = buy(card="", trial_period_days=14, trial_settings=settings)
    assert (row.status, row.has_method) == ("trialing", False)
    row = pass_period(calendar, row)
    assert (row.status, row.ended_at) == ("canceled", row.trial_end)


def test_it_renews_for_the_same_sum(calendar: Clock) -> None:
    first = buy()
    row = pass_period(calendar, first)
    assert (row.status, row.period_start) == ("active", first.period_end)
    assert [(one.status, one.total) for one in list_invoices(tenant=tenant_of())] == [("paid", 2500)] * 2


def test_a_renewal_that_fails_is_late_until_it_is_paid(calendar: Clock) -> None:
    row = buy()
    use_card(row.payer.stripe_id or "", "pm_card_chargeCustomerFail")
    row = pass_period(calendar, row)
    assert (row.status, row.unpaid_since is not None) == ("past_due", True)
    use_card(row.payer.stripe_id or "", "pm_card_visa")
    with asking_stripe() as stripe:
        late = stripe.v1.invoices.list({"subscription": row.stripe_id, "status": "open"}).data[0]
        stripe.v1.invoices.pay(str(late.id))
    paid = refresh_subscription(stripe_id=row.stripe_id)
    assert paid is not None
    assert (paid.status, paid.unpaid_since) == ("active", None)


def test_a_discount_outlives_a_planned_change(calendar: Clock) -> None:
    """Stripe takes away what a schedule's phase does not name."""
    row = buy(discounts=[{"coupon": f"{APART}_{_FOREVER.key}"}])
    shown, row = change("starter")
    assert (shown, row.next_plan) == (0, "starter")
    row = pass_period(calendar, row)
    assert (row.plan, row.next_plan) == ("starter", "")
    renewed, bought = list_invoices(tenant=tenant_of())
    assert (renewed.total, bought.total) == (1000 * _LEFT // 100, 2500 * _LEFT // 100)


def test_a_checkout_page_opens_with_and_without_a_trial_and_closes() -> None:
    tenant = tenant_of()
    for trial in (True, False):
        url = begin_checkout(
            tenant_id=tenant.pk, user=owner_of(), plan="growth", interval="year", currency="usd"
        )
        assert url.startswith("http")
        attempt = BillingAttempt.objects.get(state="open")
        assert apply_session(tenant_id=tenant.pk, session_id=attempt.stripe_id or "").state == "open"
        with asking_stripe() as stripe:
            session = stripe.v1.checkout.sessions.retrieve(attempt.stripe_id or "")
        assert (session.amount_total, session.payment_method_collection) == (
            (0, "if_required") if trial else (25000, "always")
        )
        assert close_checkouts(tenant_id=tenant.pk) == 1
        use_trial(tenant=tenant)


def test_codes_are_known_at_stripe() -> None:
    use_trial(tenant=tenant_of())
    wanted: Any = {"tenant_id": tenant_of().pk, "user": owner_of(), "plan": "growth", "interval": "month"}
    begin_checkout(currency="eur", promotion_code=f"{APART}welcome20", **wanted)
    with asking_stripe() as stripe:
        session = stripe.v1.checkout.sessions.retrieve(BillingAttempt.objects.get().stripe_id or "")
    assert (session.currency, session.amount_total) == ("eur", 2000)
    close_checkouts(tenant_id=tenant_of().pk)
    with pytest.raises(PromotionCodeError):
        begin_checkout(currency="eur", promotion_code="NOSUCHCODE", **wanted)


def test_the_portal_opens() -> None:
    buy()
    for flow in ("", "payment_method_update"):
        assert open_portal(tenant_id=tenant_of().pk, user=owner_of(), flow=flow).startswith("http")
