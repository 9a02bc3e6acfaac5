"""Where a member's points come from: by rule, what was taken back left out, together the points of all time."""

from __future__ import annotations

from typing import Any

from engagement.analytics.sources import RULE, TEAM, list_sources
from engagement.audit.actor import Actor
from engagement.ledger.models import LedgerBalance
from engagement.members.models import Identity
from engagement.progression.services import adjust_points, undo_adjustment
from engagement.rules import services
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, message

ADA = Actor("user", 1, "ada")


def test_each_rule_and_the_team_make_up_the_points_of_all_time(rules: None, acme: TenantContext) -> None:
    book(acme, [message(1, at=NOON + number * 2 * MINUTE) for number in range(3)])
    with enter_tenant(acme):
        identity = Identity.objects.get()
        member_id = identity.member_id
        given = adjust_points(
            member_id=member_id, amount=500, reason="x", actor=ADA, idempotency_key="a", context=acme
        )
        adjust_points(
            member_id=member_id, amount=-7, reason="x", actor=ADA, idempotency_key="b", context=acme
        )

        sources = list_sources(member_id=member_id)
        assert sources[0].kind == TEAM
        assert sources[0].points == 493
        assert {one.kind for one in sources[1:]} == {RULE}
        assert all(one.name for one in sources[1:])
        assert sum(one.points for one in sources) == LedgerBalance.objects.get(member_id=member_id).lifetime

        undo_adjustment(adjustment_id=given.adjustment_id, actor=ADA, idempotency_key="c", context=acme)
        found = {one.kind: one.points for one in list_sources(member_id=member_id) if one.kind == TEAM}
        assert found == {TEAM: -7}


def test_a_rule_goes_by_its_newest_name(rules: None, acme: TenantContext) -> None:
    book(acme, [message(1, at=NOON)])
    with enter_tenant(acme):
        member_id = Identity.objects.get().member_id
        before = {one.name for one in list_sources(member_id=member_id)}
        services.revise_rule(
            key="message", definition={"triggers": ["message"], "amount": 3}, name="Talk", actor=ADA
        )
    book(acme, [message(1, at=NOON + 5 * MINUTE)])
    with enter_tenant(acme):
        after = {one.name for one in list_sources(member_id=member_id)}
        assert "Talk" in after
        assert len(after) == len(before)


def test_the_number_of_queries_does_not_grow(
    rules: None, acme: TenantContext, django_assert_num_queries: Any
) -> None:
    book(acme, [message(1, at=NOON + number * 2 * MINUTE) for number in range(30)])
    with enter_tenant(acme):
        member_id = Identity.objects.get().member_id
        with django_assert_num_queries(2):
            list_sources(member_id=member_id)
        assert list_sources(member_id=0) == []
