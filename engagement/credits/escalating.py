"""Requests that wait for too long are brought up again: once each."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from saas.core import clock
from saas.events import publish

from .events import CreditRequestsOverdue
from .models import CreditRequest, CreditType
from .selectors import filter_requests

_NAMED: Final = 100


def has_overdue() -> bool:
    """Whether there is something to bring up. One query."""
    return filter_requests(overdue=True).filter(escalated_at=None).exists()


@transaction.atomic
def escalate_requests() -> int:
    """Mark what waits for longer than its type says; answers how many were marked now.

    Skips rows that somebody decides on at this moment. Idempotent: each request is marked once. Publishes one
    CreditRequestsOverdue a type.
    """
    waiting = filter_requests(overdue=True).filter(escalated_at=None).order_by("requested_at", "pk")
    locked = list(waiting.select_for_update(of=("self",), skip_locked=True).values_list("pk", "type_id"))
    CreditRequest.objects.filter(pk__in=[pk for pk, _ in locked]).update(escalated_at=clock.now())
    for row in CreditType.objects.filter(pk__in={type_id for _, type_id in locked}):
        mine = [pk for pk, type_id in locked if type_id == row.pk]
        publish(CreditRequestsOverdue(row.pk, len(mine), mine[:_NAMED], row.escalate_hours or 0))
    return len(locked)
