"""Reads of submissions and their types. Lists cost the same number of queries however long they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q, QuerySet

from engagement.files.models import StoredFile
from engagement.members.models import Member
from engagement.members.selectors import matches_name, shown_name
from engagement.progression.models import MemberProgress
from saas.core import clock
from tenants.context import TenantContext

from .answers import values_of
from .duplicates import Likeness, compare_marks
from .errors import SubmissionNotFoundError, SubmissionTypeNotFoundError
from .freezing import frozen_ids, types_allowed
from .limits import limit_words, period_of, why_not
from .models import Submission, SubmissionType
from .scoring import most_points
from .shapes import FILES, FieldKind, Form, form_of, parse_form
from .states import COUNTED, PENDING

PAGE: Final = 20
_BIG: Final = 2**63 - 1
Place = tuple[datetime, int]  # where a page of the queue ended
_WAITING: Final = """
SELECT (SELECT count(*) FROM submission WHERE state = 'pending'),
  (SELECT count(*) FROM submission WHERE state = 'pending' AND due_at <= %(now)s),
  (SELECT count(*) FROM submission WHERE state = 'needs_info')"""


@dataclass(frozen=True, slots=True)
class TypeLine:
    """A type in the organiser's list."""

    type: SubmissionType
    frozen: bool
    pending: int
    approved: int

    @property
    def is_open(self) -> bool:
        return self.type.active and not self.frozen and self.type.archived_at is None


