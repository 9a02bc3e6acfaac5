"""The inbox as EngageHub's staff look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from billing.models import StripeEvent
from saas.core import clock

from .errors import StripeEventNotFoundError

PAGE: Final = 50
DAY: Final = timedelta(days=1)
State = StripeEvent.State


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """What waits and what failed, with the moment of the oldest; and how many of the last 24 hours were settled."""

    waiting: int
    oldest_waiting: datetime | None
    failed: int
    oldest_failed: datetime | None
    processed: int
    ignored: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """`following` is what to ask for after this page; None at the end."""

    events: list[StripeEvent]
    following: int | None


def count_events() -> InboxFigures:
    """One query over the index of states."""
    recent = Q(received_at__gte=clock.now() - DAY)
    rows = (
        StripeEvent.objects.filter(Q(state__in=[State.RECEIVED, State.FAILED]) | recent)
        .values("state")
        .annotate(n=Count("pk"), oldest=Min("received_at"))
        .order_by()
    )
    found = {row["state"]: (row["n"], row["oldest"]) for row in rows}
    waiting, failed = found.get(State.RECEIVED, (0, None)), found.get(State.FAILED, (0, None))
    settled = [found.get(state, (0, None))[0] for state in (State.PROCESSED, State.IGNORED)]
    return InboxFigures(*waiting, *failed, *settled)


def find_events(*, state: str = "", text: str = "", before: int | None = None) -> EventPage:
    """Newest first; `text` is an id of Stripe's (event, object, customer), or the beginning of a type. One query."""
    found = StripeEvent.objects.defer("payload").select_related("tenant").order_by("-pk")
    text = text.replace("\x00", "").strip()[:255]
    if text:
        found = found.filter(
            Q(stripe_id=text) | Q(object_id=text) | Q(customer_id=text) | Q(type__startswith=text.lower())
        )
    if state in State.values:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return EventPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def get_event(*, event_id: int) -> StripeEvent:
    """Raises StripeEventNotFoundError."""
    found = StripeEvent.objects.select_related("tenant").filter(pk=event_id).first()
    if found is None:
        raise StripeEventNotFoundError
    return found
