"""A member went: give back what waited, or let it follow them to whom they were merged into."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.audit.services import record_audit
from engagement.credits.merging import move_credits, move_requests
from engagement.credits.requesting import cancel_of_member as cancel_requests
from engagement.ledger.statements import ledger_unit
from engagement.members.models import Member
from engagement.progression.merged import find_owner
from engagement.rewards.deciding import return_of_member
from engagement.rewards.merging import move_redemptions
from engagement.rewards.models import Redemption
from engagement.rewards.states import HELD
from engagement.submissions.handing_in import cancel_of_member as withdraw_submissions
from engagement.submissions.merging import move_submissions
from engagement.supporters.mirroring import move_supports
from saas.core import clock
from saas.events import publish

from .events import PendingReturned

ACTION: Final = "member.pending_returned"
SHOWN_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Returned:
    """How much was pending. `points` came back for `redemptions`."""

    redemptions: int = 0
    points: int = 0
    submissions: int = 0
    requests: int = 0

    def __bool__(self) -> bool:
        return bool(self.redemptions or self.submissions or self.requests)


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """For the team: whose, how much, when."""

    member_id: int
    name: str
    returned: Returned
    at: datetime


@transaction.atomic
def return_pending(*, member_id: int, actor: Actor = SYSTEM) -> Returned:
    """Cancel and archive what a deleted member had pending: redemptions that were not handed out, with points and stock back;
    submissions that were not decided; credit requests. What is nobody's, of a member who is not deleted or was merged, stays.

    Locks the redemptions by id, the submissions by id, the member's requests; then balances and rewards. Idempotent: a repeat finds
    nothing. Recorded, and publishes PendingReturned, where there was anything.
    """
    member = Member.objects.filter(pk=member_id).first()
    if member is None or member.deleted_at is None or member.merged_into_id is not None:
        return Returned()
    # All rows before any balance or reward, so that nobody who decides on one of them waits for us while we wait for them.
    held = Redemption.objects.select_for_update().filter(member_id=member_id, state__in=HELD).order_by("pk")
    list(held.values_list("pk", flat=True))
    submissions = withdraw_submissions(member_id=member_id, actor=actor)
    requests = cancel_requests(member_id=member_id, actor=actor)
    ended = return_of_member(member_id=member_id, actor=actor)
    points = Redemption.objects.filter(pk__in=ended).aggregate(sum=Sum("price"))["sum"] or 0
    returned = Returned(len(ended), int(points), submissions, requests)
    if returned:
        record_audit(
            actor=actor,
            action=ACTION,
            target_kind="member",
            target_id=member_id,
            target_name=member.display_name,
            after=asdict(returned),
        )
        publish(PendingReturned(member_id, **asdict(returned)))
    return returned


def move_belongings(*, merged_id: int) -> int:
    """What hangs on a merged member's name goes to whoever has them now: redemptions, submissions, requests, supports; and credits that were
    booked while they were merged. Idempotent. Takes the ledger lock. Answers how many rows moved."""
    member_id = find_owner(merged_id)
    if member_id == merged_id:
        return 0
    moved = (
        move_redemptions(member_id=member_id, merged_id=merged_id)
        + move_submissions(member_id=member_id, merged_id=merged_id)
        + move_requests(member_id=member_id, merged_id=merged_id)
        + move_supports(member_id=member_id, merged_id=merged_id)
    )
    with ledger_unit():
        return moved + len(move_credits(kept_id=member_id, gone_id=merged_id))


def list_returned(*, limit: int, now: datetime | None = None) -> list[ReturnedLine]:
    """Of the last days, the newest first. One query."""
    since = (now or clock.now()) - SHOWN_FOR
    found = AuditEntry.objects.filter(action=ACTION, occurred_at__gte=since).order_by("-id")[:limit]
    return [
        ReturnedLine(int(row.target_id), row.target_name, Returned(**(row.after or {})), row.occurred_at)
        for row in found
    ]


def words_of(returned: Returned, points_name: str) -> str:
    """“2 redemptions (350 points came back), 1 submission”: what was cancelled, in words for the team."""
    parts = []
    if returned.redemptions:
        back = f" ({returned.points:,} {points_name} came back)" if returned.points else ""
        parts.append(f"{_count(returned.redemptions, 'redemption')}{back}")
    if returned.submissions:
        parts.append(_count(returned.submissions, "submission"))
    if returned.requests:
        parts.append(_count(returned.requests, "credit request"))
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
