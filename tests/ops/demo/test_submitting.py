"""The demo's submissions: a lively queue in each community, handed in and decided once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from ops.demo.communities import COMMUNITIES
from ops.demo.submitted import ANSWERS, TYPES
from saas.core import clock


def test_every_type_of_the_demo_is_ready_made_and_its_answers_fit() -> None:
    from engagement.submissions.answers import check_answers
    from engagement.submissions.templates import TEMPLATES, form_of_template

    today = clock.now().date()
    assert {community.slug for community in COMMUNITIES} == set(TYPES)
    for key in {key for keys in TYPES.values() for key in keys}:
        for answers in ANSWERS[key]:
            given = {
                name: today.isoformat() if value == "DAY" else 7 if value == "WHO" else value
                for name, value in answers.items()
            }
            check_answers(form_of_template(TEMPLATES[key]), given, today=today, member_id=1)


@pytest.mark.usefixtures("committed_db")
def test_there_is_something_in_every_state_and_seeding_again_adds_nothing() -> None:
    from engagement.audit.actor import SYSTEM
    from engagement.progression.people import MemberFacts, register_member
    from engagement.progression.verification import verify_ledger
    from engagement.submissions.models import Submission
    from engagement.submissions.selectors import count_waiting, list_queue
    from ops.demo.founding import found_community, make_logins
    from ops.demo.submitting import hand_in_demo
    from tenants.context import enter_tenant

    make_logins()
    now = clock.now()
    for community in (COMMUNITIES[0], COMMUNITIES[2]):
        context = found_community(community)
        with enter_tenant(context):
            for number in range(10):
                facts = MemberFacts(f"Person {number}")
                register_member(facts=facts, request_key=f"demo-{number}", actor=SYSTEM, context=context)

        made = hand_in_demo(community, context, now=now)
        with enter_tenant(context):
            states = Counter(Submission.objects.values_list("state", flat=True))
            # Another who leads: the same numbers would be others' now.
            register_member(
                facts=MemberFacts("A newcomer"), request_key="demo-newcomer", actor=SYSTEM, context=context
            )
        again = hand_in_demo(community, context, now=now + timedelta(minutes=5))

        assert made >= 10
        with enter_tenant(context):
            assert Counter(Submission.objects.values_list("state", flat=True)) == states
            assert (
                min(states[state] for state in ("draft", "pending", "needs_info", "approved", "rejected"))
                >= 1
            ), states
            assert states["pending"] >= 3
            assert count_waiting().overdue >= 1
            assert list_queue(states=(), alike=True)
            assert verify_ledger(context) == []
        assert again == made
