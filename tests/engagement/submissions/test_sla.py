"""Reviewers are reminded of what waits, once a step, together; a job says when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from engagement.submissions.reviewing import approve_submission, ask_for_info
from engagement.submissions.selectors import count_waiting, list_queue
from engagement.submissions.sla import remind_reviewers
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .forms import BEA, give, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


def steps() -> list[tuple[int, int, list[int]]]:
    rows = TenantEvent.objects.filter(type="SubmissionOverdue").order_by("pk")
    return [(row.data["step"], row.data["count"], row.data["submission_ids"]) for row in rows]


def jobs(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.procrastinate_jobs WHERE task_name = %s", [name])
        return int(cursor.fetchone()[0])


def test_each_step_is_passed_once_and_together(acme: TenantContext) -> None:
    of, other = make_type(acme, sla_hours=10), make_type(acme)
    start = clock.now()
    with clock.frozen_at(start):
        ids = [give(acme, of, make_member(acme)).pk for _ in range(3)]
        give(acme, other, make_member(acme))
        assert remind_reviewers() == 0
    with clock.frozen_at(start + timedelta(hours=5, seconds=1)):
        assert [remind_reviewers(), remind_reviewers()] == [3, 0]
        approve_submission(context=acme, submission_id=ids[0], actor=BEA)
        ask_for_info(context=acme, submission_id=ids[1], actor=BEA, question="Which?")
    with clock.frozen_at(start + timedelta(hours=10, seconds=1)):
        assert [remind_reviewers(), remind_reviewers()] == [1, 0]
        assert [item.submission.pk for item in list_queue(overdue=True)] == [ids[2]]
        waiting = count_waiting()
        assert (waiting.pending, waiting.overdue, waiting.needs_info) == (2, 1, 1)
    with clock.frozen_at(start + timedelta(hours=34, seconds=1)):
        assert [remind_reviewers(), remind_reviewers()] == [1, 0]

    assert steps() == [(1, 3, ids), (2, 1, [ids[2]]), (3, 1, [ids[2]])]


def test_what_was_not_looked_at_for_long_jumps_to_its_step(acme: TenantContext) -> None:
    of = make_type(acme, sla_hours=1)
    handed = give(acme, of, make_member(acme))

    with clock.frozen_at(clock.now() + timedelta(days=9)):
        remind_reviewers()

    assert steps() == [(3, 1, [handed.pk])]


def test_a_pile_makes_few_jobs_and_each_outcome_has_its_own(acme: TenantContext) -> None:
    of = make_type(acme, sla_hours=10)
    with clock.frozen_at(clock.now()):
        handed = [give(acme, of, make_member(acme)) for _ in range(5)]

    assert jobs("engagement.submissions.remind_reviewers") == 3
    approve_submission(context=acme, submission_id=handed[0].pk, actor=BEA)
    approve_submission(context=acme, submission_id=handed[1].pk, actor=BEA)
    assert jobs("engagement.submissions.tell_outcome") == 2
