"""The Checkout page as a person meets it: filled in, declined, confirmed with the bank, pressed twice, and hostile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from .shop import Shop
from .test_checkout import session

GOOD = {
    "email": "robin@example.org",
    "card": "4242 4242 4242 4242",
    "exp": "12 / 34",
    "cvc": "123",
    "do": "pay",
    "country": "DE",
}


def send(url: str, **fields: str) -> requests.Response:
    return requests.post(url, data=GOOD | fields, allow_redirects=False, timeout=20)


def test_paying_leads_back_to_the_shop_with_the_sessions_id(shop: Shop) -> None:
    made = session(shop)
    assert "Subscribe and pay $50.00" in requests.get(made.url, timeout=20).text
    answer = send(made.url)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"https://shop.example/done?session={made.id}",
    )
    done = shop.stripe.v1.checkout.sessions.retrieve(made.id)
    assert (done.status, done.customer_details.email, done.customer_details.address.country) == (
        "complete", "robin@example.org", "DE",
    )  # fmt: skip
    assert "nothing left to pay" in requests.get(made.url or "", timeout=20).text


def test_pressed_many_times_it_is_paid_once(shop: Shop) -> None:
    made = session(shop)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(made.url), range(8)))
    assert {one.status_code for one in answers} == {303}
    assert len(shop.stripe.v1.subscriptions.list().data) == 1
    assert len(shop.stripe.v1.charges.list().data) == 1
    assert shop.types().count("checkout.session.completed") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"card": "4000000000000002"}, "Your card was declined."),
        ({"card": "4000000000009995"}, "insufficient funds"),
        ({"card": "1234"}, "not one of the test cards"),
        ({"email": "robin"}, "Enter your email address"),
        ({"exp": "13/20"}, "Enter month and year"),
        ({"cvc": "x"}, "three or four digits"),
        ({"code": "NONE"}, "takes no promotion codes"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    shop: Shop, fields: dict[str, str], words: str
) -> None:
    made = session(shop)
    answer = send(made.url, name="Robin Payer", **fields)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="Robin Payer"' in answer.text
    assert shop.stripe.v1.subscriptions.list().data == []


def test_a_test_card_is_filled_in_by_a_button(shop: Shop) -> None:
    answer = send(session(shop).url, do="fill 4000 0000 0000 0002", card="", name="Robin")
    assert answer.status_code == 200
    assert 'value="4000 0000 0000 0002"' in answer.text
    assert 'value="Robin"' in answer.text


@pytest.mark.parametrize(("answer", "status"), [("approve", "complete"), ("fail", "open")])
def test_the_bank_is_asked(shop: Shop, answer: str, status: str) -> None:
    made = session(shop)
    asked = send(made.url, card="4000002760003184")
    assert asked.headers["Location"] == f"/checkout/{made.id}/bank"
    bank = f"{made.url}/bank"
    assert "Confirm with your bank" in requests.get(bank, timeout=20).text
    said = requests.post(bank, data={"answer": answer}, allow_redirects=False, timeout=20)
    assert shop.stripe.v1.checkout.sessions.retrieve(made.id).status == status
    assert said.status_code == (303 if answer == "approve" else 200 if status == "complete" else 400)


def test_codes_are_applied_and_taken_away(shop: Shop) -> None:
    coupon = shop.stripe.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    shop.stripe.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"}
    )
    made = session(shop, allow_promotion_codes=True)
    assert "$40.00" in send(made.url, do="code", code="spring").text
    assert "Subscribe and pay $50.00" in send(made.url, do="forget").text
    # A code that was typed and not applied is applied, and shown, before anything is charged.
    assert send(made.url, code="SPRING").status_code == 200
    assert shop.stripe.v1.subscriptions.list().data == []
    send(made.url)
    assert shop.stripe.v1.charges.list().data[0].amount == 4000


def test_a_trial_without_a_card_asks_for_none(shop: Shop) -> None:
    made = session(shop, payment_method_collection="if_required", subscription_data={"trial_period_days": 14})
    page = requests.get(made.url, timeout=20).text
    assert "14 days free" in page
    assert 'name="card"' not in page
    assert send(made.url, card="", exp="", cvc="").status_code == 303


def test_hostile_words_are_shown_and_not_run(shop: Shop) -> None:
    evil = '"><script>alert(1)</script>\u202e'
    product = shop.stripe.v1.products.create({"name": evil})
    price = shop.stripe.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
    )
    made: Any = session(
        shop, line_items=[{"price": price.id, "quantity": 1}], cancel_url='https://shop.example/"><script>'
    )
    for answer in (
        requests.get(made.url, timeout=20),
        send(made.url, name=evil, card=evil, email=evil, do=f"fill {evil}"),
    ):
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_unknown_session_is_a_page_of_its_own(shop: Shop) -> None:
    answer = requests.get(f"{shop.server.url}/checkout/cs_test_none", timeout=20)
    assert (answer.status_code, "no such checkout" in answer.text) == (404, True)
