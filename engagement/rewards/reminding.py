"""Reminders of what waits for people: a member who owes an address, a team with decisions, things to do and parcels.

Invariant: `due_at` moves on in the transaction that publishes the reminder, so that one is sent for each time that it was due.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from saas.core import clock
from saas.events import publish

from .fulfilment_events import AddressAsked, TeamReminded
from .models import Redemption, RedemptionState, RewardKind
from .states import APPROVED

TEAM_AFTER: Final = timedelta(days=1)  # of a decision that nobody made
TEAM_AGAIN: Final = timedelta(days=2)
MEMBER_AGAIN: Final = timedelta(days=7)
MOST_REMINDERS: Final = 2  # of one address
_AT_ONCE: Final = 200
_UNSHIPPED: Final = Q(kind=RewardKind.MERCHANDISE, state=APPROVED) & ~Q(address="")
_BY_HAND: Final = Q(kind=RewardKind.CUSTOM, state=APPROVED)


def remind_members() -> int:
    """Ask again for addresses that are missing, at most twice each. Publishes AddressAsked. Answers how many were asked."""
    with transaction.atomic():
        rows = Redemption.objects.select_for_update(skip_locked=True).filter(
            kind=RewardKind.MERCHANDISE,
            state=APPROVED,
            address="",
            due_at__lte=clock.now(),
            reminded__lt=MOST_REMINDERS,
        )
        due = list(rows.order_by("due_at")[:_AT_ONCE])
        for one in due:
            publish(AddressAsked(one.pk, one.member_id, again=True))
        Redemption.objects.filter(pk__in=[one.pk for one in due]).update(
            due_at=clock.now() + MEMBER_AGAIN, reminded=F("reminded") + 1
        )
    return len(due)


def remind_team() -> TeamReminded | None:
    """One reminder for everything that has waited for long; None where nothing has. Publishes TeamReminded.

    Whatever waits then is not reminded of again for two days, however many runs look.
    """
    now = clock.now()
    undecided = Q(state=RedemptionState.REQUESTED, requested_at__lt=now - TEAM_AFTER)
    waiting = Redemption.objects.filter(undecided | _BY_HAND | _UNSHIPPED)
    due = waiting.filter(Q(due_at__lte=now) | Q(due_at=None, state=RedemptionState.REQUESTED))
    with transaction.atomic():
        if not due.exists():
            return None
        # The rows are the lock: of two runs at once the second finds nothing due.
        held = list(
            waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", "state", "kind")
        )
        if not due.filter(pk__in=[pk for pk, _, _ in held]).exists():
            return None
        news = TeamReminded(
            undecided=sum(state == RedemptionState.REQUESTED for _, state, _ in held),
            by_hand=sum(state == APPROVED and kind == RewardKind.CUSTOM for _, state, kind in held),
            unshipped=sum(state == APPROVED and kind == RewardKind.MERCHANDISE for _, state, kind in held),
        )
        publish(news)
        Redemption.objects.filter(pk__in=[pk for pk, _, _ in held]).update(due_at=now + TEAM_AGAIN)
    return news
