"""The local Stripe's own page: a newcomer sees what happened, looks at one thing, breaks deliveries and mends them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import LOOKS, find_barriers, overflow
from tests.stripe import StripeServer

pytestmark = pytest.mark.browser


def fill(stripe_server: StripeServer) -> dict[str, str]:
    """Some life, and the addresses of its pages."""
    client = stripe_server.client.v1
    stripe_server.control.add_endpoint("http://127.0.0.1:9/stripe/webhook/", "whsec_nobody")
    customer = client.customers.create(
        {"name": "Pixel Pals, whose company has rather a long name", "email": "billing@example.com"}
    )
    pay: Any = {"amount": 2500, "currency": "usd", "customer": customer.id, "confirm": True}
    client.payment_intents.create({**pay, "payment_method": "pm_card_visa"})
    with pytest.raises(stripe.CardError):
        client.payment_intents.create({**pay, "payment_method": "pm_card_chargeDeclined"})
    asked = client.payment_intents.create({**pay, "payment_method": "pm_card_authenticationRequired"})
    with pytest.raises(stripe.InvalidRequestError):
        client.customers.create({"emial": "x"})  # type: ignore[typeddict-unknown-key]
    account = client.accounts.create({"type": "express"})
    back = f"{stripe_server.url}/"
    link = client.account_links.create(
        {"account": account.id, "type": "account_onboarding", "return_url": back, "refresh_url": back}
    )
    return {
        "index": back,
        "list": f"{stripe_server.url}/list/deliveries",
        "object": f"{stripe_server.url}/objects/customer/{customer.id}",
        "bank": asked.next_action.redirect_to_url.url,
        "connect": link.url,
    }


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_its_pages_have_no_barriers_and_fit(
    stripe_server: StripeServer, browser: Browser, width: int, scheme: Any
) -> None:
    pages = fill(stripe_server)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    for name, address in pages.items():
        page.goto(address)
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name
    context.close()
    stripe_server.take_violations()


def test_a_newcomer_finds_a_payment_and_holds_events_back(
    stripe_server: StripeServer, browser: Browser
) -> None:
    pages = fill(stripe_server)
    stripe_server.take_violations()
    page: Page = browser.new_page()
    page.goto(pages["index"])

    page.get_by_role("link", name="charge.failed", exact=True).first.click()
    expect(page.locator("pre")).to_contain_text("generic_decline")
    page.get_by_role("link", name="Local Stripe").click()
    page.get_by_role("button", name="Hold all events back").click()
    expect(page.get_by_text("Now: hold all events back.")).to_be_visible()
    assert stripe_server.control.describe()["faults"]["hold"]
    page.get_by_role("button", name="All is well again").click()
    expect(page.get_by_text("All is well.")).to_be_visible()
    page.close()
