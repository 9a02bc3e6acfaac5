"""Requests that somebody should look at twice, each with its reasons. A flag decides nothing but that a person decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Avg, Count
from django.db.models.functions import Lower

from engagement.members.models import Member

from .models import CreditRequest, CreditType, RequestState

BURST: Final = 4  # this many requests of one member, of any type, within BURST_TIME
BURST_TIME: Final = timedelta(hours=24)
NEW_MEMBER: Final = timedelta(days=7)
UNUSUAL: Final = 3  # times what was granted on average
ENOUGH: Final = 5  # granted requests, before an average says anything
LOOK_BACK: Final = timedelta(days=90)
SAME_REASON_TIME: Final = timedelta(days=30)
SAME_REASON_LENGTH: Final = 15  # shorter ones are alike by chance: “for my project”

Flag = dict[str, Any]


def flag_request(
    credit_type: CreditType,
    member: Member,
    amount: int,
    reason: str,
    *,
    now: datetime,
    without: int | None = None,
) -> list[Flag]:
    """Why somebody should look twice, as {code, …facts}; empty for what is ordinary. `without`: the request itself. Three queries."""
    others = CreditRequest.objects.exclude(pk=without or 0)
    flags: list[Flag] = []
    lately = others.filter(member_id=member.pk, requested_at__gt=now - BURST_TIME).count() + 1
    if lately >= BURST:
        flags.append({"code": "burst", "count": lately})
    age = now - (member.joined_at or member.created_at)
    if age < NEW_MEMBER:
        flags.append({"code": "new_member", "days": max(age.days, 0)})
    usual = others.filter(
        type=credit_type, state=RequestState.APPROVED, requested_at__gt=now - LOOK_BACK
    ).aggregate(average=Avg("granted"), number=Count("pk"))
    if usual["number"] >= ENOUGH and amount > UNUSUAL * usual["average"]:
        flags.append({"code": "unusual_amount", "usual": round(usual["average"])})
    if len(reason) >= SAME_REASON_LENGTH:
        same = others.annotate(words=Lower("reason")).filter(
            words=reason.lower(), requested_at__gt=now - SAME_REASON_TIME
        )
        if same.exclude(member_id=member.pk).exists():
            flags.append({"code": "same_reason"})
    return flags


def words_of_flag(flag: Flag) -> str:
    """For people. A code of a later release speaks for itself."""
    code = flag.get("code")
    if code == "burst":
        return f"{flag['count']:,} requests within a day"
    if code == "new_member":
        days = flag["days"]
        return "Joined today" if days == 0 else f"Joined {days:,} {'day' if days == 1 else 'days'} ago"
    if code == "unusual_amount":
        return f"More than {UNUSUAL} times the usual {flag['usual']:,}"
    if code == "same_reason":
        return "Same reason as somebody else"
    return str(code)
