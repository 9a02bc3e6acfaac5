"""Figures and escalation: exact counts, medians of people's decisions, each late request brought up once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.credits.deciding import approve_request, reject_request
from engagement.credits.escalating import escalate_requests, has_overdue
from engagement.credits.figures import get_figures
from engagement.credits.models import CreditRequest
from engagement.credits.requesting import cancel_request
from engagement.credits.selectors import OpenRequests, count_open, count_waiting, list_moves, list_requests
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext

from .holding import ADA, ask, grant, make_member, make_type, member_actor

MONDAY = datetime(2026, 5, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def decided_after(
    context: TenantContext, hours: float, amount: int = 10, *, at: datetime = MONDAY, **more: Any
) -> None:
    with clock.frozen_at(at):
        request = ask(context, make_member(), amount, **more)
    with clock.frozen_at(at + hours * HOUR):
        approve_request(context=context, request_id=request.pk, actor=ADA)


def test_counts_rate_median_and_what_was_granted(here: TenantContext) -> None:
    make_type(here)
    make_type(here, "lead", automatic={"most": 5})
    for hours in (1, 2, 6):
        decided_after(here, hours)
    with clock.frozen_at(MONDAY + timedelta(days=7)):
        rejected, cancelled, _waiting = (ask(here, make_member()) for _ in range(3))
        reject_request(context=here, request_id=rejected.pk, actor=ADA, reason="No")
        cancel_request(context=here, request_id=cancelled.pk, actor=member_actor(make_member()))
        ask(here, make_member(), 4, key="lead")
    ask(here, make_member())  # today, outside of what is asked for

    figures = get_figures(context=here, since=MONDAY, until=MONDAY + timedelta(days=14))

    total = figures.total
    assert (total.requests, total.approved, total.rejected, total.cancelled, total.waiting, total.by_rule) == (
        7, 4, 1, 1, 1, 1,
    )  # fmt: skip
    assert total.approval_percent == 80
    assert total.median_seconds == 1.5 * 3600  # of 0, 1, 2 and 6 hours; what the rule granted is left out
    by_type = {row.key: one for row, one in figures.types}
    assert (by_type["ai"].granted, by_type["lead"].granted, by_type["lead"].median_seconds) == (30, 4, None)
    assert [(first, row.key, one.requests) for first, row, one in figures.periods] == [
        (date(2026, 5, 11), "ai", 3), (date(2026, 5, 18), "ai", 3), (date(2026, 5, 18), "lead", 1),
    ]  # fmt: skip
    lead = get_figures(
        context=here, since=MONDAY, until=MONDAY + timedelta(days=14), type_id=by_type_id(figures, "lead")
    )
    assert lead.total.requests == 1


def by_type_id(figures: Any, key: str) -> int:
    return next(row.pk for row, _ in figures.types if row.key == key)


def test_without_requests_every_figure_is_nothing(here: TenantContext) -> None:
    figures = get_figures(context=here, since=MONDAY, until=MONDAY + HOUR)

    assert (figures.total.requests, figures.total.approval_percent, figures.types) == (0, None, [])


def test_a_late_request_is_brought_up_once(here: TenantContext) -> None:
    make_type(here, escalate_hours=24)
    make_type(here, "lead")
    with clock.frozen_at(MONDAY):
        late = ask(here, make_member())
        ask(here, make_member(), key="lead")
    with clock.frozen_at(MONDAY + 23 * HOUR):
        ask(here, make_member())
        assert not has_overdue()
    with clock.frozen_at(MONDAY + 25 * HOUR):
        assert [line.request.pk for line in list_requests(overdue=True)] == [late.pk]
        assert count_open() == OpenRequests(pending=3, asked=0, flagged=0, overdue=1)
        assert has_overdue()
        assert (escalate_requests(), escalate_requests()) == (1, 0)

    event = TenantEvent.objects.get(type="CreditRequestsOverdue")
    assert (event.data["request_ids"], event.data["hours"]) == ([late.pk], 24)
    assert CreditRequest.objects.get(pk=late.pk).escalated_at == MONDAY + 25 * HOUR

    CreditRequest.objects.filter(pk=late.pk).update(flags=["large"])
    CreditRequest.objects.exclude(pk=late.pk).filter(type__key="ai").update(
        state="needs_info", flags=["large"]
    )
    assert count_open() == OpenRequests(pending=2, asked=1, flagged=1, overdue=1)


@pytest.mark.parametrize("many", [50, 200])
def test_every_list_takes_the_same_queries_at_any_length(here: TenantContext, many: int) -> None:
    row = make_type(here)
    people = [make_member(f"M{number}") for number in range(5)]
    CreditRequest.objects.bulk_create(
        CreditRequest(
            key=f"bulk-{number}", type=row, member_id=people[number % 5].pk, amount=1 + number, via="web",
            requested_at=MONDAY + number * HOUR, reason="poster" if number % 2 else "",
        )
        for number in range(many)
    )  # fmt: skip
    for _ in range(3):
        grant(here, people[0], 1)

    with CaptureQueriesContext(
        connection,
    ) as taken:
        first = list_requests(states=["pending"], search="M", oldest_first=True, limit=20)
        list_requests(
            states=["pending"],
            oldest_first=True,
            after=(first[-1].request.requested_at, first[-1].request.pk),
        )
        count_waiting()
        list_moves()
    assert len(taken) == 7
    assert first[0].request.amount == 1