@dataclass(frozen=True, slots=True)
class OpenType:
    """A type as a member sees it. `why_not`: a code (level, role, membership, limit) and `words` where they can't hand in now."""

    type: SubmissionType
    form: Form
    most_points: int
    limit: str
    why_not: str = ""
    words: str = ""
    next_at: datetime | None = None

    @property
    def can_hand_in(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A submission in a list of reviewers. `is_overdue`: it waits longer than its type promises."""

    submission: Submission
    member: Member | None
    is_overdue: bool
    is_claimed: bool

    @property
    def name(self) -> str:
        return "" if self.member is None else self.member.display_name

    @property
    def title(self) -> str:
        return self.submission.title or self.submission.type.name

    @property
    def place(self) -> Place:
        assert self.submission.submitted_at is not None
        return self.submission.submitted_at, self.submission.pk


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier submission beside how it resembles."""

    item: QueueItem
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Detail:
    """A submission with all that a reviewer looks at. `files` and `members` are those that its answers name, by id."""

    item: QueueItem
    form: Form
    files: dict[int, StoredFile]
    members: dict[int, Member]
    alike: list[Alike]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits: for review, of that overdue, and for members' answers."""

    pending: int
    overdue: int
    needs_info: int


# --- types


def get_type(*, type_id: int) -> SubmissionType:
    """Raises SubmissionTypeNotFoundError."""
    found = SubmissionType.objects.filter(pk=min(type_id, _BIG)).first()
    if found is None:
        raise SubmissionTypeNotFoundError
    return found


def find_type(*, key: str) -> SubmissionType | None:
    return SubmissionType.objects.filter(key=key[:40]).first()


def form_of_type(submission_type: SubmissionType) -> Form:
    of = submission_type
    return parse_form(of.fields, of.rubric, of.award, of.version)


def list_types(*, context: TenantContext, archived: bool = False) -> list[TypeLine]:
    """In their order, for organisers. Two queries."""
    types = list(SubmissionType.objects.order_by("position", "pk"))
    frozen = frozen_ids(types, types_allowed(context))
    counts = {
        row["type_id"]: row
        for row in Submission.objects.values("type_id").annotate(
            pending=Count("pk", filter=Q(state=PENDING)), approved=Count("pk", filter=Q(state="approved"))
        )
    }
    none = {"pending": 0, "approved": 0}
    return [
        TypeLine(
            one, one.pk in frozen, counts.get(one.pk, none)["pending"], counts.get(one.pk, none)["approved"]
        )
        for one in types
        if (one.archived_at is not None) == archived
    ]


def list_open_types(*, member_id: int | None, context: TenantContext) -> list[OpenType]:
    """What can be handed in, in its order; for a member with whether they can, and why not. At most four queries."""
    types = list(SubmissionType.objects.filter(active=True, archived_at=None).order_by("position", "pk"))
    frozen = frozen_ids(types, types_allowed(context))
    member = None if member_id is None else Member.objects.filter(pk=member_id, deleted_at=None).first()
    level = 0
    counts: dict[tuple[int, str], int] = {}
    if member is not None:
        level = MemberProgress.objects.filter(pk=member.pk).values_list("level", flat=True).first() or 0
        counts = _counts_of(member.pk, context)
    return [_open_type(one, member, level, counts, context) for one in types if one.pk not in frozen]


def get_open_type(*, type_id: int, member_id: int | None, context: TenantContext) -> OpenType:
    """Raises SubmissionTypeNotFoundError for one that takes nothing."""
    found = next(
        (one for one in list_open_types(member_id=member_id, context=context) if one.type.pk == type_id), None
    )
    if found is None:
        raise SubmissionTypeNotFoundError
    return found


def _counts_of(member_id: int, context: TenantContext) -> dict[tuple[int, str], int]:
    """What counts towards the limits, by type and period."""
    now = clock.now()
    starts = {period: period_of(period, now, context)[0] for period in ("day", "week", "month")}
    rows: Any = (
        Submission.objects.filter(member_id=member_id, state__in=COUNTED)
        .values("type_id")
        .annotate(
            ever=Count("pk"),
            **{period: Count("pk", filter=Q(submitted_at__gte=start)) for period, start in starts.items()},
        )
    )
    return {(row["type_id"], period): row[period] for row in rows for period in ("ever", *starts)}


def _open_type(
    of: SubmissionType,
    member: Member | None,
    level: int,
    counts: dict[tuple[int, str], int],
    context: TenantContext,
) -> OpenType:
    form = form_of_type(of)
    shown = OpenType(of, form, most_points(form), limit_words(of))
    if member is None:
        return shown
    refused = why_not(of.eligibility, member, level=level)
    if refused is not None:
        return OpenType(of, form, shown.most_points, shown.limit, *refused)
    if of.limit_count is not None and counts.get((of.pk, of.limit_period), 0) >= of.limit_count:
        next_at = period_of(of.limit_period, clock.now(), context)[1]
        words = f"You can hand this in {shown.limit}, and you have."
        return OpenType(of, form, shown.most_points, shown.limit, "limit", words, next_at)
    return shown


# --- submissions


def list_queue(
    *,
    states: Collection[str] = (PENDING,),
    type_ids: Collection[int] | None = None,
    member_id: int | None = None,
    search: str = "",
    overdue: bool = False,
    alike: bool = False,
    after: Place | None = None,
    newest_first: bool = False,
    limit: int = PAGE,
) -> list[QueueItem]:
    """What was handed in, who waits longest first. `after` is the place of the last one of the page before; `type_ids` None: all.

    `search` is the beginning of a title, or of the member's name. Two queries.
    """
    found = search_queue(
        states=states, type_ids=type_ids, member_id=member_id, search=search, overdue=overdue, alike=alike
    )
    if after is not None:
        moment, last = after
        later = Q(submitted_at__lt=moment) | Q(submitted_at=moment, pk__lt=last)
        if not newest_first:
            later = Q(submitted_at__gt=moment) | Q(submitted_at=moment, pk__gt=last)
        found = found.filter(later)
    order = ("-submitted_at", "-pk") if newest_first else ("submitted_at", "pk")
    return items_of(list(found.order_by(*order)[:limit]))


def search_queue(
    *,
    states: Collection[str] = (),
    type_ids: Collection[int] | None = None,
    member_id: int | None = None,
    search: str = "",
    overdue: bool = False,
    alike: bool = False,
) -> QuerySet[Submission]:
    """As list_queue narrows it, unordered; drafts are never in it."""
    found = Submission.objects.select_related("type").filter(submitted_at__isnull=False)
    if states:
        found = found.filter(state__in=states)
    if type_ids is not None:
        found = found.filter(type_id__in=type_ids)
    if member_id is not None:
        found = found.filter(member_id=member_id)
    if overdue:
        found = found.filter(state=PENDING, due_at__lte=clock.now())
    if alike:
        found = found.exclude(like_ids=[])
    text = search.strip().replace("\x00", "")[:100]
    if text:
        named = Member.objects.filter(matches_name(text)).values("pk")
        found = found.filter(Q(title__icontains=text) | Q(member_id__in=named))
    return found


def items_of(submissions: Sequence[Submission]) -> list[QueueItem]:
    """One query for their members. Each has its type already."""
    members = Member.objects.in_bulk({one.member_id for one in submissions})
    now = clock.now()
    return [
        QueueItem(
            one,
            members.get(one.member_id),
            one.state == PENDING and one.due_at is not None and one.due_at <= now,
            bool(one.claimed_by) and one.claimed_until is not None and one.claimed_until > now,
        )
        for one in submissions
    ]


def get_submission(*, submission_id: int, member_id: int | None = None) -> Submission:
    """With its type. `member_id`: only where it is theirs; without, drafts are as if they did not exist. Raises
    SubmissionNotFoundError."""
    found = Submission.objects.select_related("type").filter(pk=min(submission_id, _BIG)).first()
    if found is None or (found.submitted_at is None and member_id is None):
        raise SubmissionNotFoundError
    if member_id is not None and found.member_id != member_id:
        raise SubmissionNotFoundError
    return found


def get_detail(*, submission_id: int, member_id: int | None = None) -> Detail:
    """With files, members and what it resembles. At most six queries. Raises SubmissionNotFoundError."""
    submission = get_submission(submission_id=submission_id, member_id=member_id)
    form = form_of(submission.form)
    file_ids = values_of(form, submission.answers, *FILES)
    member_ids = values_of(form, submission.answers, FieldKind.MEMBER)
    return Detail(
        items_of([submission])[0],
        form,
        StoredFile.objects.in_bulk(file_ids) if file_ids else {},
        Member.objects.in_bulk(member_ids) if member_ids else {},
        list_alike(submission) if member_id is None else [],
    )


def list_alike(submission: Submission) -> list[Alike]:
    """The earlier ones that it resembles, as they were found when it was handed in. Two queries."""
    if not submission.like_ids:
        return []
    earlier = Submission.objects.select_related("type").in_bulk(submission.like_ids)
    items = {item.submission.pk: item for item in items_of(list(earlier.values()))}
    found = []
    for pk in submission.like_ids:
        if pk in items:
            marks = items[pk].submission.marks
            found.append(
                Alike(items[pk], compare_marks(pk, submission.marks, marks, submission.links) or Likeness(pk))
            )
    return found


def list_own(
    *, member_id: int, states: Collection[str] = (), before_id: int | None = None, limit: int = PAGE
) -> list[Submission]:
    """A member's own, drafts too, the newest first; discarded drafts not. One query."""
    found = Submission.objects.select_related("type").filter(member_id=member_id)
    found = found.exclude(state="withdrawn", submitted_at=None)
    if states:
        found = found.filter(state__in=states)
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return list(found.order_by("-pk")[:limit])


def count_pending(*, type_ids: Collection[int] | None = None) -> int:
    """What waits for review; for the badge of the navigation. One query."""
    found = Submission.objects.filter(state=PENDING)
    return (found if type_ids is None else found.filter(type_id__in=type_ids)).count()


def count_waiting() -> Waiting:
    """Each from an index of its own. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"now": clock.now()})
        found: Sequence[int] = cursor.fetchone()
    return Waiting(*found)


def undo_left(submission: Submission) -> timedelta:
    """How long its last decision can still be taken back before the member hears of it; zero when they have, or soon will."""
    if submission.told_after is None or submission.told_at is not None:
        return timedelta()
    return max(timedelta(), submission.told_after - clock.now())


def member_name(item: QueueItem) -> str:
    """As others see the member; for places that not only reviewers read."""
    return "" if item.member is None else shown_name(item.member)


def find_by_key(*, key: str) -> Submission | None:
    """What that request handed in, if it was here before."""
    return Submission.objects.filter(key=key[:120]).first()


def describe_answers(detail: Detail) -> list[tuple[str, Any, FieldKind]]:
    """(label, value, kind) of every field that was answered, in the form's order; members by name."""
    found: list[tuple[str, Any, FieldKind]] = []
    for field in detail.form.fields:
        value = detail.item.submission.answers.get(field.key)
        if value is None:
            continue
        if field.kind == FieldKind.MEMBER:
            member = detail.members.get(value)
            value = "a member who is gone" if member is None else shown_name(member)
        found.append((field.label, value, field.kind))
    return found
