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
        page.wait_for_load_state("networkidle")
        if path.endswith("v1/"):
            for one in page.locator("details").all()[:4]:
                one.evaluate("one => { one.open = true }")
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_an_operation_is_found_and_its_example_opened(open_page: Opener) -> None:
    page = open_page("/api/v1/", width=1280)
    page.get_by_role("link", name="Report an activity").click()
    operation = page.locator("#send_activity")
    expect(operation).to_be_in_viewport()
    operation.get_by_text("Example").click()
    expect(operation.get_by_text("lesson-77-of-4711").first).to_be_visible()


def test_a_320_pixel_screen_needs_no_sideways_scrolling(open_page: Opener) -> None:
    assert overflow(open_page("/api/v1/", width=320)) <= 0
