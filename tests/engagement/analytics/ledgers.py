"""Ledgers written by hand, week by week, so that every figure can be worked out on paper."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from django.db.models import F

from engagement.ledger.models import EARNED_COUNTERS, POINTS, Cause, Counter, LedgerBalance, LedgerEntry
from engagement.progression.services import ensure_member
from engagement.standings.models import StandingPast

_ids = count(1_000_000)
_people = count(1)


def person(name: str = "") -> int:
    number = next(_people)
    member = ensure_member(
        provider="discord", external_id=f"77000{number}", display_name=name or f"Person {number}"
    )
    return int(member.pk)


def entry(
    member_id: int,
    amount: int,
    at: datetime,
    *,
    cause: Cause = Cause.ACTIVITY,
    counter: Counter = Counter.ISSUER,
    rule: int = 0,
    cause_id: int | None = None,
) -> None:
    """One entry that was booked at `at`, with its balance."""
    LedgerEntry.objects.create(
        member_id=member_id,
        amount=amount,
        base_amount=amount,
        counter=counter,
        cause_kind=cause,
        cause_id=next(_ids) if cause_id is None else cause_id,
        rule_id=rule,
        occurred_at=at,
        created_at=at,
    )
    earned = amount if counter in EARNED_COUNTERS else 0
    LedgerBalance.objects.filter(member_id=member_id, currency=POINTS).update(
        current=F("current") + amount, lifetime=F("lifetime") + earned
    )


def scored(member_id: int, at: datetime) -> None:
    """The member scored in the week that begins on that day."""
    StandingPast.objects.create(
        kind="week", starts_on=at.date(), member_id=member_id, score=1, reached_at=at, ranked=True
    )
