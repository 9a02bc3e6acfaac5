"""The API's reference in a browser: readable by everybody, at a desk and on a phone, in light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.test_pages import LOOKS, find_barriers, overflow

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_reference_has_no_barriers_and_fits(open_page: Opener, width: int, scheme: str) -> None:
    page = open_page("/api/v1/", width=width, scheme=scheme)
    for path in ("/api/v1/", "/api/v1/problems", "/api/v1/problems/rule_not_found"):
        open_page(path, page=page)
        if path.endswith("v1/"):
            for one in page.locator("details").all()[:4]:
                one.evaluate("one => { one.open = true }")
            expect(page.locator(".try-form").first).to_be_visible()
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_an_operation_is_found_and_its_example_opened(open_page: Opener) -> None:
    page = open_page("/api/v1/", width=1280)
    page.get_by_role("link", name="Report an activity").click()
    operation = page.locator("#send_activity")
    expect(operation).to_be_in_viewport()
    operation.get_by_text("Example", exact=True).click()
    expect(operation.get_by_text("lesson-77-of-4711").first).to_be_visible()


@pytest.fixture
def key(people: None) -> str:
    """An API key of Acme's that may read members and add them."""
    from tenants.api_keys import issue_api_key
    from tenants.models import Tenant

    row = Tenant.objects.get(slug="acme")
    issued = issue_api_key(
        tenant_id=row.pk, name="Trying", scopes=["members:read", "members:write"], created_by=None
    )
    return issued.token


def test_an_operation_is_tried_with_a_key_that_is_kept_nowhere(open_page: Opener, key: str) -> None:
    page = open_page("/api/v1/", width=360)
    listing = page.locator("#list_members")
    listing.get_by_text("Try it").click()
    # Without a key one asks as a stranger, whatever the browser is signed in as.
    listing.get_by_role("button", name="Send").click()
    expect(listing.get_by_role("status")).to_contain_text("401")
    expect(listing.get_by_role("region", name="Body of the answer of list_members")).to_contain_text(
        "not_signed_in"
    )

    page.get_by_label("Your API key or access token").fill(key)
    listing.get_by_label("limit").fill("2")
    listing.get_by_label("state").fill("here, left")
    listing.get_by_role("button", name="Send").click()
    expect(listing.get_by_role("status")).to_contain_text("200")
    expect(listing.get_by_role("status")).to_contain_text("/api/v1/members?limit=2&state=here&state=left")
    expect(listing.get_by_role("region", name="Headers of the answer of list_members")).to_contain_text(
        "ratelimit"
    )
    assert overflow(page) <= 0

    # What is typed into an address stays in its place of it.
    page.locator("#get_member").get_by_text("Try it").click()
    one = page.locator("#get_member")
    one.get_by_label("member_id").fill("../../nowhere?x")
    one.get_by_role("button", name="Send").click()
    expect(one.get_by_role("status")).to_contain_text("404")

    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert key not in kept
    page.reload()
    expect(page.get_by_label("Your API key or access token")).to_have_value("")
