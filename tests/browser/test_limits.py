"""What is frozen and who waits, in a browser: at a desk and on a phone, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener, Site
from tests.browser.test_members import LOOKS, shoot
from tests.browser.test_pages import find_barriers, overflow, sign_in

pytestmark = pytest.mark.browser
PATHS = {
    "rules": "/dashboard/rules/",
    "team": "/dashboard/team/",
    "keys": "/dashboard/keys/",
    "members": "/dashboard/members/",
}


@pytest.fixture
def over(people: None) -> int:
    """Acme over every limit, with a member who waits; answers their id."""
    from engagement.audit.actor import SYSTEM
    from engagement.progression.services import ensure_member
    from engagement.rules.services import create_rule
    from tenants.api_keys import issue_api_key
    from tenants.context import enter_tenant
    from tenants.models import Tenant
    from tenants.routing import get_routing, invalidate_routing
    from tests.plans import put_on_plan

    row = Tenant.objects.get(slug="acme")
    get_routing().load_tenants({row.pk})
    context = get_routing().context_for_schema(row.schema_name)
    assert context is not None
    with enter_tenant(context):
        for name in ("Chatting", "Helping out"):
            create_rule(
                key=name[:4].lower(),
                name=name,
                definition={"triggers": ["message"], "amount": 5},
                actor=SYSTEM,
            )
    for name in ("Shop", "Course"):
        issue_api_key(tenant_id=row.pk, name=name, scopes=["members:read"], created_by=None)
    low = put_on_plan(context, members=1, rules=2, seats=1, api_keys=1, history_days=30)
    with enter_tenant(low):
        late = ensure_member(provider="discord", external_id="4242424242", display_name="Ada Late")
    invalidate_routing(tenant_id=row.pk)
    return int(late.pk)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_what_is_frozen_says_so_where_it_stands(
    over: int, open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", PATHS["rules"])
    for name, path in [*PATHS.items(), ("waiting", f"/dashboard/members/{over}/")]:
        open_page(path, page=page)
        expect(page.locator(".banner, .told-warn").first).to_be_visible()
        shoot(page, f"limit-{name}-{width}-{scheme}")
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name
    open_page(f"/members/{over}/", page=page)
    expect(page.get_by_text("Nothing is counted here yet.")).to_be_visible()
    assert find_barriers(page) == []
