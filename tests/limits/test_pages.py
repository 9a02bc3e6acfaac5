"""What is frozen or waits says so where it stands, over REST too, and leads those who see the bill to the plans."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.members.models import Member
from engagement.progression.services import ensure_member
from engagement.rules.models import Rule
from engagement.rules.services import create_rule
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, User
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.v1.asking import Api, issue
from tests.plans import put_on_plan

PLANS = "/dashboard/billing/plans/"
CHATTING = {"triggers": ["message"], "amount": 5}


def go_on(context: TenantContext, **limits: int) -> TenantContext:
    changed = put_on_plan(context, features=["boosts"], **limits)
    get_routing().load_tenants({context.tenant_id})
    return changed


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Browser:
    with enter_tenant(acme):
        Rule.objects.update(enabled=False)
        for name in ("Old", "New"):
            create_rule(key=name.lower(), name=name, definition=CHATTING, actor=SYSTEM)
    pages.sign_in("acme-owner", path="/dashboard/")
    return pages.on(ACME)  # type: ignore[return-value]


def rule_id(context: TenantContext, key: str) -> int:
    with enter_tenant(context):
        return int(Rule.objects.get(key=key).pk)


def test_a_frozen_rule_is_marked_read_only_and_can_be_switched_off(
    desk: Browser, acme: TenantContext
) -> None:
    go_on(acme, rules=1)
    page = text_of(desk.get("/dashboard/rules/"))
    assert "1 rule is frozen: your plan includes 1 active one, and the oldest run." in page
    assert page.count("</svg> Frozen</span>") == 1
    assert PLANS in page

    frozen = f"/dashboard/rules/{rule_id(acme, 'new')}/"
    page = text_of(desk.get(frozen))
    assert "Frozen: it rewards nothing and cannot be changed for now." in page
    assert 'name="amount"' not in page
    assert "Switch off" in page

    desk.post(f"/dashboard/rules/{rule_id(acme, 'old')}/switch/?on=0")
    assert 'name="amount"' in text_of(desk.get(frozen))
    told = desk.post(f"/dashboard/rules/{rule_id(acme, 'old')}/switch/?on=1", follow=True)
    assert "this community&#x27;s plan includes 1, and all of them are in use" in text_of(told)


def test_rest_says_which_rules_are_frozen_and_what_unlocks(desk: Browser, acme: TenantContext) -> None:
    token = issue(acme, "rules:read", "rules:write")
    go_on(acme, rules=1)
    rules = {one["key"]: one["frozen"] for one in Api(token).get("rules?limit=100").json()["items"]}
    assert (rules["old"], rules["new"]) == (False, True)
    body = {"key": "more", "name": "More", "definition": CHATTING}
    refused = Api(token).post("rules", body)
    assert refused.status_code == 403
    problem = refused.json()
    assert (problem["code"], problem["limit"], problem["allowed"], problem["plan"]) == (
        "limit_reached",
        "rules",
        1,
        "free",
    )
    changed = Api(token).ask("PATCH", "rules/new", {"name": "Other"}, if_match="*")
    assert (changed.status_code, changed.json()["code"]) == (403, "rule_frozen")


def test_a_frozen_key_says_why(desk: Browser, acme: TenantContext) -> None:
    issue(acme, "rules:read")
    newest = issue(acme, "rules:read")
    go_on(acme, api_keys=1)
    refused = Api(newest).get("me")
    assert refused.status_code == 403
    problem = refused.json()
    assert (problem["code"], problem["limit"], problem["allowed"]) == ("key_frozen", "api_keys", 1)
    assert problem["plan"] == "starter"
    page = text_of(desk.get("/dashboard/keys/"))
    assert "1 key is frozen: your plan includes 1, and the oldest work." in page


def test_a_seat_that_only_looks_says_so(desk: Browser, acme: TenantContext) -> None:
    late = User.objects.create(username="late", display_name="Late")
    Membership.objects.create(user=late, tenant_id=acme.tenant_id, role="admin", created_at=clock.now())
    go_on(acme, seats=Membership.objects.filter(tenant_id=acme.tenant_id).count() - 1)
    page = text_of(desk.get("/dashboard/team/"))
    assert "1 person can only look for now" in page
    assert page.count("Only looks</span>") == 1


def test_who_waits_is_found_in_the_list(desk: Browser, acme: TenantContext) -> None:
    context = go_on(acme, members=0)
    with enter_tenant(context):
        late = ensure_member(provider="discord", external_id="4242424242", display_name="Ada Waits")
    page = text_of(desk.get("/dashboard/members/"))
    assert "1 member waits for room</a>: your plan tracks 0." in page
    listed = text_of(desk.get("/dashboard/members/?state=waiting"))
    assert "Ada Waits" in listed
    assert "Waits for room" in listed
    sheet = text_of(desk.get(f"/dashboard/members/{late.pk}/"))
    assert "your plan tracks no more members" in sheet
    assert "Give or take" not in sheet
    found = (
        Api(issue(go_on(acme, members=0, api_keys=50), "members:read")).get("members?state=waiting").json()
    )
    assert [one["waiting_since"] is not None for one in found["items"]] == [True]
    stranger = text_of(Browser().on(ACME).get(f"/members/{late.pk}/"))
    assert "Nothing is counted here yet." in stranger
    assert "plan" not in stranger.split("<main", 1)[1].split("</main", 1)[0]


def test_the_form_of_a_full_community_says_so(desk: Browser, acme: TenantContext) -> None:
    go_on(acme, members=0)
    answer = desk.post("/dashboard/members/register/", {"name": "Ada", "request_key": "one"})
    assert "all of them are in use" in text_of(answer)
    with enter_tenant(acme):
        assert not Member.objects.filter(display_name="Ada").exists()
