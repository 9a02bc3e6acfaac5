"""Every write of boosts.

Each takes the lock of the rules' writers, so that two who plan see each other's hours, and then the ledger lock, so that nobody is
booking meanwhile: what began or ended at a moment holds for everything that occurred from that moment on, and for nothing before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.locks import ledger_lock_sql
from engagement.rules.models import RulesState
from engagement.rules.services import count_change, lock_rules
from saas.core import clock
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext
from tenants.gates import require_open
from tenants.selectors import read_entitlements

from .errors import BoostHoursError, BoostNotFoundError, BoostOverError, InvalidBoostError, TooManyBoostsError
from .events import BoostEnded, BoostStarted
from .hours import UsedHour
from .models import Boost
from .scope import check_scope
from .selectors import list_hours
from .windows import OVER, milliseconds, moment_of, occurrences, state_of, windows_of

MAX_NAME: Final = 60
MAX_LIVE: Final = 50
LONGEST: Final = timedelta(days=31)
SHORTEST: Final = timedelta(minutes=5)
LONGEST_WEEKLY: Final = timedelta(days=7)
FURTHEST: Final = timedelta(days=366)
UNDO: Final = timedelta(minutes=10)
TEND: Final = "engagement.boosts.tend"
_NEW: Final = 0  # the id of a boost that does not exist yet, where hours are counted


@dataclass(frozen=True, slots=True)
class BoostDraft:
    """What somebody asks for. `starts_at` None: at once, for `lasts`; else up to `ends_at`. `percent` 150 is × 1.5."""

    name: str
    percent: int
    scope: Mapping[str, Any]
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lasts: timedelta | None = None
    repeats_until: date | None = None
    announce: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many hours boosts may use up that begin from `starts_at` to before `ends_at`; `hours` None: as many as they like."""

    starts_at: datetime
    ends_at: datetime
    hours: int | None


@dataclass(frozen=True, slots=True)
class HoursNeeded:
    """Of one allowance: the hours used and planned without the draft, and what the draft adds."""

    allowance: Allowance
    taken: int
    needed: int


def percent_of(multiplier: object) -> int:
    """1.5 or "1.5" as 150. Raises InvalidBoostError for anything but 1.1 to 10 with at most two decimals."""
    try:
        value = Decimal(str(multiplier).replace(",", ".").strip()) * 100
        if value == value.to_integral_value() and 110 <= value <= 1000:
            return int(value)
    except (InvalidOperation, ValueError):
        pass
    raise InvalidBoostError(
        f"The multiplier is {str(multiplier)!r:.40}. Give a number from 1.1 to 10, with at most two decimals.",
        field="multiplier",
    )


def check_draft(draft: BoostDraft, *, context: TenantContext, now: datetime) -> Boost:
    """The boost that would be planned at `now`, not stored. Raises InvalidBoostError, whose `field` names what is wrong."""
    name = "".join(char if char.isprintable() else " " for char in draft.name)
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidBoostError(
            f"A boost's name has 1 to {MAX_NAME} characters; this has {len(name)}.", field="name"
        )
    if type(draft.percent) is not int or not 110 <= draft.percent <= 1000:
        raise InvalidBoostError("The multiplier is from 1.1 to 10.", field="multiplier")
    starts_at = _ceiled(now) if draft.starts_at is None else draft.starts_at
    lasts = draft.lasts
    ends_at = draft.ends_at if draft.ends_at is not None else None if lasts is None else starts_at + lasts
    if ends_at is None:
        raise InvalidBoostError("Say when it ends.", field="ends_at")
    _check_times(starts_at, ends_at, draft, now, context)
    return Boost(
        name=name,
        percent=draft.percent,
        scope=check_scope(draft.scope),
        timezone=context.timezone,
        starts_at=starts_at,
        ends_at=ends_at,
        repeats_until=draft.repeats_until,
        announce=draft.announce,
        pauses=[],
    )


def hours_needed(boost: Boost, allowances: Sequence[Allowance]) -> list[HoursNeeded]:
    """What planning the boost, which may be unsaved, takes from each allowance. One query."""
    if not allowances:
        return []
    until = max(allowance.ends_at for allowance in allowances)
    own = [(span.start, span.end, boost.pk or _NEW) for span in windows_of(boost)]
    before, after = list_hours(until=until), list_hours(until=until, extra=own)
    needs = []
    for allowance in allowances:
        taken = _within(before, allowance)
        needs.append(HoursNeeded(allowance, taken, _within(after, allowance) - taken))
    return needs


