"""The operator's page of Stripe's events in a browser: at a desk and on a phone, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from billing.models import Reconciliation, StripeEvent
from saas.core import clock
from tenants.models import Tenant, User
from tests.browser.conftest import Opener, Site
from tests.browser.test_members import LOOKS, shoot
from tests.browser.test_pages import find_barriers, overflow
from tests.frontend_api.hosts import PASSWORD

pytestmark = pytest.mark.browser
BASE = "localhost"


@pytest.fixture
def inbox(people: None) -> None:
    """Events in every state, one with a name that is not ours to trust, and a comparison that found something."""
    User.objects.create_user("op", "op@example.org", PASSWORD, is_operator=True)
    acme, now = Tenant.objects.get(slug="acme"), clock.now()
    states = ["received", "processed", "ignored", "failed"]
    for number in range(60):
        state = states[number % 4]
        StripeEvent.objects.create(
            stripe_id=f"evt_1QabcdefghijklmnopqrstuvW{number}",
            type="customer.subscription.updated" if number % 3 else "invoice.payment_action_required",
            object_id=f"sub_1QabcdefghijklmnopqrstuvX{number}",
            customer_id="cus_1234567890abcdef",
            made_at=now,
            received_at=now - timedelta(minutes=7 * (60 - number)),
            payload={
                "id": "evt",
                "data": {"object": {"id": "sub", "status": "active", "name": "<b>Ada</b>"}},
            },
            state=state,
            tries=14 if state == "failed" else 1,
            error="Our payment provider did not answer, so nothing was changed and nothing was charged."
            if state == "failed"
            else "",
            settled_at=None if state == "received" else now,
            tenant=acme if state == "processed" else None,
        )
    found = {
        "kind": "differs",
        "about": "sub_1QabcdefghijklmnopqrstuvX1",
        "tenant_id": acme.pk,
        "what": "status, period_end",
    }
    Reconciliation.objects.create(
        started_at=now - timedelta(minutes=9),
        ended_at=now,
        subscriptions=412,
        events=38,
        found=1,
        findings=[found],
    )


def enter(open_page: Opener, *, width: int = 1280, scheme: str = "light") -> Page:
    page = open_page("/login/?next=/ops/stripe/", host=BASE, width=width, scheme=scheme)
    page.get_by_label(re.compile("name", re.IGNORECASE)).first.fill("op")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Sign in$")).first.click()
    expect(page.get_by_role("heading", name="Stripe’s events")).to_be_visible()
    return page


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_are_open_to_everybody_and_fit(
    inbox: None, open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = enter(open_page, width=width, scheme=scheme)
    shoot(page, f"stripe-events-{width}-{scheme}")
    assert find_barriers(page) == []
    assert overflow(page) <= 0
    open_page("/ops/stripe/?state=failed", host=BASE, page=page)
    page.get_by_role("link", name="customer.subscription.updated").first.click()
    expect(page.get_by_role("heading", name="What came")).to_be_visible()
    shoot(page, f"stripe-event-{width}-{scheme}")
    assert find_barriers(page) == []
    assert overflow(page) <= 0
    expect(page.get_by_text("Ada")).to_have_count(0)


def test_what_failed_is_replayed_by_hand(
    inbox: None, open_page: Opener, site: Site, request: pytest.FixtureRequest
) -> None:
    page = enter(open_page)
    wait: Callable[[], int] = lambda: StripeEvent.objects.filter(state="failed").count()  # noqa: E731
    assert wait() == 15
    open_page("/ops/stripe/?state=failed", host=BASE, page=page)
    page.get_by_role("table").last.get_by_role("link").first.click()
    page.get_by_role("button", name="Replay it").click()
    expect(page.get_by_text("It waits to be worked off again")).to_be_visible()
    assert wait() == 14
    open_page("/ops/stripe/", host=BASE, page=page)
    page.get_by_role("button", name="Replay all failed").click()
    expect(page.get_by_text("14 events wait again")).to_be_visible()
    assert wait() == 0
    expect(page.get_by_role("button", name="Replay all failed")).to_have_count(0)
