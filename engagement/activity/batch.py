"""One tenant's share of a batch, in one transaction: activities → rules → entries, balances, levels, standings, news.

A handful of statements, whatever the number of activities: take the ledger lock, read the state, read the members that are not
remembered, write everything, commit. Sent one after another: psycopg's pipeline mode saved waiting and cost more Python than it
saved. Safe to repeat: an activity whose source_id is known changes nothing, so a batch that is read again after a crash books once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

import orjson
import psycopg

from engagement.ledger.arrays import int_array, text_array
from engagement.ledger.locks import ledger_lock_sql
from engagement.ledger.models import Cause, Counter
from engagement.ledger.statements import Result, in_schema
from engagement.members.events import MemberJoined, MemberLeft
from engagement.progression.book import Book, Entry
from engagement.progression.events import LevelLost, LevelReached
from engagement.progression.newcomers import create_members
from engagement.progression.rows import BY_ID, BY_IDENTITY, MemberRow
from engagement.progression.writes import load_bounds, read_written, settle_past, write_book
from engagement.rules.evaluation import MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleSet
from engagement.standings.eligibility import holds_rank
from engagement.standings.periods import ALL_TIME
from engagement.standings.splitting import split_buckets
from saas.events import DomainEvent, append_events
from tenants.context import TenantContext

from .memory import TenantMemory
from .messages import Activity
from .people import NO_NEWCOMER, newcomer_of, notice, unnamed_among, write_profiles
from .takebacks import (
    TAKEBACK_TYPES,
    Award,
    Target,
    clearing_of,
    read_cleared,
    read_targets,
    takeback_id,
    targets_of,
)

_STATE: Final = (
    "SELECT coalesce((SELECT version FROM {s}.rules_state WHERE id = 1), 0), "
    "coalesce((SELECT version FROM {s}.level_settings WHERE id = 1), 0), s.version, s.writes, s.season_length, s.excluded_roles, "
    "ARRAY(SELECT source_id FROM {s}.activity WHERE source_id = ANY(%s::text[])), "
    "ARRAY(SELECT nextval('{s}.activity_id_seq') FROM generate_series(1, %s::int)) "
    "FROM {s}.standings_state s WHERE s.id = 1"
)
# Kept on the member, not on the activity.
_NOT_STORED: Final = frozenset({"name", "avatar", "joined"})


class StoredActivity(NamedTuple):
    """A row of `activity`."""

    id: int
    source_id: str
    source: str
    member_id: int
    type: str
    occurred_ms: int
    attributes: str


@dataclass(slots=True)
class Outcome:
    """What a batch did. `oversized` are buckets to be cut afterwards."""

    stored: int = 0
    repeated: int = 0
    ignored: int = 0
    entries: int = 0
    last_event_id: int | None = None
    oversized: list[tuple[str, int, int, int]] = field(default_factory=list)


def ingest_batch(
    connection: psycopg.Connection[Any],
    context: TenantContext,
    memory: TenantMemory,
    activities: Sequence[Activity],
) -> Outcome:
    """Book one tenant's activities, in the order given, in one transaction on `connection` (autocommit).

    Takes the ledger lock. Idempotent on source_id. Publishes LevelReached, LevelLost, MemberJoined, MemberLeft, and one
    StandingsChanged. Raises what psycopg raises; then nothing is booked, and `memory` must be forgotten.
    """
    try:
        with connection.cursor() as cursor:
            outcome = _Unit(cursor, context, memory).process(activities)
    except BaseException:
        connection.rollback()
        raise
    if outcome.oversized:
        _split(connection, context, outcome.oversized)
    return outcome


def _split(
    connection: psycopg.Connection[Any], context: TenantContext, buckets: list[tuple[str, int, int, int]]
) -> None:
    with connection.transaction():
        connection.execute(ledger_lock_sql(context.schema))
        split_buckets(connection.execute, context.schema, buckets)


class _Unit:
    """The work of one transaction; see ingest_batch."""

    def __init__(self, cursor: psycopg.Cursor[Any], context: TenantContext, memory: TenantMemory) -> None:
        self.cursor = cursor
        self.context = context
        self.schema = context.schema
        self.memory = memory
        self.rows: dict[str, MemberRow] = {}
        self.by_id: dict[int, MemberRow] = {}
        self.targets: dict[str, Target] = {}
        self.stored: list[StoredActivity] = []
        self.active: dict[int, MemberRow] = {}
        self.profiles: dict[int, MemberRow] = {}
        self.channels: dict[int, str] = {}
        self.events: list[DomainEvent] = []
        self.outcome = Outcome()
        self.excluded_roles: frozenset[str] = frozenset()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Result:
        return self.cursor.execute(sql, parameters)

    def process(self, activities: Sequence[Activity]) -> Outcome:
        # Two statements in one message: without parameters they need not be prepared.
        self.cursor.execute(f"BEGIN; {ledger_lock_sql(self.schema)}", prepare=False)
        known, ids, rules = self._read(activities)
        self._read_targets(activities, rules)
        for activity, activity_id in zip(activities, ids, strict=True):
            if activity.source_id in known:
                self.outcome.repeated += 1
                continue
            known.add(activity.source_id)
            if activity.type in TAKEBACK_TYPES:
                self._take_back(activity, activity_id, rules)
            else:
                self._judge(activity, activity_id, rules, known)
        self._write()
        return self.outcome

    # --- reading ---

    def _read(self, activities: Sequence[Activity]) -> tuple[set[str], list[int], RuleSet]:
        wanted = [activity.source_id for activity in activities]
        for activity in activities:
            removal = takeback_id(activity.source_id)
            if removal is not None:
                wanted.append(removal)
        state = self.run(in_schema(_STATE, self.schema), (text_array(wanted), len(activities))).fetchall()[0]
        subjects = {a.subject: a for a in activities if a.type not in TAKEBACK_TYPES}
        remembered = self.memory.members
        if self.memory.zone != self.context.timezone:
            self.memory.zone = self.context.timezone
            remembered.clear()
        newcomers = self._read_people({s: a for s, a in subjects.items() if s not in remembered})
        rules_version, curve_version, bounds_version, writes, season_length, excluded, known, ids = state
        self.excluded_roles = frozenset(excluded)
        if writes != self.memory.writes:
            # Somebody else held the lock since our last batch: what we remember of members may be old.
            newcomers += self._read_people({s: a for s, a in subjects.items() if s in remembered})
            remembered.clear()
        else:
            for subject in subjects:
                row = remembered.get(subject)
                if row is not None:
                    row.begin()
                    self.rows[subject] = self.by_id[row.member_id] = row
        self.memory.writes = writes
        rules, curve = self.memory.refresh(
            self.context, rules=rules_version, curve=curve_version, standings=bounds_version
        )
        self.book = Book(
            zone=self.context.timezone,
            first_weekday=self.context.first_weekday,
            season_length=season_length,
            level_for=curve.level_for,
        )
        seen = set(known)
        self._welcome([a for a in newcomers if a.source_id not in seen])
        return seen, ids, rules

    def _read_people(self, subjects: dict[str, Activity]) -> list[Activity]:
        """Rows of the members in hand; answers the activities of those who have none."""
        pairs = [subject.split(":", 1) for subject in subjects]
        if not subjects:
            return []
        found = self.run(
            in_schema(BY_IDENTITY, self.schema),
            (text_array(external for _p, external in pairs), text_array(provider for provider, _e in pairs)),
        )
        for columns in found.fetchall():
            self._keep(columns[0], columns[1:])
        return [
            activity
            for subject, activity in subjects.items()
            if subject not in self.rows and activity.type not in NO_NEWCOMER
        ]

    def _welcome(self, firsts: list[Activity]) -> None:
        if not firsts:
            return
        newcomers = {activity.subject: newcomer_of(activity) for activity in firsts}
        create_members(self.run, self.schema, list(newcomers.values()))
        self._read_people({activity.subject: activity for activity in firsts})
        for subject in newcomers:
            row = self.rows[subject]
            self.book.rerank(row, holds_rank(row, self.excluded_roles))
        self.events += unnamed_among([self.rows[subject] for subject in newcomers])

    def _keep(self, subject: str, columns: Sequence[Any]) -> MemberRow:
        row = self.by_id.get(columns[0]) or MemberRow(columns, self.context.timezone, ALL_TIME)
        self.by_id[row.member_id] = row
        self.rows[subject] = row
        return row

    def _read_targets(self, activities: Sequence[Activity], rules: RuleSet) -> None:
        takebacks = [activity for activity in activities if activity.type in TAKEBACK_TYPES]
        wanted = [target for activity in takebacks for target in targets_of(activity.attributes)]
        clearings = [c for a in takebacks if (c := clearing_of(a.type, a.attributes, a.occurred_ms))]
        if wanted:
            self.targets = read_targets(self.run, self.schema, wanted)
        if clearings:
            self.targets |= read_cleared(self.run, self.schema, clearings, reversal_ms=rules.reversal_ms)
        missing = {t.member_id for t in self.targets.values()} - self.by_id.keys()
        if missing:
            # Their subjects are not at hand, so a remembered copy of these rows would miss what happens to them now.
            self.memory.members.clear()
            for columns in self.run(in_schema(BY_ID, self.schema), (int_array(missing),)).fetchall():
                row = MemberRow(columns[1:], self.context.timezone, ALL_TIME)
                self.by_id[row.member_id] = row

    # --- judging ---

    def _judge(self, activity: Activity, activity_id: int, rules: RuleSet, known: set[str]) -> None:
        row = self.rows.get(activity.subject)
        if row is None or row.deleted:
            # Who was deleted stays deleted and earns nothing until somebody restores them, whatever they do.
            self.outcome.ignored += 1
            return
        self._notice(activity, row)
        self._store(activity, activity_id, row.member_id)
        removal = takeback_id(activity.source_id)
        if removal is not None and removal in known:
            return
        effects = evaluate(activity, cast("MemberState", row), rules)
        awards = []
        for effect in effects:
            is_daily = effect.cause_id is not None
            self.book.post(
                row,
                Entry(
                    row.member_id,
                    effect.amount,
                    Counter.ISSUER.value,
                    Cause.DAILY.value if is_daily else Cause.ACTIVITY.value,
                    effect.cause_id if effect.cause_id is not None else activity_id,
                    effect.rule_id,
                    effect.version_id,
                    effect.base_amount,
                    effect.multiplier_percent,
                    effect.capped,
                    activity.occurred_ms,
                    effect.boost_id,
                    effect.boost_percent,
                ),
            )
            if not is_daily:
                awards.append(Award(effect.rule_id, effect.version_id, effect.amount))
        if effects:
            apply_usage(cast("MemberState", row), activity, effects)
            self.channels[row.member_id] = str(activity.attributes.get("channel") or "")
        if removal is not None:
            self.targets[activity.source_id] = Target(
                activity_id, row.member_id, activity.occurred_ms, awards
            )

    def _take_back(self, activity: Activity, activity_id: int, rules: RuleSet) -> None:
        """Reverse what the target earned, if it is not too old. A target still to come is remembered by our own row."""
        member_id = 0
        clearing = clearing_of(activity.type, activity.attributes, activity.occurred_ms)
        covered = [] if clearing is None else [name for name in self.targets if clearing.covers(name)]
        for source_id in [*targets_of(activity.attributes), *covered]:
            target = self.targets.get(source_id)
            if target is None:
                continue
            row = self.by_id[target.member_id]
            member_id = member_id or target.member_id
            if activity.occurred_ms - target.occurred_ms <= rules.reversal_ms:
                for award in target.awards:
                    self.book.post(row, _reversal(target, award))
            target.awards.clear()
        self._store(activity, activity_id, member_id)

    def _store(self, activity: Activity, activity_id: int, member_id: int) -> None:
        kept = {name: value for name, value in activity.attributes.items() if name not in _NOT_STORED}
        self.stored.append(
            StoredActivity(
                activity_id,
                activity.source_id,
                activity.source,
                member_id,
                activity.type,
                activity.occurred_ms,
                orjson.dumps(kept).decode(),
            )
        )

    def _notice(self, activity: Activity, row: MemberRow) -> None:
        """Name, avatar, roles and presence as the activity tells them; the newest activity of a batch wins."""
        was_here = not row.departed
        if notice(activity, row):
            self.profiles[row.member_id] = row
            self.book.rerank(row, holds_rank(row, self.excluded_roles))
        if was_here and row.departed:
            self.events.append(MemberLeft(row.member_id, row.display_name))
        if activity.type == "joined":
            self.events.append(MemberJoined(row.member_id, row.display_name))
        if activity.type not in NO_NEWCOMER:
            row.last_active_ms = max(row.last_active_ms or 0, activity.occurred_ms)
            self.active[row.member_id] = row

    # --- writing ---

    def _write(self) -> None:
        book, bounds = self.book, self.memory.bounds
        if not self.stored:
            self.cursor.execute("COMMIT", prepare=False)
            return
        book.finish()
        settle_past(self.run, self.schema, book)
        load_bounds(self.run, self.schema, bounds, book.moves.periods())
        if self.profiles:
            write_profiles(self.run, self.schema, self.profiles)
        self._tell()
        written = write_book(self.run, self.schema, book, bounds, self.stored, self.active.values())
        self.outcome.oversized, self.outcome.last_event_id = read_written(written)
        self.cursor.execute("COMMIT", prepare=False)
        bounds.new.clear()
        self.memory.writes += 1
        self.memory.members.update(self.rows)
        self.outcome.stored = len(self.stored)
        self.outcome.entries = len(book.entries)

    def _tell(self) -> None:
        for row in self.book.changed.values():
            if row.level > row.level_before:
                channel = self.channels.get(row.member_id, "")
                self.events.append(
                    LevelReached(row.member_id, row.level, row.level_before, row.lifetime, channel)
                )
            elif row.level < row.level_before:
                self.events.append(LevelLost(row.member_id, row.level, row.level_before, row.lifetime))
        if self.events:
            append_events(self.cursor, self.events, schema=self.schema)


def _reversal(target: Target, award: Award) -> Entry:
    """Carries the award's own moment, so that it leaves the period in which the points were earned."""
    return Entry(
        target.member_id,
        -award.amount,
        Counter.REVERSAL.value,
        Cause.REVERSAL.value,
        target.activity_id,
        award.rule_id,
        award.version_id,
        -award.amount,
        100,
        False,
        target.occurred_ms,
    )
