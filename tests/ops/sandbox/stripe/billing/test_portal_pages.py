"""The customer portal as a person meets it: another plan, cancelling, a new card, details; and what is not offered."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from .shop import Shop
from .test_portal_sessions import configure, offer

RULES = {
    "schedule_at_period_end": {
        "conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
    }
}


class Visit:
    """A portal that is open, over plain HTTP."""

    def __init__(
        self, shop: Shop, customer: str, *, flow: dict[str, Any] | None = None, **features: Any
    ) -> None:
        self.shop = shop
        params: dict[str, Any] = {
            "customer": customer,
            "configuration": configure(shop, **features).id,
            "return_url": "https://shop.example/plans",
        }
        if flow:
            params["flow_data"] = flow
        self.url = shop.stripe.v1.billing_portal.sessions.create(params).url  # type: ignore[arg-type]

    def get(self, path: str = "") -> requests.Response:
        return requests.get(self.url + path, timeout=20)

    def post(self, path: str, **fields: str) -> requests.Response:
        return requests.post(self.url + path, data=fields, timeout=20)


@pytest.fixture
def paying(shop: Shop) -> tuple[Any, str]:
    customer = shop.customer(name="Robin Payer")
    return shop.subscribe(customer, shop.starter), customer


def plans(shop: Shop) -> dict[str, Any]:
    return offer(shop, shop.starter, shop.pro, shop.yearly, **RULES)


def test_the_first_page_shows_plan_card_details_and_invoices(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    page = Visit(shop, customer, subscription_update=plans(shop)).get().text
    for words in (
        "Starter",
        "Next payment: $10.00 on",
        "ending in",
        "4242",
        "Robin Payer",
        "robin@example.org",
        "$10.00",
        "Paid",
    ):
        assert words in page
    assert shop.invoice(subscription).invoice_pdf in page


def test_an_upgrade_shows_its_price_and_is_charged_at_once(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    visit = Visit(shop, customer, subscription_update=plans(shop))
    assert "Pro, yearly" in visit.get(f"/plan/{subscription.id}").text
    page = visit.get(f"/plan/{subscription.id}/confirm?price={shop.pro}").text
    assert "Remaining time on Pro" in page
    assert "Due today" in page
    done = visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro, quantity="1")
    assert "Your plan is changed." in done.text
    visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro, quantity="1")
    after = shop.get(subscription)
    assert after["items"].data[0].price.id == shop.pro
    assert len(shop.stripe.v1.invoices.list({"subscription": subscription.id}).data) == 2
    assert shop.invoice(after).amount_paid == pytest.approx(4000, abs=2)


def test_a_downgrade_waits_for_the_period_and_can_be_taken_back(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.pro)
    visit = Visit(shop, customer, subscription_update=plans(shop))
    page = visit.get(f"/plan/{subscription.id}/confirm?price={shop.starter}").text
    assert "Nothing is charged now." in page
    assert (
        "Changes to <b>Starter</b>" in visit.post(f"/plan/{subscription.id}/confirm", price=shop.starter).text
    )
    after = shop.get(subscription)
    assert (after["items"].data[0].price.id, after.schedule is not None) == (shop.pro, True)
    assert "Your plan stays as it is." in visit.post(f"/keep/{subscription.id}").text
    assert shop.get(subscription).schedule is None


def test_a_declined_change_changes_nothing(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    shop.give_card(customer, "pm_card_chargeCustomerFail")
    visit = Visit(shop, customer, subscription_update=plans(shop))
    answer = visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro)
    assert (answer.status_code, "Your card was declined." in answer.text) == (400, True)
    assert shop.get(subscription)["items"].data[0].price.id == shop.starter


def test_a_change_may_need_the_bank(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    shop.give_card(customer, "pm_card_authenticationRequired")
    visit = Visit(shop, customer, subscription_update=plans(shop))
    assert "Confirm with your bank" in visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro).text
    assert shop.get(subscription)["items"].data[0].price.id == shop.starter
    assert "Your plan is changed." in visit.post("/bank", answer="approve").text
    assert shop.get(subscription)["items"].data[0].price.id == shop.pro


def test_cancelling_and_taking_it_back(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    reasons = {"enabled": True, "options": ["too_expensive", "other"]}
    visit = Visit(
        shop,
        customer,
        subscription_cancel={"enabled": True, "mode": "at_period_end", "cancellation_reason": reasons},
    )
    assert "It is too expensive" in visit.get(f"/cancel/{subscription.id}").text
    page = visit.post(f"/cancel/{subscription.id}", feedback="too_expensive", comment="Sorry").text
    assert "is not charged again" in page
    after = shop.get(subscription)
    assert (after.cancel_at_period_end, after.cancellation_details.feedback) == (True, "too_expensive")
    assert "Your plan goes on." in visit.post(f"/resume/{subscription.id}").text
    assert shop.get(subscription).cancel_at is None


def test_a_new_card_is_charged_from_now_on(shop: Shop, paying: tuple[Any, str]) -> None:
    _, customer = paying
    visit = Visit(shop, customer)
    card = {"exp": "12 / 34", "cvc": "123"}
    assert "Your card was declined." in visit.post("/card", card="4000000000000002", **card).text
    assert "Your new card is saved." in visit.post("/card", card="5555555555554444", **card).text
    method = shop.stripe.v1.customers.retrieve(customer).invoice_settings.default_payment_method
    assert shop.stripe.v1.payment_methods.retrieve(str(method)).card.last4 == "4444"


@pytest.mark.parametrize(("answer", "saved"), [("approve", "3155"), ("fail", "4242")])
def test_the_bank_may_be_asked_for_a_card(
    shop: Shop, paying: tuple[Any, str], answer: str, saved: str
) -> None:
    _, customer = paying
    visit = Visit(shop, customer)
    assert (
        "Confirm with your bank" in visit.post("/card", card="4000002500003155", exp="12/34", cvc="123").text
    )
    visit.post("/bank", answer=answer)
    method = shop.stripe.v1.customers.retrieve(customer).invoice_settings.default_payment_method
    assert shop.stripe.v1.payment_methods.retrieve(str(method)).card.last4 == saved


def test_details_and_tax_ids(shop: Shop, paying: tuple[Any, str]) -> None:
    _, customer = paying
    visit = Visit(shop, customer)
    filled = {"name": "Acme", "email": "a@example.org", "city": "Köln", "country": "DE"}
    page = visit.post("/details", tax_type="eu_vat", tax_id="DE123456789", phone="1", **filled).text
    assert "Your details are saved." in page
    assert "DE123456789" in page
    after = shop.stripe.v1.customers.retrieve(customer, {"expand": ["tax_ids"]})
    assert (after.name, after.address.city, after.phone) == ("Acme", "Köln", None)  # the phone is not offered
    assert "Choose what kind" in visit.post("/details", tax_id="X1", **filled).text
    assert "Invalid value" in visit.post("/details", tax_type="eu_vat", tax_id="nonsense", **filled).text
    visit.post(f"/tax/{after.tax_ids.data[0].id}")
    assert shop.stripe.v1.customers.tax_ids.list(customer).data == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/plan/{sub}"), ("POST", "/plan/{sub}/confirm"), ("GET", "/cancel/{sub}"), ("POST", "/cancel/{sub}"), ("GET", "/card"),
     ("POST", "/card"), ("GET", "/details"), ("POST", "/details"), ("POST", "/keep/{sub}"), ("POST", "/resume/{sub}")],
)  # fmt: skip
def test_what_the_configuration_switches_off_is_refused(
    shop: Shop, paying: tuple[Any, str], method: str, path: str
) -> None:
    subscription, customer = paying
    off = {"enabled": False}
    visit = Visit(
        shop, customer, payment_method_update=off, customer_update=off, subscription_cancel=off, subscription_update=off, invoice_history=off
    )  # fmt: skip
    answer = requests.request(
        method,
        visit.url + path.format(sub=subscription.id),
        data={"card": "4242424242424242", "exp": "12/34", "cvc": "123"},
        timeout=20,
    )
    assert answer.status_code == 403
    page = visit.get().text
    assert "Cancel plan" not in page
    assert "Invoices" not in page.split("<main")[1].replace("Your plan and your invoices", "")


def test_anothers_subscription_and_prices_not_offered_are_refused(
    shop: Shop, paying: tuple[Any, str]
) -> None:
    subscription, customer = paying
    theirs = shop.subscribe(shop.customer())
    visit = Visit(shop, customer, subscription_update=offer(shop, shop.starter))
    assert visit.post(f"/cancel/{theirs.id}").status_code == 403
    assert shop.get(theirs).cancel_at is None
    assert visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro).status_code == 403
    assert shop.get(subscription)["items"].data[0].price.id == shop.starter


def test_a_link_is_good_for_a_short_time(shop: Shop, paying: tuple[Any, str]) -> None:
    _, customer = paying
    visit, unused = Visit(shop, customer), Visit(shop, customer)
    assert visit.get().status_code == 200
    shop.server.control.advance(301)
    assert (visit.get().status_code, unused.get().status_code) == (200, 410)
    shop.server.control.advance(3601)
    assert visit.get().status_code == 410
    assert requests.get(f"{shop.server.url}/portal/none", timeout=20).status_code == 410


def test_a_flow_leads_to_one_thing_and_back_to_the_shop(shop: Shop, paying: tuple[Any, str]) -> None:
    subscription, customer = paying
    item = subscription["items"].data[0].id
    back = {"type": "redirect", "redirect": {"return_url": f"{shop.server.url}/_sandbox/?back"}}
    confirm = {"subscription": subscription.id, "items": [{"id": item, "price": shop.pro, "quantity": 1}]}
    visit = Visit(
        shop,
        customer,
        subscription_update=plans(shop),
        flow={
            "type": "subscription_update_confirm",
            "subscription_update_confirm": confirm,
            "after_completion": back,
        },
    )
    assert "Change to Pro" in visit.get().text
    done = visit.post(f"/plan/{subscription.id}/confirm", price=shop.pro)
    assert done.url.endswith("/_sandbox/?back")
    card = Visit(shop, customer, flow={"type": "payment_method_update"})
    assert "Change card" in card.get().text
    cancel = Visit(
        shop,
        customer,
        flow={
            "type": "subscription_cancel",
            "subscription_cancel": {"subscription": subscription.id},
            "after_completion": {
                "type": "hosted_confirmation",
                "hosted_confirmation": {"custom_message": "See you <soon>"},
            },
        },
    )
    assert "Cancel plan" in cancel.get().text
    assert "See you &lt;soon&gt;" in cancel.post(f"/cancel/{subscription.id}").text
