"""A queue of ten thousand costs the queries of a queue of fifty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.submissions.models import Submission
from engagement.submissions.selectors import count_waiting, get_detail, list_own, list_queue, list_types
from engagement.submissions.shapes import parse_form
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from .forms import FIELDS, FIXED, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")


def fill(context: TenantContext, of: Any, member_id: int, count: int, start: int = 0) -> None:
    """So many that wait, as handing in would have written them."""
    form = parse_form(FIELDS, [], FIXED).to_data()
    first = clock.now() - timedelta(days=30)
    Submission.objects.bulk_create(
        (
            Submission(
                key=f"scale-{number}",
                type=of,
                member_id=member_id,
                state="pending",
                form=form,
                answers={"what": f"Thing {number}"},
                title=f"Thing {number}",
                marks=[f"s:{number % 500:012x}", f"l:{number:020x}"],
                like_ids=[],
                via="web",
                created_at=first + timedelta(seconds=number),
                submitted_at=first + timedelta(seconds=number),
                due_at=first + timedelta(days=20, seconds=number * 300),
            )
            for number in range(start, count)
        ),
        batch_size=1000,
    )


def queries(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        work()
    return len(caught)


def test_every_read_costs_the_same_queries_at_fifty_and_at_ten_thousand(acme: TenantContext) -> None:
    with enter_tenant(acme):
        of, member = make_type(acme), make_member(acme)
        fill(acme, of, member.pk, 50)
        reads: dict[str, Callable[[], Any]] = {
            "queue": lambda: list_queue(),
            "page": lambda: list_queue(after=list_queue()[-1].place),
            "search": lambda: list_queue(search="Thing 9"),
            "overdue": lambda: list_queue(overdue=True, newest_first=True),
            "types": lambda: list_types(context=acme),
            "waiting": lambda: count_waiting(),
            "own": lambda: list_own(member_id=member.pk),
            "detail": lambda: get_detail(submission_id=list_queue()[0].submission.pk),
        }
        few = {name: queries(read) for name, read in reads.items()}
        fill(acme, of, member.pk, 10_000, start=50)

        assert {name: queries(read) for name, read in reads.items()} == few
        assert max(few.values()) <= 6
        assert count_waiting().pending == 10_000
