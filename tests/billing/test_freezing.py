"""What a downgrade would freeze, told before it is chosen; and what then happens is just that."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from billing.freezing import Freeze, list_freezes
from engagement.audit.actor import SYSTEM
from engagement.members.models import Member
from engagement.rules.models import Rule
from engagement.rules.selectors import list_live_rows
from engagement.rules.services import create_rule
from saas.core import clock
from tenants.api_keys import is_key_frozen, issue_api_key, list_api_keys
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, User
from tenants.seats import is_frozen
from tenants.team import list_team
from tests.plans import put_on_plan

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def busy(acme: TenantContext) -> TenantContext:
    """More of everything than Free includes."""
    with enter_tenant(acme):
        Rule.objects.update(enabled=False)
        for number in range(12):
            create_rule(
                key=f"rule_{number}", name=f"Rule {number}", actor=SYSTEM,
                definition={"triggers": ["message"], "amount": 1},
            )  # fmt: skip
    for number in range(3):
        user = User.objects.create(username=f"mate-{number}", display_name=f"Mate {number}")
        Membership.objects.create(user=user, tenant_id=acme.tenant_id, role="admin")
        issue_api_key(
            tenant_id=acme.tenant_id, name=f"Key {number}", scopes=["members:read"], created_by=None
        )
    return put_on_plan(acme, features=["boosts", "level_roles", "announcements", "team_grants"])


def by_name(found: list[Freeze]) -> dict[str, Freeze]:
    return {one.name: one for one in found}


def test_it_names_what_would_freeze_and_that_is_what_does(busy: TenantContext, settings: Any) -> None:
    found = by_name(list_freezes(busy, "free"))

    assert (found["rules"].count, found["rules"].names) == (2, ("Rule 10", "Rule 11"))
    assert (found["api_keys"].count, found["api_keys"].names) == (2, ("Key 1", "Key 2"))
    assert found["seats"].count == 2
    assert found["rules"].sentence.startswith("Rules: Rule 10, Rule 11. The oldest 10 go on")
    assert "boosts" in found
    assert "team_grants" in found

    settings.BILLING_ON = True
    low = put_on_plan(busy, features=["level_roles"], rules=10, seats=3, api_keys=1)
    with enter_tenant(low):
        running = {row.key for row in list_live_rows()}
    assert {f"rule_{number}" for number in range(12)} - running == {"rule_10", "rule_11"}
    frozen = [str(row.user) for row in list_team(tenant_id=busy.tenant_id) if is_frozen(row)]
    assert sorted(frozen) == sorted(found["seats"].names)
    now = clock.now()
    keys = {key.name for key in list_api_keys(tenant_id=busy.tenant_id) if is_key_frozen(key, now)}
    assert keys == set(found["api_keys"].names)


def test_members_who_are_tracked_stay_and_newcomers_wait(acme: TenantContext) -> None:
    with enter_tenant(acme):
        Member.objects.bulk_create([Member(display_name=f"Person {n}") for n in range(1_003)])
    found = by_name(list_freezes(acme, "free"))
    assert (found["members"].count, found["members"].names) == (0, ())
    assert "1,003 are tracked" in found["members"].text
    assert "Newcomers wait" in found["members"].sentence
    assert "members" not in by_name(list_freezes(acme, "starter"))


def test_a_better_plan_freezes_nothing(busy: TenantContext) -> None:
    assert {one.name for one in list_freezes(busy, "pro")} <= {"api_rate", "commands"}


def test_the_number_of_queries_depends_on_nothing(busy: TenantContext) -> None:
    from django.db import connection

    with CaptureQueriesContext(connection) as few:
        list_freezes(busy, "free")
    with enter_tenant(busy):
        for number in range(20, 60):
            create_rule(
                key=f"rule_{number}", name=f"Rule {number}", actor=SYSTEM,
                definition={"triggers": ["message"], "amount": 1},
            )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        list_freezes(busy, "free")
    assert len(few) == len(many)
