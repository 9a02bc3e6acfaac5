"""A closed gate in words: the page's lock, the error page, the API's problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import RequestFactory

from billing.plans import PLANS
from frontend_api.dashboard.billing.usage import _line as describe_line
from frontend_api.plan_locks import describe_lock, opening_of
from frontend_api.v1.problems import handle_exception
from tenants.context import TenantContext
from tenants.gates import GATES, LIMITS, GateClosedError, LimitReachedError
from tenants.models import Membership, Tenant, User
from tenants.permissions import Rights, Role
from tests.frontend_api.hosts import Browser
from tests.plans import put_on_plan

BARE = {"phases": [{"starts_at": "2020-01-01T00:00:00+00:00", "plan": "free", "features": [], "limits": {}}]}


@pytest.fixture
def bare(pages: Browser, settings: Any) -> Browser:
    """Acme on a plan that has nothing, where plans are sold."""
    from tenants.routing import get_routing

    settings.BILLING_ON = True
    Tenant.objects.filter(slug="acme").update(entitlements=BARE)
    get_routing().load()
    return pages


def analyst() -> None:
    user = User.objects.get(username="acme-stranger")
    Membership.objects.create(user=user, tenant=Tenant.objects.get(slug="acme"), role="analyst")


def test_who_sees_the_bill_is_told_the_plan_and_the_way_there(bare: Browser) -> None:
    bare.sign_in("acme-owner")
    page = bare.open("/dashboard/level-roles/", "acme.localhost").content.decode()
    assert "Roles for levels: part of Free." in page
    assert 'href="/dashboard/billing/plans/"' in page


def test_others_are_told_neutrally_and_can_still_read(bare: Browser) -> None:
    analyst()
    bare.sign_in("acme-stranger")
    answer = bare.open("/dashboard/level-roles/", "acme.localhost")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Roles for levels: not part of the plan." in page
    assert "billing" not in page.partition("<main")[2]


def test_a_locked_form_can_be_read_and_not_sent(bare: Browser) -> None:
    bare.sign_in("acme-owner")
    page = bare.open("/dashboard/announcements/", "acme.localhost").content.decode()
    assert "<fieldset" in page
    assert "disabled" in page
    assert 'name="level_up"' in page
    assert ">Save</button>" not in page


def test_a_page_without_its_gate_offers_no_file(bare: Browser) -> None:
    bare.sign_in("acme-owner")
    page = bare.open("/dashboard/audit/", "acme.localhost").content.decode()
    assert "export.csv" not in page
    assert "Audit log export: part of Pro." in page
    refused = bare.open("/dashboard/audit/export.csv", "acme.localhost")
    assert refused.status_code == 403
    assert "This is part of another plan" in refused.content.decode()
    assert 'href="/dashboard/billing/plans/"' in refused.content.decode()


def test_of_single_permissions_only_the_taking_back_is_left(bare: Browser, acme: TenantContext) -> None:
    analyst()
    row = Membership.objects.get(user__username="acme-stranger", tenant_id=acme.tenant_id)
    row.given = ["export_members"]
    row.save()
    bare.sign_in("acme-owner")
    address = f"/dashboard/team/{row.pk}/"
    shown = bare.open(address, "acme.localhost").context
    assert [line.action for line in shown["lines"] if line.mine] == ["export_members"]
    form = {"what": "single", "gate": "closed", "seen": shown["seen"], "may": []}
    assert bare.on("acme.localhost").post(address, form).status_code == 302
    row.refresh_from_db()
    assert (row.given, row.taken) == ([], [])


def test_where_nothing_is_sold_nothing_is_locked(pages: Browser) -> None:
    pages.sign_in("acme-owner")
    for path in ("/dashboard/level-roles/", "/dashboard/announcements/", "/dashboard/audit/"):
        assert "told-lock" not in pages.open(path, "acme.localhost").content.decode()


def test_the_api_s_problem_names_the_plan(db: None, acme: TenantContext) -> None:
    request = RequestFactory().get("/api/v1/boosts")
    request.context = acme  # type: ignore[attr-defined]
    answer = handle_exception(GateClosedError(GATES["audit_export"]), {"request": _Asked(request)})
    assert answer is not None
    assert answer.status_code == 403
    assert (answer.data["code"], answer.data["feature"], answer.data["plan"]) == (
        "not_in_plan",
        "audit_export",
        "pro",
    )
    full = handle_exception(LimitReachedError(LIMITS["rules"], 10), {"request": _Asked(request)})
    assert full is not None
    assert (full.data["code"], full.data["limit"], full.data["allowed"], full.data["plan"]) == (
        "limit_reached",
        "rules",
        10,
        "starter",
    )
    assert opening_of(GateClosedError(GATES["boosts"]), None) == {}


class _Asked:
    def __init__(self, request: Any) -> None:
        self._request = request


def test_a_product_is_led_to_a_product_s_plan(db: None, acme: TenantContext) -> None:
    product = replace(acme, kind="saas")
    assert describe_lock("boosts", product, Rights(Role.OWNER)).title == "Boosts: part of Scale"
    assert describe_lock("boosts", acme, Rights(Role.ADMIN)).title == "Boosts: part of Starter"
    assert describe_lock("custom_domain", acme, Rights(Role.MODERATOR)).href == ""


def test_nobody_is_led_to_a_plan_that_they_cannot_choose(db: None, acme: TenantContext) -> None:
    """A course has one plan to choose, which has no export of the audit log."""
    course = replace(acme, kind="course")
    lock = describe_lock("audit_export", course, Rights(Role.OWNER))
    assert (lock.title, lock.href) == ("Audit log export: not part of your plan", "")
    assert "write to us" in lock.text
    assert opening_of(GateClosedError(GATES["audit_export"]), course)["plan"] is None
    assert opening_of(LimitReachedError(LIMITS["members"], 100_000), acme)["plan"] is None


def test_who_is_held_by_their_own_cap_is_not_sent_to_the_plan_that_they_have(
    db: None, acme: TenantContext
) -> None:
    scale = put_on_plan(replace(acme, kind="saas"), members=5_432)
    held = opening_of(LimitReachedError(LIMITS["members"], 5_432), scale)
    assert (held["allowed"], held["plan"]) == (5_432, "scale")
    phases = tuple(replace(one, plan="scale") for one in scale.entitlements.phases)
    scale = replace(scale, entitlements=replace(scale.entitlements, phases=phases))
    assert opening_of(LimitReachedError(LIMITS["members"], 5_432), scale)["plan"] is None
    assert describe_line("members", 5_432, 5_432, "saas", present="scale").more is None
    assert describe_line("members", 5_432, 5_432, "saas", present="free").more == PLANS["scale"]
