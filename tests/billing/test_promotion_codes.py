"""Codes as people try them: wrong, run out, used up, another's, for other purchases. Whoever is refused is told so and buys without."""

from __future__ import annotations

from typing import Any

import pytest

from billing.errors import PromotionCodeError
from billing.models import BillingAttempt
from billing.payers import obtain_customer, obtain_payer
from tests.billing.shop import Shop

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _had_its_trial(shop: Shop) -> None:
    shop.skip_trial()


def code(shop: Shop, words: str, *, coupon: dict[str, Any] | None = None, **rules: Any) -> str:
    """Its id. A tenth off, unless `coupon` says otherwise."""
    made = shop.stripe.v1.coupons.create(coupon or {"percent_off": 10, "duration": "once"})  # type: ignore[arg-type]
    promotion: Any = {"type": "coupon", "coupon": made.id}
    return shop.stripe.v1.promotion_codes.create({"code": words, "promotion": promotion, **rules}).id


def total(shop: Shop, words: str) -> int | None:
    return shop.stripe.v1.checkout.sessions.retrieve(shop.begin(promotion_code=words)).amount_total


def own_customer(shop: Shop) -> str:
    return obtain_customer(payer=obtain_payer(user=shop.owner, key=""))


def other_customer(shop: Shop) -> str:
    return shop.stripe.v1.customers.create({"email": "other@example.org"}).id


def test_a_code_of_another_customer_is_refused(shop: Shop) -> None:
    code(shop, "THEIRS", customer=other_customer(shop))
    with pytest.raises(PromotionCodeError, match="not for this purchase"):
        shop.begin(promotion_code="THEIRS")
    assert not BillingAttempt.objects.filter(state="open").exists()


def test_of_two_with_one_spelling_the_customers_own_counts(shop: Shop) -> None:
    """Stripe allows the same words once for each customer."""
    code(shop, "THANKS", customer=own_customer(shop))
    code(shop, "THANKS", customer=other_customer(shop))
    assert total(shop, "thanks") == 2250


def test_what_has_run_out_is_refused(shop: Shop) -> None:
    now = int(shop.now().timestamp())
    code(shop, "SHORT", expires_at=now + 60)
    coupon = {"percent_off": 10, "duration": "once", "redeem_by": now + 60}
    code(shop, "SHORT2", coupon=coupon)
    shop.server.control.advance(61)
    for words in ("SHORT", "SHORT2"):
        with pytest.raises(PromotionCodeError, match="has run out"):
            shop.begin(promotion_code=words)


def test_what_is_used_up_or_switched_off_is_refused(shop: Shop) -> None:
    code(shop, "ONCE", max_redemptions=1)
    customer = other_customer(shop)
    shop.stripe.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    price = shop.stripe.v1.prices.list({"lookup_keys": ["growth_month"]}).data[0].id
    used = shop.stripe.v1.promotion_codes.list({"code": "ONCE"}).data[0].id
    shop.stripe.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price}],
            "discounts": [{"promotion_code": used}],
            "trial_period_days": 1,
        }
    )
    off = code(shop, "OFF")
    shop.stripe.v1.promotion_codes.update(off, {"active": False})
    for words in ("ONCE", "OFF", "NEVER"):
        with pytest.raises(PromotionCodeError, match="there is no such code, or it has run out"):
            shop.begin(promotion_code=words)


@pytest.mark.parametrize(
    "rules",
    [
        {"restrictions": {"minimum_amount": 100_000, "minimum_amount_currency": "usd"}},
        {"coupon": {"amount_off": 500, "currency": "gbp", "duration": "once"}},
    ],
)
def test_what_is_for_other_purchases_is_refused(shop: Shop, rules: dict[str, Any]) -> None:
    """Too small a sum, or another currency."""
    code(shop, "LARGE", **rules)
    with pytest.raises(PromotionCodeError, match="not for this purchase"):
        shop.begin(promotion_code="LARGE")
    assert not BillingAttempt.objects.filter(state="open").exists()
    assert total(shop, "") == 2500


def test_one_that_is_switched_off_while_the_page_is_made_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look at it and Stripe's."""
    from billing import checkout

    made = code(shop, "QUICK")
    asked = checkout.find_promotion_code

    def switched_off_meanwhile(**given: Any) -> str:
        found = asked(**given)
        shop.stripe.v1.promotion_codes.update(made, {"active": False})
        return found

    monkeypatch.setattr(checkout, "find_promotion_code", switched_off_meanwhile)
    with pytest.raises(PromotionCodeError, match="not for this purchase"):
        shop.begin(promotion_code="QUICK")
