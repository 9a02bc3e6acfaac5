"""What a preview says of the payment after the change is what Stripe asks for then: with discounts, credit and planned changes."""

from __future__ import annotations

import pytest

from billing.changing import change_plan
from billing.previews import ChangePreview
from tests.billing.shop import ACTOR, Shop

pytestmark = pytest.mark.usefixtures("db")


def change(shop: Shop, plan: str, interval: str) -> ChangePreview:
    shown = shop.preview(plan, interval)
    change_plan(
        tenant_id=shop.tenant.pk, plan=plan, interval=interval, proration_date=shown.proration_date,
        version=shown.version, actor=ACTOR,
    )  # fmt: skip
    return shown


def coming(shop: Shop) -> int:
    """What Stripe itself says of the next invoice, as things stand."""
    return shop.stripe.v1.invoices.create_preview({"subscription": shop.row().stripe_id}).amount_due


@pytest.mark.parametrize(
    ("begin", "to", "coupon"),
    [
        (("starter", "month"), ("growth", "month"), "welcome_20"),  # more, at once
        (("starter", "month"), ("growth", "year"), "nonprofit_30"),  # a year begins at once
        (("starter", "month"), ("growth", "year"), "welcome_20"),  # … after which the discount is over
        (("pro", "year"), ("growth", "month"), "nonprofit_30"),  # less, when the year is over
        (("pro", "year"), ("growth", "month"), "welcome_20"),
        (("starter", "year"), ("pro", "month"), ""),  # at once, and the year's credit pays the first month
        (("starter", "year"), ("growth", "month"), "nonprofit_30"),  # … or several of them
    ],
)
def test_the_next_payment_is_what_stripe_asks_for(
    shop: Shop, begin: tuple[str, str], to: tuple[str, str], coupon: str
) -> None:
    shop.skip_trial()
    shop.buy(*begin)
    if coupon:
        shop.stripe.v1.subscriptions.update(shop.row().stripe_id, {"discounts": [{"coupon": coupon}]})
    assert change(shop, *to).next_amount == coming(shop)


@pytest.mark.parametrize(
    ("begin", "to", "amount"),
    [
        ("starter", ("growth", "month"), 2500),
        ("starter", ("growth", "year"), 25_000),
        ("growth", ("starter", "month"), 900),  # no bill is made, so that the coupon waits
    ],
)
def test_a_coupon_for_once_is_used_up_by_the_bill_of_the_change(
    shop: Shop, begin: str, to: tuple[str, str], amount: int
) -> None:
    shop.skip_trial()
    shop.buy(begin)
    once = shop.stripe.v1.coupons.create({"percent_off": 10, "duration": "once"}).id
    shop.stripe.v1.subscriptions.update(shop.row().stripe_id, {"discounts": [{"coupon": once}]})
    assert change(shop, *to).next_amount == coming(shop) == amount


def test_within_a_trial_it_is_the_first_payment(shop: Shop) -> None:
    shop.buy("starter", promotion_code="WELCOME20")
    assert change(shop, "growth", "year").next_amount == coming(shop) == 20_000


def test_what_was_planned_before_does_not_count(shop: Shop) -> None:
    """A smaller plan was to begin with the next period; a larger one is chosen in its place."""
    shop.skip_trial()
    shop.buy("growth")
    change(shop, "starter", "month")
    assert change(shop, "pro", "month").next_amount == coming(shop) == 5000