@transaction.atomic
def plan_boost(
    *, context: TenantContext, draft: BoostDraft, actor: Actor, key: str, allowances: Sequence[Allowance]
) -> Boost:
    """Plan a boost, or start one at once. `allowances` say how many hours may be used when; what they do not cover is free.

    Locks the rules' writers and the ledger. Idempotent on `key`: asked again, it answers what was planned then. Publishes
    BoostStarted where it begins at once. Raises GateClosedError, InvalidBoostError, TooManyBoostsError, BoostHoursError.
    """
    with _writing() as (state, now):
        made = Boost.objects.filter(key=key[:100]).first()
        if made is not None:
            return made
        require_open("boosts", read_entitlements(tenant_id=context.tenant_id), now)
        boost = check_draft(draft, context=context, now=now)
        _refuse_too_many(now)
        _refuse_hours(hours_needed(boost, allowances))
        boost.key, boost.created_by, boost.created_at = key[:100], actor.name[:120], now
        boost.told_until = boost.starts_at - timedelta(milliseconds=1)
        boost.save()
        count_change(state)
        _record(actor, "boost.planned", boost, after=_describe(boost))
        _tell(boost, _ceiled(now))
        _wake(boost, context)
    return boost


@transaction.atomic
def stop_boost(*, context: TenantContext, boost_id: int, actor: Actor) -> Boost:
    """End a boost now, or call off one that is planned; what it gave stays. It may be taken back for UNDO (`resume_boost`).

    Locks the rules' writers and the ledger. Stopping twice changes nothing. Publishes BoostEnded where it was running. Raises
    BoostNotFoundError, BoostOverError.
    """
    with _writing() as (state, now):
        boost = _get(boost_id)
        if boost.stopped_at is not None:
            return boost
        if state_of(boost, now) == OVER:
            raise BoostOverError(f"“{boost.name}” is over already, so there is nothing to stop.")
        _end(boost, now, by=actor.name)
        count_change(state)
        _record(actor, "boost.stopped", boost)
    return boost


@transaction.atomic
def resume_boost(
    *, context: TenantContext, boost_id: int, actor: Actor, allowances: Sequence[Allowance]
) -> Boost:
    """Take a stop back: from now on it runs as it was planned. What happened in between stays as it was judged.

    Locks and idempotent as stop_boost. Publishes BoostStarted where it runs again. Raises BoostNotFoundError, BoostOverError after
    UNDO or after its end, GateClosedError, BoostHoursError.
    """
    with _writing() as (state, now):
        boost = _get(boost_id)
        if boost.stopped_at is None:
            return boost
        require_open("boosts", read_entitlements(tenant_id=context.tenant_id), now)
        stopped_at = boost.stopped_at
        if not can_resume(boost, now):
            raise BoostOverError(
                f"“{boost.name}” was stopped too long ago to go on, or its time is over. Plan it again."
            )
        boost.stopped_at = None
        _refuse_hours(hours_needed(boost, allowances))
        _go_on(boost, stopped_at, now)
        count_change(state)
        _record(actor, "boost.resumed", boost)
        _wake(boost, context)
    return boost


def can_resume(boost: Boost, now: datetime) -> bool:
    """Whether a stop can still be taken back: for UNDO, and while there is something left of it."""
    if boost.stopped_at is None or now - boost.stopped_at > UNDO:
        return False
    going_on = copy(boost)
    going_on.stopped_at = None
    return state_of(going_on, now) != OVER


@transaction.atomic
def tend_boosts(*, context: TenantContext) -> None:
    """Publish what began and ended since the last time. Idempotent: each beginning and end is published once. What is planned runs
    under every plan: the gate closes for new ones alone.

    Locks the rules' writers. Publishes BoostStarted, BoostEnded.
    """
    lock_rules()
    for boost in Boost.objects.filter(stopped_at=None):
        _tell(boost, clock.now())
        _wake(boost, context)


def _end(boost: Boost, now: datetime, *, by: str) -> None:
    boost.stopped_at = _ceiled(now)
    if boost.starts_at <= boost.stopped_at <= boost.told_until:
        # Later than its beginning, if by a millisecond, so that every beginning that was told has its end.
        boost.stopped_at = boost.told_until + timedelta(milliseconds=1)
    boost.stopped_by = by[:120]
    boost.save(update_fields=["stopped_at", "stopped_by"])
    _tell(boost, boost.stopped_at, stopped=True)


def _go_on(boost: Boost, stopped_at: datetime, now: datetime) -> None:
    boost.stopped_at, boost.stopped_by = None, ""
    boost.pauses = [*boost.pauses, [milliseconds(stopped_at), milliseconds(_ceiled(now))]]
    boost.save(update_fields=["stopped_at", "stopped_by", "pauses"])
    _tell(boost, _ceiled(now))


