"""What Stripe documents that it refuses, beyond the types of parameters; a shop that sends it must not pass here either."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal

from .shop import DAY, Shop
from .test_checkout import session
from .test_portal_sessions import FEATURES, configure, offer


def two_items(shop: Shop) -> Any:
    beside = shop.price("Beside", 300, 300)
    return shop.subscribe(shop.customer(), items=[{"price": shop.starter}, {"price": beside}])


def open_flow(shop: Shop, subscription: Any, kind: str, price: str = "") -> Any:
    part: dict[str, Any] = {"subscription": subscription.id}
    if price:
        part["items"] = [{"id": subscription["items"].data[0].id, "price": price, "quantity": 1}]
    made = configure(shop, subscription_update=offer(shop, shop.starter))
    return shop.stripe.v1.billing_portal.sessions.create(
        {
            "customer": subscription.customer,
            "configuration": made.id,
            "flow_data": {"type": kind, kind: part},  # type: ignore[typeddict-item,misc]
        }
    )


def cancelling(shop: Shop, **how: Any) -> Any:
    return configure(shop, subscription_cancel={"enabled": True, **how})


def many_products(shop: Shop) -> Any:
    prices = [shop.price(f"Plan {number}", 100, 100) for number in range(11)]
    return configure(shop, subscription_update=offer(shop, *prices))


def card_of_another(shop: Shop) -> Any:
    owner = shop.customer(card=None)
    method = shop.give_card(owner, "pm_card_visa")
    return shop.subscribe(shop.customer(), default_payment_method=method)


def late_code(shop: Shop) -> Any:
    soon = int(time.time()) + DAY
    coupon = shop.stripe.v1.coupons.create({"percent_off": 10, "duration": "once", "redeem_by": soon})
    promotion: Any = {"type": "coupon", "coupon": coupon.id}
    return shop.stripe.v1.promotion_codes.create({"promotion": promotion, "expires_at": soon + DAY})


REFUSED: list[tuple[str, Callable[[Shop], Any], str]] = [
    (
        "two coupons at checkout",
        lambda shop: session(shop, discounts=[{"coupon": "a"}, {"coupon": "b"}]),
        "discounts",
    ),
    (
        "a tax id of a customer whose name stays",
        lambda shop: session(shop, customer=shop.customer(), tax_id_collection={"enabled": True}),
        "customer_update[name]",
    ),
    (
        "a trial that is over within two days",
        lambda shop: session(shop, subscription_data={"trial_end": int(time.time()) + DAY}),
        "subscription_data[trial_end]",
    ),
    (
        "a flow to another plan of several items",
        lambda shop: open_flow(shop, two_items(shop), "subscription_update"),
        "flow_data[subscription_update][subscription]",
    ),
    (
        "a flow to a price that is not offered",
        lambda shop: open_flow(
            shop, shop.subscribe(shop.customer()), "subscription_update_confirm", shop.yearly
        ),
        "flow_data[subscription_update_confirm][items][0][price]",
    ),
    (
        "a portal that cancels and bills",
        lambda shop: cancelling(shop, mode="immediately", proration_behavior="always_invoice"),
        "features[subscription_cancel][proration_behavior]",
    ),
    (
        "a portal that prorates a period to its end",
        lambda shop: cancelling(shop, mode="at_period_end", proration_behavior="create_prorations"),
        "features[subscription_cancel][proration_behavior]",
    ),
    ("more than ten products in a portal", many_products, "features[subscription_update][products]"),
    ("somebody else's card", card_of_another, "default_payment_method"),
    (
        "a card that is not there",
        lambda shop: shop.subscribe(shop.customer(), default_payment_method="pm_none"),
        "default_payment_method",
    ),
    (
        "a beginning that waits for an update's payment",
        lambda shop: shop.subscribe(shop.customer(), payment_behavior="pending_if_incomplete"),
        "payment_behavior",
    ),
    (
        "a subscription of nobody",
        lambda shop: shop.stripe.v1.subscriptions.create({"items": [{"price": shop.pro}]}),
        "customer",
    ),
    (
        "a product without a name",
        lambda shop: shop.stripe.v1.products.update(
            shop.stripe.v1.products.create({"name": "Pro"}).id, {"name": ""}
        ),
        "name",
    ),
    (
        "twenty-one items",
        lambda shop: shop.subscribe(shop.customer(), items=[{"price": shop.pro}] * 21),
        "items",
    ),
    (
        "a coupon for six years",
        lambda shop: shop.stripe.v1.coupons.create(
            {"percent_off": 10, "duration": "once", "redeem_by": int(time.time()) + 6 * 366 * DAY}
        ),
        "redeem_by",
    ),
    ("a code that outlives its coupon", late_code, "expires_at"),
]


SENT_AMISS: list[tuple[str, Callable[[Shop], Any], str, str]] = [
    (
        "a coupon's name of 41 letters",
        lambda shop: shop.stripe.v1.coupons.create({"percent_off": 10, "duration": "once", "name": "x" * 41}),
        "name",
        "parameter_invalid_string_too_long",
    ),
    (
        "a unit of 13 letters",
        lambda shop: shop.stripe.v1.products.create({"name": "Hours", "unit_label": "x" * 13}),
        "unit_label",
        "parameter_invalid_string_too_long",
    ),
    (
        "a description at checkout of 501 letters",
        lambda shop: session(shop, subscription_data={"description": "x" * 501}),
        "subscription_data[description]",
        "parameter_invalid_string_too_long",
    ),
    (
        "an empty place in a list",
        lambda shop: shop.stripe.v1.products.create({"name": "Pro", "images": [""]}),
        "images[0]",
        "parameter_invalid_empty",
    ),
    (
        "an empty mail address at checkout",
        lambda shop: session(shop, customer_email=""),
        "customer_email",
        "parameter_invalid_empty",
    ),
]


@pytest.mark.parametrize(
    ("call", "param", "code"), [pytest.param(*rest, id=name) for name, *rest in SENT_AMISS]
)
def test_what_no_object_can_hold_is_refused_and_noted(
    shop: Shop, call: Callable[[Shop], Any], param: str, code: str
) -> None:
    error = refusal(lambda: call(shop))
    assert (error.http_status, error.param, error.code) == (400, param, code)
    assert [one["kind"] for one in shop.server.take_violations()] == ["parameter"]


NOT_MODELLED: list[tuple[str, Callable[[Shop], Any]]] = [
    (
        "billing_mode",
        lambda shop: shop.subscribe(shop.customer(), billing_mode={"type": "classic"}),
    ),
    (
        "billing_mode",
        lambda shop: session(shop, subscription_data={"billing_mode": {"type": "classic"}}),
    ),
    (
        "invoice_settings",
        lambda shop: shop.subscribe(shop.customer(), invoice_settings={"issuer": {"type": "self"}}),
    ),
    (
        "automatic_tax",
        lambda shop: shop.stripe.v1.invoices.create_preview(
            {"subscription": shop.subscribe(shop.customer()).id, "automatic_tax": {"enabled": True}}
        ),
    ),
    (
        "payment_method_options",
        lambda shop: session(shop, payment_method_options={"card": {"request_three_d_secure": "any"}}),
    ),
    (
        "effective_at",
        lambda shop: shop.stripe.v1.invoices.create({"customer": shop.customer(), "effective_at": 1}),
    ),
    ("tax", lambda shop: shop.stripe.v1.customers.create({"tax": {"ip_address": "127.0.0.1"}})),
    (
        "settings",
        lambda shop: shop.stripe.v1.accounts.create(
            {"type": "express", "settings": {"payouts": {"debit_negative_balances": True}}}
        ),
    ),
    (
        "radar_options",
        lambda shop: shop.stripe.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "radar_options": {"session": "x"}}
        ),
    ),
]


@pytest.mark.parametrize(("param", "call"), NOT_MODELLED)
def test_what_is_not_modelled_is_refused_by_name_and_never_ignored(
    shop: Shop, param: str, call: Callable[[Shop], Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not model the parameter") as caught:
        call(shop)
    assert caught.value.param == param


@pytest.mark.parametrize(("call", "param"), [pytest.param(*rest, id=name) for name, *rest in REFUSED])
def test_what_stripe_refuses_is_refused(shop: Shop, call: Callable[[Shop], Any], param: str) -> None:
    error = refusal(lambda: call(shop))
    assert (error.http_status, error.error.type, error.param) == (400, "invalid_request_error", param)


def test_a_subscription_of_several_items_is_not_changed_in_the_portal(shop: Shop) -> None:
    import requests

    subscription = two_items(shop)
    made = configure(shop, **FEATURES, subscription_update=offer(shop, shop.starter, shop.pro))
    opened = shop.stripe.v1.billing_portal.sessions.create(
        {"customer": subscription.customer, "configuration": made.id}
    )
    page = requests.get(opened.url, timeout=20).text
    assert "Cancel plan" in page
    assert "Change plan" not in page


def test_an_unpaid_change_that_waits_for_its_payer_is_past_due_and_not_tried(shop: Shop) -> None:
    """`default_incomplete` on an update."""
    subscription = shop.subscribe(shop.customer(), shop.starter)
    charges = len(shop.stripe.v1.charges.list().data)
    after = shop.stripe.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription["items"].data[0].id, "price": shop.yearly}],
            "payment_behavior": "default_incomplete",
            "expand": ["latest_invoice.confirmation_secret"],
        },
    )
    assert (after.status, after.latest_invoice.status) == ("past_due", "open")
    assert after.latest_invoice.confirmation_secret.client_secret
    assert len(shop.stripe.v1.charges.list().data) == charges
    shop.stripe.v1.invoices.pay(after.latest_invoice.id)
    assert shop.get(subscription).status == "active"


@pytest.mark.parametrize("path", ["checkout/cs_test_none", "checkout/cs_test_none/bank"])
def test_a_form_for_what_is_not_there_is_a_page_and_no_crash(shop: Shop, path: str) -> None:
    import requests

    answer = requests.post(f"{shop.server.url}/{path}", data={"do": "pay"}, timeout=20)
    assert (answer.status_code, "This cannot be done" in answer.text) == (404, True)


def test_taking_a_code_away_where_none_is_taken_is_said_on_a_page(shop: Shop) -> None:
    import requests

    made = session(shop)
    answer = requests.post(made.url, data={"do": "forget"}, timeout=20)
    assert (answer.status_code, "takes no promotion codes" in answer.text) == (400, True)
    assert shop.stripe.v1.checkout.sessions.retrieve(made.id).status == "open"


def test_sums_of_whole_units_are_shown_as_such(shop: Shop) -> None:
    import requests

    yen: Any = {
        "amount": 2500,
        "currency": "jpy",
        "confirm": True,
        "payment_method": "pm_card_authenticationRequired",
    }
    intent = shop.stripe.v1.payment_intents.create(yen)
    assert intent.next_action is not None
    assert "¥2,500" in requests.get(intent.next_action.redirect_to_url.url, timeout=20).text
    paid = shop.stripe.v1.payment_intents.create(yen | {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError, match="¥2,501"):
        shop.stripe.v1.refunds.create({"payment_intent": paid.id, "amount": 2501})
