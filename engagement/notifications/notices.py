"""The one way to tell a member something.

Invariants: one notice a `key`, however often its cause is worked on; a notice always stands on the member's page, and Discord
follows by a job, so that nothing which happens there undoes what is told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.db import connection, transaction

from engagement.credits.models import CreditRequest
from engagement.ledger.statements import ledger_unit
from engagement.members.models import Member
from engagement.members.selectors import get_member
from saas.core import clock
from saas.core.text import clean_line
from saas.events import publish
from saas.events.publishing import append_events

from .errors import NoticeNotFoundError, UnknownQuietError
from .events import MemberTold
from .models import Notice
from .notice_kinds import NO_DM, NOTICE_KINDS, QUIETABLE, NoticeKind, get_notice_kind

__all__ = ["NOTICE_KINDS", "NO_DM", "NoticeKind", "Told", "get_notice", "tell_member", "tell_members"]

KEPT_FOR: Final = timedelta(days=30)
_SWEPT_AT_ONCE: Final = 5_000
_MAX_FACT: Final = 300
_MAX_KEY: Final = 120
_TELL: Final = (
    "INSERT INTO notice (key, member_id, kind, facts, created_at) "
    "SELECT key, member_id, kind, facts::jsonb, %s FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) "
    "AS u(key, member_id, kind, facts) WHERE EXISTS (SELECT 1 FROM member m WHERE m.id = u.member_id AND m.deleted_at IS NULL "
    "AND NOT m.is_bot AND NOT m.quiet ? u.kind) ON CONFLICT (key) DO NOTHING RETURNING id, member_id, kind"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What one member is to be told."""

    member_id: int
    kind: str
    facts: Mapping[str, Any]
    key: str


def tell_member(*, member_id: int, kind: str, facts: Mapping[str, Any], key: str) -> Notice | None:
    """Tell a member: a notice on their page, and a job that brings it to Discord. In the caller's transaction, or in one of its own.

    `facts` fill the words of `kind` (languages/) — whole numbers, names, moments in ISO 8601; `id` is that of what it is about.
    Idempotent on `key`. None where there is nobody to tell: deleted members, bots, and whoever switched an optional kind off.
    Publishes MemberTold. Raises UnknownNoticeError.
    """
    with transaction.atomic():
        tell_members([Told(member_id, kind, facts, key)])
        return Notice.objects.filter(key=key[:_MAX_KEY], member_id=member_id).first()


def tell_members(told: Sequence[Told]) -> int:
    """`tell_member` for many, in three statements. Answers how many are new. Call it in a transaction."""
    if not told:
        return 0
    rows = [
        (one.key[:_MAX_KEY], one.member_id, get_notice_kind(one.kind).name, _clean_facts(one.facts))
        for one in told
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TELL, [clock.now(), *(list(column) for column in zip(*rows, strict=True))])
        made = cursor.fetchall()
        if len(made) == 1:
            publish(MemberTold(*made[0]))
        elif made:
            schema: str = connection.schema_name  # type: ignore[attr-defined]
            append_events(cursor, [MemberTold(*row) for row in made], schema=schema)
    return len(made)


def mark_read(*, member_id: int, notice_id: int) -> Notice:
    """One notice was read. Idempotent. Raises NoticeNotFoundError, of other people's notices too."""
    notice = get_notice(member_id=member_id, notice_id=notice_id)
    if notice.read_at is None:
        notice.read_at = clock.now()
        notice.save(update_fields=["read_at"])
    return notice


def mark_all_read(*, member_id: int, upto: int | None = None) -> int:
    """Everything is read, or what is not newer than the notice `upto`. Idempotent. Answers how many were not."""
    unread = Notice.objects.filter(member_id=member_id, read_at=None)
    if upto is not None:
        unread = unread.filter(pk__lte=upto)
    return unread.update(read_at=clock.now())


def choose_quiet(*, member_id: int, quiet: Iterable[str]) -> Member:
    """What the member does not want: optional kinds of notices, and `dm` for no direct messages. Idempotent.

    Takes the ledger lock, as whoever changes members does. Raises UnknownQuietError, MemberNotFoundError.
    """
    wanted = set(quiet)
    unknown = sorted(wanted - set(QUIETABLE))
    if unknown:
        raise UnknownQuietError(
            f"“{unknown[0][:40]}” cannot be switched off. What can be: {', '.join(QUIETABLE)}.", field="quiet"
        )
    chosen = [name for name in QUIETABLE if name in wanted]
    with ledger_unit():
        member = get_member(member_id=member_id)
        if member.quiet != chosen:
            member.quiet = chosen
            member.save(update_fields=["quiet"])
    return member


def note_sent(*, notice_id: int, by: str) -> None:
    """It went out as well: `dm` or `channel`. A credit request notes how its outcome was told. Idempotent."""
    Notice.objects.filter(pk=notice_id).update(sent_by=by)
    notice = Notice.objects.filter(pk=notice_id, kind__startswith="credit_request").first()
    if notice is not None:
        CreditRequest.objects.filter(pk=notice.facts.get("id")).update(told_by=by)


def move_notices(*, member_id: int, merged_id: int) -> int:
    """Whoever took a member over has their notices too. Idempotent."""
    return Notice.objects.filter(member_id=merged_id).update(member_id=member_id)


def sweep_notices(*, now: datetime | None = None) -> int:
    """Remove what is older than 30 days, a bounded number at a time. Answers how many went; call again while that is many."""
    old = Notice.objects.filter(created_at__lt=(now or clock.now()) - KEPT_FOR).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:_SWEPT_AT_ONCE])
    Notice.objects.filter(pk__in=ids).delete()
    return len(ids)


def get_notice(*, member_id: int, notice_id: int) -> Notice:
    """One of the member's own. Raises NoticeNotFoundError."""
    notice = Notice.objects.filter(pk=notice_id, member_id=member_id).first()
    if notice is None:
        raise NoticeNotFoundError
    return notice


def _clean_facts(facts: Mapping[str, Any]) -> str:
    """Names come from outside: one line each, nothing invisible, cut to size."""
    cleaned = {
        name: clean_line(value, limit=_MAX_FACT) if isinstance(value, str) else value
        for name, value in facts.items()
        if value is not None and value != ""
    }
    return orjson.dumps(cleaned).decode()
