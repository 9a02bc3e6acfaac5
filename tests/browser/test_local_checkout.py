"""The local Stripe's Checkout, portal and invoice in a browser: no barriers, and everything by the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import LOOKS, find_barriers, overflow
from tests.ops.sandbox.stripe.billing.shop import Shop
from tests.ops.sandbox.stripe.billing.test_portal_sessions import configure, offer
from tests.stripe import StripeServer

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(stripe_server: StripeServer) -> Shop:
    return Shop(stripe_server)


def checkout(shop: Shop, **more: Any) -> str:
    made = shop.stripe.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": shop.pro, "quantity": 1}],
            "success_url": f"{shop.server.url}/?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{shop.server.url}/",
            "allow_promotion_codes": True,
            "tax_id_collection": {"enabled": True},
            **more,
        }
    )
    return str(made.url)


def portal(shop: Shop, customer: str) -> str:
    reasons = {"enabled": True, "options": ["too_expensive", "other"]}
    made = configure(
        shop,
        subscription_update=offer(shop, shop.starter, shop.pro, shop.yearly),
        subscription_cancel={"enabled": True, "mode": "at_period_end", "cancellation_reason": reasons},
    )
    session = shop.stripe.v1.billing_portal.sessions.create(
        {"customer": customer, "configuration": made.id, "return_url": f"{shop.server.url}/"}
    )
    return session.url


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_its_pages_have_no_barriers_and_fit(shop: Shop, browser: Browser, width: int, scheme: Any) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    customer = shop.customer(name="Pixel Pals, whose company has rather a long name")
    subscription = shop.subscribe(customer, shop.starter)
    home = portal(shop, customer)
    pages = [
        checkout(shop), checkout(shop, customer=customer, customer_update={"name": "auto"}), checkout(shop, subscription_data={"trial_period_days": 14}),
        home, f"{home}/plan/{subscription.id}", f"{home}/plan/{subscription.id}/confirm?price={shop.pro}",
        f"{home}/cancel/{subscription.id}", f"{home}/card", f"{home}/details", str(shop.invoice(subscription).hosted_invoice_url),
        f"{shop.server.url}/portal/none", f"{shop.server.url}/checkout/none",
    ]  # fmt: skip
    for address in pages:
        page.goto(address)
        assert find_barriers(page) == [], address
        assert overflow(page) <= 0, address
    page.goto(pages[0])
    page.locator("button.main").click()
    expect(page.locator(".wrong").first).to_be_visible()
    assert find_barriers(page) == []
    context.close()


def test_a_person_pays_with_the_keyboard_alone(shop: Shop, browser: Browser) -> None:
    page: Page = browser.new_page()
    page.goto(checkout(shop))
    page.get_by_label("Email").focus()
    page.keyboard.type("robin@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("4000002760003184")
    page.keyboard.press("Tab")
    page.keyboard.type("12/34")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Confirm with your bank")).to_be_visible()
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/?session=cs_test_*")
    assert [one.status for one in shop.stripe.v1.subscriptions.list()] == ["active"]
    page.close()


def test_a_person_changes_cancels_and_resumes(shop: Shop, browser: Browser) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.starter)
    page: Page = browser.new_page()
    page.goto(portal(shop, customer))
    page.get_by_role("link", name="Change plan").click()
    page.get_by_label("Pro", exact=False).first.check()
    page.get_by_role("button", name="See what it costs").click()
    page.get_by_role("button", name="Change and pay").click()
    expect(page.get_by_text("Your plan is changed.")).to_be_visible()
    page.get_by_role("link", name="Cancel plan").click()
    page.get_by_label("It is too expensive").check()
    page.get_by_role("button", name="Cancel plan").click()
    expect(page.get_by_text("is not charged again")).to_be_visible()
    page.get_by_role("button", name="Do not cancel").click()
    expect(page.get_by_text("Your plan goes on.")).to_be_visible()
    assert shop.get(subscription)["items"].data[0].price.id == shop.pro
    page.close()
