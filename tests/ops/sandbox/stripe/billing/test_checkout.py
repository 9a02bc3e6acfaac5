"""Checkout sessions: made, completed once, declined without a trace, expired."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from .shop import DAY, Shop


def session(shop: Shop, **more: Any) -> Any:
    params = {
        "mode": "subscription",
        "line_items": [{"price": shop.pro, "quantity": 1}],
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/plans",
        "client_reference_id": "acme",
        **more,
    }
    return shop.stripe.v1.checkout.sessions.create({k: v for k, v in params.items() if v is not None})  # type: ignore[arg-type]


def complete(shop: Shop, made: Any, **filled: Any) -> Any:
    return shop.server.control.complete_checkout(made.id, **filled)


def test_completing_makes_a_subscription_that_is_paid(shop: Shop) -> None:
    made = session(shop, subscription_data={"metadata": {"tenant": "acme"}})
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 5000)
    assert made.url.startswith(shop.server.url)
    complete(shop, made, email="robin@example.org")
    done = shop.stripe.v1.checkout.sessions.retrieve(made.id, {"expand": ["subscription", "line_items"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.subscription.status, done.subscription.metadata["tenant"]) == ("active", "acme")
    assert done.subscription.default_payment_method is not None
    assert done.customer_details.email == "robin@example.org"
    assert [one.price.id for one in done.line_items] == [shop.pro]
    assert shop.types()[-1] == "checkout.session.completed"


def test_completing_twice_makes_one_subscription(shop: Shop) -> None:
    made = session(shop)
    assert complete(shop, made) == complete(shop, made)
    assert len(shop.stripe.v1.subscriptions.list().data) == 1
    assert shop.types().count("checkout.session.completed") == 1


@pytest.mark.parametrize("card", ["4000 0000 0000 0002", "4000 0000 0000 9995"])
def test_a_declined_card_leaves_the_session_open_and_nothing_behind(shop: Shop, card: str) -> None:
    made = session(shop)
    before = len(shop.server.events)
    with pytest.raises(ValueError, match="card"):
        complete(shop, made, card=card)
    assert shop.stripe.v1.checkout.sessions.retrieve(made.id).status == "open"
    assert (shop.stripe.v1.subscriptions.list().data, len(shop.server.events)) == ([], before)
    complete(shop, made)
    assert len(shop.stripe.v1.subscriptions.list().data) == 1


def test_3d_secure_is_asked_for_first(shop: Shop) -> None:
    made = session(shop)
    with pytest.raises(ValueError, match="3-D Secure"):
        complete(shop, made, card="4000002760003184")
    assert complete(shop, made, card="4000002760003184", authenticated=True)["status"] == "complete"


def test_a_trial_without_a_card(shop: Shop) -> None:
    made = session(
        shop,
        payment_method_collection="if_required",
        subscription_data={
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        },
    )
    assert made.amount_total == 0
    done = complete(shop, made, card=None)
    assert done["payment_status"] == "no_payment_required"
    subscription = shop.stripe.v1.subscriptions.retrieve(done["subscription"])
    assert (subscription.status, subscription.default_payment_method) == ("trialing", None)


def test_promotion_codes_are_typed_where_they_are_allowed(shop: Shop) -> None:
    coupon = shop.stripe.v1.coupons.create({"percent_off": 50, "duration": "once"})
    shop.stripe.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF", "max_redemptions": 1}
    )
    with pytest.raises(ValueError, match="no promotion codes"):
        complete(shop, session(shop), code="HALF")
    made = session(shop, allow_promotion_codes=True)
    with pytest.raises(ValueError, match="No such promotion code"):
        complete(shop, made, code="OTHER")
    done = complete(shop, made, code="half")
    assert (done["amount_total"], done["total_details"]["amount_discount"]) == (2500, 2500)
    assert shop.stripe.v1.invoices.retrieve(done["invoice"]).amount_paid == 2500
    with pytest.raises(ValueError, match="promotion"):
        complete(shop, session(shop, allow_promotion_codes=True), code="HALF")


def test_a_session_expires_after_a_day_or_when_it_is_told_to(shop: Shop) -> None:
    first, second = session(shop), session(shop)
    assert shop.stripe.v1.checkout.sessions.expire(first.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.checkout.sessions.expire(first.id)
    shop.server.control.advance(DAY)
    assert shop.stripe.v1.checkout.sessions.retrieve(second.id).status == "expired"
    assert shop.types().count("checkout.session.expired") == 2
    with pytest.raises(ValueError, match="expired"):
        complete(shop, second)


def test_a_known_customer_pays_in_their_currency_with_a_tax_id(shop: Shop) -> None:
    customer = shop.customer(None)
    made = session(shop, customer=customer, currency="eur", tax_id_collection={"enabled": True},
                   customer_update={"name": "auto", "address": "auto"}, automatic_tax={"enabled": True})  # fmt: skip
    assert (made.amount_subtotal, made.amount_total, made.total_details.amount_tax) == (4500, 5400, 900)
    done = complete(shop, made, tax_id=["eu_vat", "DE123456789"], name="Acme", address={"country": "DE"})
    assert done["customer_details"]["tax_ids"] == [{"type": "eu_vat", "value": "DE123456789"}]
    invoice = shop.stripe.v1.invoices.retrieve(done["invoice"])
    assert (invoice.currency, invoice.total, invoice.customer_tax_ids[0].value) == (
        "eur",
        5400,
        "DE123456789",
    )


def test_one_payment_and_one_saved_card(shop: Shop) -> None:
    once = shop.stripe.v1.prices.create(
        {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Sticker"}}
    )
    paid = complete(
        shop,
        session(
            shop, mode="payment", line_items=[{"price": once.id, "quantity": 2}], customer=shop.customer(None)
        ),
    )
    intent = shop.stripe.v1.payment_intents.retrieve(paid["payment_intent"])
    assert (intent.status, intent.amount) == ("succeeded", 1400)
    saved = complete(
        shop, session(shop, mode="setup", line_items=None, currency="usd", customer=shop.customer(None))
    )
    assert shop.stripe.v1.setup_intents.retrieve(saved["setup_intent"]).status == "succeeded"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"success_url": None}, "success_url"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"mode": "payment"}, "mode"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"expires_at": 1}, "expires_at"),
        ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]"),
    ],
)
def test_wrong_sessions_are_refused_by_name(shop: Shop, wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        session(shop, **wrong)
    assert caught.value.param == param
