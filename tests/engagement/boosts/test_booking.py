"""What a boost does to awards: the right ones, by when they occurred, remembered and taken back whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engagement.activity.memory import TenantMemory
from engagement.analytics.explanations import explain_entry
from engagement.audit.actor import SYSTEM
from engagement.boosts.services import resume_boost, stop_boost
from engagement.ledger.models import Cause, LedgerBalance, LedgerEntry
from engagement.members.models import Member, MemberType
from engagement.members.types import set_member_types
from engagement.progression.people import MemberFacts, change_member
from engagement.rules.selectors import list_rules
from engagement.rules.services import archive_rule, create_rule
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from ..activity.facts import MINUTE, NOON, book, deletion, message
from .plans import AT_NOON, HOUR, plan

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def ten_a_message(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for rule in list_rules():
            archive_rule(key=rule.key, actor=SYSTEM)
        create_rule(key="chat", name="Chat", definition={"triggers": ["message"], "amount": 10}, actor=SYSTEM)


def amounts(context: TenantContext) -> list[int]:
    with enter_tenant(context):
        return list(LedgerEntry.objects.order_by("pk").values_list("amount", flat=True))


def test_what_occurs_while_it_runs_counts_more_and_the_edges_are_exact(acme: TenantContext) -> None:
    plan(acme, hours=2, percent=150)
    end = NOON + 120 * MINUTE

    book(acme, [message(1, at=at) for at in (NOON - 1, NOON, end - 1, end)])

    assert amounts(acme) == [10, 15, 15, 10]


def test_what_arrives_late_is_judged_by_when_it_occurred(acme: TenantContext) -> None:
    plan(acme, hours=2)

    book(acme, [message(1, at=NOON + 600 * MINUTE), message(1, at=NOON + MINUTE)])

    assert amounts(acme) == [10, 20]


def test_of_two_at_once_the_higher_counts_and_not_their_product(acme: TenantContext) -> None:
    plan(acme, hours=4, percent=200)
    plan(acme, hours=1, percent=300)

    book(acme, [message(1, at=NOON + MINUTE), message(1, at=NOON + 90 * MINUTE)])

    assert amounts(acme) == [30, 20]


def test_ingest_hears_of_it_with_the_next_batch(acme: TenantContext) -> None:
    memory = TenantMemory()
    book(acme, [message(1)], memory)
    boost = plan(acme, hours=2)
    book(acme, [message(1, at=NOON + MINUTE)], memory)
    with clock.frozen_at(AT_NOON + HOUR), enter_tenant(acme):
        stop_boost(context=acme, boost_id=boost.pk, actor=SYSTEM)

    book(acme, [message(1, at=NOON + 30 * MINUTE), message(1, at=NOON + 61 * MINUTE)], memory)

    assert amounts(acme) == [10, 20, 20, 10]


def test_a_stop_that_is_taken_back_leaves_its_gap(acme: TenantContext) -> None:
    boost = plan(acme, hours=2)
    with enter_tenant(acme):
        with clock.frozen_at(AT_NOON + timedelta(minutes=10)):
            stop_boost(context=acme, boost_id=boost.pk, actor=SYSTEM)
        with clock.frozen_at(AT_NOON + timedelta(minutes=15)):
            resume_boost(context=acme, boost_id=boost.pk, actor=SYSTEM, allowances=())

    book(acme, [message(1, at=NOON + minutes * MINUTE) for minutes in (9, 10, 14, 15, 119, 120)])

    assert amounts(acme) == [20, 10, 10, 20, 20, 10]


def test_the_entry_remembers_and_tells_which_boost(acme: TenantContext) -> None:
    boost = plan(acme, percent=150, name="Warm-up")
    book(acme, [message(1, at=NOON + MINUTE), message(2, at=NOON - MINUTE)])

    with enter_tenant(acme):
        boosted, plain = LedgerEntry.objects.order_by("-amount")
        assert (boosted.boost_id, boosted.boost_percent, boosted.base_amount) == (boost.pk, 150, 10)
        assert (plain.boost_id, plain.boost_percent) == (0, 100)
        assert ("Boost", "×1.5, “Warm-up”") in explain_entry(entry_id=boosted.pk).lines
        assert not [label for label, _text in explain_entry(entry_id=plain.pk).lines if label == "Boost"]


def test_what_is_taken_back_is_the_boosted_amount(acme: TenantContext) -> None:
    plan(acme, percent=300)
    said = message(1, at=NOON + MINUTE)
    book(acme, [said])

    book(acme, [deletion(said)])

    assert amounts(acme) == [30, -30]
    with enter_tenant(acme):
        assert LedgerBalance.objects.get().lifetime == 0
        assert LedgerEntry.objects.get(amount=-30).cause_kind == Cause.REVERSAL


def test_the_boost_comes_before_the_cap_of_the_day(acme: TenantContext) -> None:
    definition = {"triggers": ["reply"], "amount": 10, "daily_points_cap": 25, "multiplier_percent": 110}
    with enter_tenant(acme):
        create_rule(key="replies", name="Replies", definition=definition, actor=SYSTEM)
    plan(acme, percent=150)

    book(acme, [message(1, at=NOON + minutes * MINUTE, type="reply") for minutes in (1, 2, 3)])

    # 10 × 1.1 × 1.5 is 16.5, rounded once; then what the day has left; then nothing.
    assert amounts(acme) == [17, 8]


@pytest.mark.parametrize(
    ("scope", "boosted"),
    [
        ({"types": ["message"]}, True),
        ({"types": ["reply"]}, False),
        ({"channels": ["77"]}, True),
        ({"channels": ["78"]}, False),
        ({"channels": ["78"], "categories": ["9"]}, True),
        ({"categories": ["8"]}, False),
        ({"roles": ["5", "6"]}, True),
        ({"roles": ["6"]}, False),
        ({"types": ["message"], "roles": ["6"]}, False),
    ],
)
def test_it_is_for_what_its_scope_says(
    acme: TenantContext, scope: dict[str, list[str]], boosted: bool
) -> None:
    plan(acme, scope=scope)

    book(acme, [message(1, at=NOON + MINUTE, category="9")])

    assert amounts(acme) == [20 if boosted else 10]


def test_it_is_for_the_chosen_rule_alone(acme: TenantContext) -> None:
    with enter_tenant(acme):
        other = create_rule(
            key="more", name="More", definition={"triggers": ["message"], "amount": 7}, actor=SYSTEM
        )
    plan(acme, scope={"rules": [other.pk]})

    book(acme, [message(1, at=NOON + MINUTE)])

    assert amounts(acme) == [10, 14]


def test_it_is_for_members_of_the_chosen_type_until_the_type_goes(acme: TenantContext) -> None:
    memory = TenantMemory()
    book(acme, [message(1, at=NOON - MINUTE), message(2, at=NOON - MINUTE)], memory)
    with enter_tenant(acme):
        set_member_types(names=["mentor"], actor=SYSTEM)
        mentor = MemberType.objects.get()
        member = Member.objects.get(identities__external_id="1")
        facts = MemberFacts("Person 1", type_id=mentor.pk)
        change_member(member_id=member.pk, facts=facts, actor=SYSTEM)
    plan(acme, scope={"member_types": [mentor.pk]})
    book(acme, [message(1, at=NOON + MINUTE), message(2, at=NOON + MINUTE)], memory)
    with enter_tenant(acme):
        set_member_types(names=[], actor=SYSTEM)

    book(acme, [message(1, at=NOON + 2 * MINUTE)], memory)

    assert amounts(acme) == [10, 10, 20, 10, 10]


def test_what_runs_counts_on_where_the_plan_has_none_any_more(acme: TenantContext, settings: Any) -> None:
    memory = TenantMemory()
    plan(acme)
    book(acme, [message(1, at=NOON + MINUTE)], memory)
    settings.BILLING_ON = True

    book(acme, [message(1, at=NOON + 2 * MINUTE)], memory)

    assert amounts(acme) == [20, 20]
