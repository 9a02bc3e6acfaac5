"""What grants itself, by rule, and what is suspicious and never does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engagement.credits.automatic import Candidate, describe_automatic, grants_itself
from engagement.credits.deciding import approve_request, reject_request
from engagement.credits.errors import InvalidCreditsError
from engagement.credits.flagging import words_of_flag
from engagement.members.models import Member, MemberType
from engagement.progression.models import MemberProgress
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.plans import put_on_plan

from .holding import ADA, ask, held, make_member, make_type

SOMEBODY = Candidate(
    amount=10, days=100, points=500, granted=2, rejected=0, member_type=3, plan="pro", level=5
)


@pytest.mark.parametrize(
    ("rule", "granted"),
    [
        ({}, False),
        ({"most": 10}, True),
        ({"most": 9}, False),
        ({"most": 10, "min_days": 100}, True),
        ({"most": 10, "min_days": 101}, False),
        ({"most": 10, "min_points": 501}, False),
        ({"most": 10, "min_level": 5}, True),
        ({"most": 10, "min_level": 6}, False),
        ({"most": 10, "min_granted": 3}, False),
        ({"most": 10, "min_granted": 2, "no_rejections": True}, True),
        ({"most": 10, "member_types": [1, 3]}, True),
        ({"most": 10, "member_types": [1]}, False),
        ({"most": 10, "plans": ["pro"]}, True),
        ({"most": 10, "plans": ["starter"]}, False),
    ],
)
def test_every_condition_that_is_named_must_hold(rule: dict[str, object], granted: bool) -> None:
    assert grants_itself(rule, SOMEBODY) is granted


def test_what_the_rule_grants_is_there_at_once(here: TenantContext) -> None:
    credit_type, grace = make_type(here, automatic={"most": 20, "min_days": 30}), make_member()

    small, large = ask(here, grace, 20), ask(here, grace, 21)

    assert (small.state, small.decided_by, large.state) == ("approved", "EngageHub", "pending")
    assert held(grace, credit_type) == (20, 0)
    decided = TenantEvent.objects.get(type="CreditRequestDecided")
    assert decided.data["automatic"]


def test_a_level_opens_the_rule(here: TenantContext) -> None:
    make_type(here, automatic={"most": 20, "min_level": 5})
    grace, eve, new = make_member(), make_member("Eve"), make_member("New")
    MemberProgress.objects.update_or_create(member_id=grace.pk, defaults={"level": 5})
    MemberProgress.objects.update_or_create(member_id=eve.pk, defaults={"level": 4})

    assert [ask(here, one, 5).state for one in (grace, eve, new)] == ["approved", "pending", "pending"]
    assert describe_automatic({"most": 20, "min_level": 5}, "AI credits") == (
        "Up to 20 AI credits: level 5 or higher"
    )
    with pytest.raises(InvalidCreditsError, match="The level: a whole number from 1 to 1,000"):
        make_type(here, "lead", automatic={"most": 20, "min_level": 1_001})


def test_a_rejection_before_or_another_plan_keeps_it_waiting(here: TenantContext) -> None:
    make_type(here, automatic={"most": 20, "no_rejections": True, "plans": ["test"]})
    grace = make_member()
    assert ask(here, grace, 5).state == "pending"

    with enter_tenant(put_on_plan(here)) as context:
        request = ask(context, grace, 6)
        assert request.state == "approved"
        reject_request(context=context, request_id=ask(context, grace, 30).pk, actor=ADA, reason="No")
        eve = make_member("Eve")
        assert ask(context, eve, 5).state == "approved"
        assert ask(context, grace, 5).state == "pending"


def test_a_member_type_opens_the_rule(here: TenantContext) -> None:
    mentor = MemberType.objects.create(name="Mentor")
    make_type(here, automatic={"most": 20, "member_types": [mentor.pk]})
    grace, eve = make_member(), make_member("Eve")
    Member.objects.filter(pk=grace.pk).update(type_id=mentor.pk)

    assert ask(here, grace, 5).state == "approved"
    assert ask(here, eve, 5).state == "pending"
    rule = {"most": 20, "min_days": 1, "member_types": [mentor.pk], "no_rejections": True}
    assert describe_automatic(rule, "AI credits") == (
        "Up to 20 AI credits: a member for 1 day, none rejected before, of type Mentor"
    )
    assert describe_automatic({}, "credits") == ""


def test_a_burst_waits_for_a_person(here: TenantContext) -> None:
    make_type(here, automatic={"most": 20})
    grace = make_member()

    requests = [ask(here, grace, 5) for _ in range(4)]

    assert [request.state for request in requests] == ["approved"] * 3 + ["pending"]
    assert [words_of_flag(flag) for flag in requests[3].flags] == ["4 requests within a day"]
    with clock.frozen_at(clock.now() + timedelta(hours=25)):
        assert ask(here, grace, 5).state == "approved"


def test_who_just_came_is_looked_at(here: TenantContext) -> None:
    make_type(here, automatic={"most": 20})
    grace = make_member()
    Member.objects.filter(pk=grace.pk).update(joined_at=clock.now() - timedelta(days=2))

    request = ask(here, grace, 5)

    assert request.state == "pending"
    assert [words_of_flag(flag) for flag in request.flags] == ["Joined 2 days ago"]


def test_far_more_than_usual_is_flagged(here: TenantContext) -> None:
    make_type(here)
    for number in range(5):
        approve_request(context=here, request_id=ask(here, make_member(f"M{number}"), 10).pk, actor=ADA)

    assert ask(here, make_member(), 30).flags == []
    assert [words_of_flag(flag) for flag in ask(here, make_member(), 31).flags] == [
        "More than 3 times the usual 10"
    ]


def test_the_reason_of_somebody_else_is_flagged(here: TenantContext) -> None:
    make_type(here)
    ask(here, make_member(), reason="To draw the poster of our meetup")

    copied = ask(here, make_member("Eve"), reason="to draw THE poster of our meetup")
    short = [
        ask(here, make_member("Bob"), reason="a poster"),
        ask(here, make_member("Joe"), reason="a poster"),
    ]

    assert [flag["code"] for flag in copied.flags] == ["same_reason"]
    assert [request.flags for request in short] == [[], []]
    assert words_of_flag({"code": "of a later release"}) == "of a later release"