def _tell(boost: Boost, until: datetime, *, stopped: bool = False) -> bool:
    """Publish the beginnings and ends after `told_until`, up to `until`; answers whether there were any."""
    first, last = milliseconds(boost.told_until), milliseconds(until)
    planned = {span.start for span in occurrences(boost)}
    told = False
    for start, end in windows_of(boost):
        if first < start <= last:
            until_text, again = moment_of(end).isoformat(), start not in planned
            publish(BoostStarted(boost.pk, boost.name, boost.percent, until_text, boost.announce, again))
            told = True
        if first < end <= last:
            publish(BoostEnded(boost.pk, boost.name, boost.percent, stopped and end == last))
            told = True
    if told:
        boost.told_until = until
        boost.save(update_fields=["told_until"])
    return told


def _wake(boost: Boost, context: TenantContext) -> None:
    """Have the next beginning or end published when it comes; each one asks for the next, waiting once. A second later, so that
    clocks that differ a little do no harm."""
    told = milliseconds(boost.told_until)
    edge = min((edge for span in windows_of(boost) for edge in span if edge > told), default=None)
    if edge is None:
        return
    run_at = moment_of(edge) + timedelta(seconds=1)
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(TEND, context.schema, run_at=run_at, queueing_lock=f"tend boosts {edge}")])


@contextmanager
def _writing() -> Iterator[tuple[RulesState, datetime]]:
    """Both locks, and the moment at which they are held: who booked before had nothing that occurred later."""
    state = lock_rules()
    with connection.cursor() as cursor:
        cursor.execute(ledger_lock_sql(connection.schema_name))  # type: ignore[attr-defined]
    yield state, clock.now()


def _get(boost_id: int) -> Boost:
    boost = Boost.objects.filter(pk=min(boost_id, 2**31 - 1)).first()
    if boost is None:
        raise BoostNotFoundError
    return boost


def _check_times(
    starts_at: datetime, ends_at: datetime, draft: BoostDraft, now: datetime, context: TenantContext
) -> None:
    if starts_at < now:
        raise InvalidBoostError(
            "It can't begin in the past: points given then stay as they are.", field="starts_at"
        )
    if starts_at - now > FURTHEST:
        raise InvalidBoostError(
            "It begins more than a year from now. Choose an earlier day.", field="starts_at"
        )
    lasts = ends_at - starts_at
    if lasts < SHORTEST:
        raise InvalidBoostError(
            "It ends before it begins, or within five minutes. Choose a later end.", field="ends_at"
        )
    if lasts > LONGEST:
        raise InvalidBoostError("A boost lasts 31 days at most. Choose an earlier end.", field="ends_at")
    if draft.repeats_until is None:
        return
    if lasts > LONGEST_WEEKLY:
        raise InvalidBoostError("What repeats each week lasts a week at most.", field="repeats_until")
    day = clock.local_day(starts_at, context.timezone)
    if not day < draft.repeats_until <= day + FURTHEST:
        raise InvalidBoostError(
            "Repeat it until a day after its first, and a year at most.", field="repeats_until"
        )


def _refuse_too_many(now: datetime) -> None:
    live = [boost for boost in Boost.objects.filter(stopped_at=None) if state_of(boost, now) != OVER]
    if len(live) >= MAX_LIVE:
        raise TooManyBoostsError(
            f"{MAX_LIVE} boosts run or are planned, which is the most. Stop one that is no longer needed."
        )


def _refuse_hours(needs: Sequence[HoursNeeded]) -> None:
    for need in needs:
        hours = need.allowance.hours
        if hours is not None and need.needed > 0 and need.taken + need.needed > hours:
            raise BoostHoursError(
                needed=need.needed,
                left=max(hours - need.taken, 0),
                starts_at=need.allowance.starts_at,
                ends_at=need.allowance.ends_at,
            )


def _within(hours: Sequence[UsedHour], allowance: Allowance) -> int:
    first, last = milliseconds(allowance.starts_at), milliseconds(allowance.ends_at)
    return sum(first <= hour.start < last for hour in hours)


def _ceiled(moment: datetime) -> datetime:
    """The next whole millisecond, which is what activities are counted in."""
    return moment_of(milliseconds(moment + timedelta(microseconds=999)))


def _describe(boost: Boost) -> dict[str, Any]:
    return {
        "multiplier": boost.percent / 100,
        "starts_at": boost.starts_at.isoformat(),
        "ends_at": boost.ends_at.isoformat(),
        "repeats_until": None if boost.repeats_until is None else boost.repeats_until.isoformat(),
        "announce": boost.announce,
        **boost.scope,
    }


def _record(actor: Actor, action: str, boost: Boost, after: Mapping[str, Any] | None = None) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="boost",
        target_id=boost.pk,
        target_name=boost.name,
        after=after,
    )
