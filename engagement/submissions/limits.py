"""How often a member may hand in, and who may at all. Asked under the lock of the type's row."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engagement.members.models import Member
from engagement.progression.models import MemberProgress
from saas.core import clock
from tenants.context import TenantContext

from .errors import MemberLimitError, NotEligibleError, TooManyOpenError
from .models import Submission, SubmissionType
from .states import COUNTED, DRAFT, OPEN

PERIODS: Final = ("ever", "day", "week", "month")
MAX_DRAFTS: Final = 20
MAX_OPEN: Final = 100
_WORDS: Final = {"ever": "in all", "day": "a day", "week": "a week", "month": "a month"}


def period_of(period: str, now: datetime, context: TenantContext) -> tuple[datetime | None, datetime | None]:
    """Its first moment and that of the next one, by the community's calendar; (None, None) for ever."""
    if period == "ever":
        return None, None
    day = clock.local_day(now, context.timezone)
    if period == "day":
        first, following = day, day + timedelta(days=1)
    elif period == "week":
        first = day - timedelta(days=(day.weekday() - context.first_weekday) % 7)
        following = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    zone = ZoneInfo(context.timezone)
    return datetime.combine(first, time(), zone), datetime.combine(following, time(), zone)


def limit_words(submission_type: SubmissionType) -> str:
    """“twice a week”; empty without a limit."""
    count = submission_type.limit_count
    if count is None:
        return ""
    times = {1: "once", 2: "twice"}.get(count, f"{count:,} times")
    return f"{times} {_WORDS[submission_type.limit_period]}"


def require_within_limit(
    submission_type: SubmissionType, *, member_id: int, context: TenantContext, without: int | None = None
) -> None:
    """Raises MemberLimitError. What was rejected or withdrawn does not count; the time is when it was first handed in."""
    count = submission_type.limit_count
    if count is None:
        return
    start, following = period_of(submission_type.limit_period, clock.now(), context)
    counted = Submission.objects.filter(type=submission_type, member_id=member_id, state__in=COUNTED)
    if start is not None:
        counted = counted.filter(submitted_at__gte=start)
    if counted.exclude(pk=without or 0).count() < count:
        return
    when = "" if following is None else f" Next time: {following:%A, %-d %B}."
    raise MemberLimitError(
        f"You can hand in “{submission_type.name}” {limit_words(submission_type)}, and you have.{when}",
        next_at=following,
    )


def require_few_open(*, member_id: int, draft: bool) -> None:
    """So that nobody fills the queue. Raises TooManyOpenError."""
    mine = Submission.objects.filter(member_id=member_id)
    if draft and mine.filter(state=DRAFT).count() >= MAX_DRAFTS:
        raise TooManyOpenError(
            f"You have {MAX_DRAFTS} drafts, which is the most. Hand one in, or discard one."
        )
    if not draft and mine.filter(state__in=OPEN).count() >= MAX_OPEN:
        raise TooManyOpenError(
            f"{MAX_OPEN} of your submissions wait for review. Hand in more once some are decided."
        )


def require_eligible(submission_type: SubmissionType, member: Member) -> None:
    """By level, Discord role and days since joining, as `eligibility` asks. Raises NotEligibleError."""
    found = why_not(submission_type.eligibility, member, level=None)
    if found is not None:
        raise NotEligibleError(found[1], why=found[0])


def why_not(eligibility: dict[str, Any], member: Member, *, level: int | None) -> tuple[str, str] | None:
    """(code, sentence) for whom it is not, else None. `level` None: it is looked up where it matters."""
    needed = eligibility.get("level")
    if needed:
        if level is None:
            row = MemberProgress.objects.filter(member_id=member.pk).values_list("level", flat=True).first()
            level = row or 0
        if level < needed:
            return "level", f"This is for members from level {needed} on; you are on level {level}."
    roles = {str(role) for role in eligibility.get("roles", ())}
    if roles and not roles & {str(role) for role in member.role_ids}:
        return (
            "role",
            "This is for members with a certain role in the Discord server. Ask the team how to get it.",
        )
    days = eligibility.get("days")
    if days:
        since = member.joined_at or member.created_at
        left = since + timedelta(days=days) - clock.now()
        if left > timedelta():
            return (
                "membership",
                f"This is for people who have been members for {days} days. You will be in {left.days + 1} "
                f"{'day' if left.days == 0 else 'days'}.",
            )
    return None
