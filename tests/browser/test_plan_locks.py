"""What a plan lacks, in a browser: at a desk and on a phone, light and dark; and an operator who gives a plan and rolls a flag out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Site
from tests.browser.test_members import LOOKS, shoot
from tests.browser.test_pages import PASSWORD, find_barriers, overflow, sign_in

pytestmark = pytest.mark.browser
PATHS = {
    "roles": "/dashboard/level-roles/",
    "announcements": "/dashboard/announcements/",
    "audit": "/dashboard/audit/",
    "rule": "/dashboard/rules/new/?from=message",
}


@pytest.fixture
def bare(people: None) -> None:
    """Acme on a plan that has nothing."""
    from tenants.models import Tenant
    from tenants.routing import invalidate_routing

    row = Tenant.objects.get(slug="acme")
    row.entitlements = {
        "phases": [{"starts_at": "2020-01-01T00:00:00+00:00", "plan": "free", "features": [], "limits": {}}]
    }
    row.entitlements_version += 1
    row.save()
    invalidate_routing(tenant_id=row.pk)


def open_person(page: Page, open_page: Opener) -> str:
    open_page("/dashboard/team/", page=page)
    page.get_by_role("link", name=re.compile("Change what")).first.click()
    expect(page.get_by_role("heading", name="Single permissions")).to_be_visible()
    return "/" + page.url.split("localhost", 1)[1].split("/", 1)[1]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_locked_pages_can_be_read_and_say_what_opens_them(
    bare: None, open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", PATHS["roles"])
    for name, path in [*PATHS.items(), ("person", open_person(page, open_page))]:
        open_page(path, page=page)
        expect(page.get_by_role("note").filter(has_text="part of").first).to_be_visible()
        expect(page.get_by_role("link", name="See the plans").first).to_be_visible()
        shoot(page, f"lock-{name}-{width}-{scheme}")
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name
    open_page("/dashboard/audit/export.csv", page=page)
    expect(page.get_by_role("heading", name="This is part of another plan")).to_be_visible()
    shoot(page, f"lock-error-{width}-{scheme}")
    assert find_barriers(page) == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS[:2])
def test_an_operator_gives_a_plan_and_rolls_a_flag_out(
    people: None, open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    from tenants.models import User

    User.objects.filter(username="acme-owner").update(is_operator=True)
    page = open_page("/login/?next=/ops/flags/", host="localhost", width=width, scheme=scheme)
    page.get_by_label("Username or e-mail").fill("acme-owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Feature flags")).to_be_visible()
    shoot(page, f"flags-{width}-{scheme}")
    assert find_barriers(page) == []
    page.get_by_role("link", name="drawn_cards").click()
    page.get_by_label("Percentage of the communities").fill("20")
    page.get_by_role("checkbox", name="Course").first.check()
    page.get_by_label("Always on for").fill("acme")
    page.get_by_role("button", name="Save the flag").click()
    expect(
        page.get_by_text("drawn_cards is on for 20 % of the communities of the kind course")
    ).to_be_visible()
    shoot(page, f"flag-{width}-{scheme}")
    assert find_barriers(page) == []
    assert overflow(page) <= 0
    open_page("/ops/communities/", host="localhost", page=page)
    page.get_by_role("link", name="Acme Makers").click()
    page.get_by_text("Give a plan").click()
    page.get_by_role("combobox", name="Plan").select_option("pro")
    page.get_by_label("Why, for ourselves").fill("A pilot.")
    page.get_by_role("button", name="Give the plan").click()
    expect(page.get_by_text("until it is taken back: A pilot.")).to_be_visible()
    shoot(page, f"given-{width}-{scheme}")
    assert find_barriers(page) == []
    assert overflow(page) <= 0
