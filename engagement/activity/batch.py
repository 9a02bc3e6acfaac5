"""One tenant's share of a batch, in one transaction: activities → rules → entries, balances, levels, standings, news.

A handful of statements, whatever the number of activities: take the ledger lock, read the state, read the members that are not
remembered, write everything, commit. Sent one after another: psycopg's pipeline mode saved waiting and cost more Python than it
saved. Safe to repeat: an activity whose source_id is known changes nothing, so a batch that is read again after a crash books once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
import psycopg

from engagement.ledger.arrays import int_array, text_array
from engagement.ledger.locks import ledger_lock_sql
from engagement.ledger.statements import Result, in_schema
from engagement.members.events import MemberJoined, MemberLeft
from engagement.progression.book import Book
from engagement.progression.events import LevelLost, LevelReached
from engagement.progression.newcomers import create_members
from engagement.progression.room import count_room, hold_back
from engagement.progression.rows import BY_ID, BY_IDENTITY, MemberRow
from engagement.progression.writes import load_bounds, read_written, settle_past, write_book
from engagement.rules.ruleset import RuleSet
from engagement.standings.eligibility import holds_rank
from engagement.standings.periods import ALL_TIME
from engagement.standings.splitting import split_buckets
from saas.events import DomainEvent, append_events
from tenants.context import TenantContext

from .judging import Judge
from .memory import TenantMemory
from .messages import Activity
from .people import NO_NEWCOMER, newcomer_of, notice, unnamed_among, write_profiles
from .takebacks import (
    TAKEBACK_TYPES,
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
_HOLD: Final = (
    "INSERT INTO {s}.held_activity (member_id, activity_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])"
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
    """What a batch did. `held` of the stored wait for room; `oversized` are buckets to be cut afterwards."""

    stored: int = 0
    held: int = 0
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
        self.stored: list[StoredActivity] = []
        self.unborn: dict[str, str] = {}  # newcomers' subjects → what they become members by
        self.held: dict[tuple[int, int], None] = {}  # (member, activity), in order
        self.active: dict[int, MemberRow] = {}
        self.profiles: dict[int, MemberRow] = {}
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
                self._take_back(activity, activity_id)
            else:
                self._judge(activity, activity_id, known)
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
        # Not dict.fromkeys: a generator costs a call an activity.
        subjects = {a.subject: None for a in activities if a.type not in TAKEBACK_TYPES}
        remembered = self.memory.members
        if self.memory.zone != self.context.timezone:
            self.memory.zone = self.context.timezone
            remembered.clear()
        unknown = self._read_people([subject for subject in subjects if subject not in remembered])
        rules_version, curve_version, bounds_version, writes, season_length, excluded, known, ids = state
        self.excluded_roles = frozenset(excluded)
        if writes != self.memory.writes:
            # Somebody else held the lock since our last batch: what we remember of members may be old.
            unknown += self._read_people([subject for subject in subjects if subject in remembered])
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
        self.judge = Judge(self.book, rules)
        seen = set(known)
        if unknown:
            self._welcome(activities, frozenset(unknown), seen)
        return seen, ids, rules

    def _read_people(self, subjects: Sequence[str]) -> list[str]:
        """Rows of the members in hand; answers those who have none."""
        if not subjects:
            return []
        pairs = [subject.split(":", 1) for subject in subjects]
        found = self.run(
            in_schema(BY_IDENTITY, self.schema),
            (text_array(external for _p, external in pairs), text_array(provider for provider, _e in pairs)),
        )
        for columns in found.fetchall():
            self._keep(columns[0], columns[1:])
        return [subject for subject in subjects if subject not in self.rows]

    def _welcome(self, activities: Sequence[Activity], unknown: frozenset[str], seen: set[str]) -> None:
        """Whoever does something for the first time becomes a member by that; what was told of them before is of nobody."""
        firsts: dict[str, Activity] = {}
        met = set(seen)
        for activity in activities:
            if activity.source_id in met:
                continue
            met.add(activity.source_id)
            if activity.subject in unknown and activity.type not in NO_NEWCOMER:
                firsts.setdefault(activity.subject, activity)
        if not firsts:
            return
        create_members(self.run, self.schema, [newcomer_of(activity) for activity in firsts.values()])
        self._read_people(list(firsts))
        rows = [self.rows[subject] for subject in firsts]
        self._make_wait(rows)
        for row in rows:
            self.book.rerank(row, holds_rank(row, self.excluded_roles))
        self.events += unnamed_among(rows)
        self.unborn = {subject: activity.source_id for subject, activity in firsts.items()}

    def _make_wait(self, newcomers: list[MemberRow]) -> None:
        """Who is over the plan's limit waits for room. Nothing is asked where the plan has none."""
        people = [row for row in newcomers if not row.is_bot]
        room = count_room(self.run, self.schema, self.context, without=len(people))
        late = people[room.for_newcomers :]
        if late:
            hold_back(self.run, self.schema, [row.member_id for row in late])
            for row in late:
                row.waiting = True

    def _keep(self, subject: str, columns: Sequence[Any]) -> MemberRow:
        row = self.by_id.get(columns[0]) or MemberRow(columns, self.context.timezone, ALL_TIME)
        self.by_id[row.member_id] = row
        self.rows[subject] = row
        return row

    def _read_targets(self, activities: Sequence[Activity], rules: RuleSet) -> None:
        takebacks = [activity for activity in activities if activity.type in TAKEBACK_TYPES]
        wanted = [target for activity in takebacks for target in targets_of(activity.attributes)]
        clearings = [c for a in takebacks if (c := clearing_of(a.type, a.attributes, a.occurred_ms))]
        targets = self.judge.targets
        if wanted:
            targets |= read_targets(self.run, self.schema, wanted)
        if clearings:
            targets |= read_cleared(self.run, self.schema, clearings, reversal_ms=rules.reversal_ms)
        missing = {t.member_id for t in targets.values()} - self.by_id.keys()
        if missing:
            # Their subjects are not at hand, so a remembered copy of these rows would miss what happens to them now.
            self.memory.members.clear()
            for columns in self.run(in_schema(BY_ID, self.schema), (int_array(missing),)).fetchall():
                row = MemberRow(columns[1:], self.context.timezone, ALL_TIME)
                self.by_id[row.member_id] = row

    # --- judging ---

    def _judge(self, activity: Activity, activity_id: int, known: set[str]) -> None:
        row = self.rows.get(activity.subject)
        if row is None or row.deleted:
            # Who was deleted stays deleted and earns nothing until somebody restores them, whatever they do.
            self.outcome.ignored += 1
            return
        if self.unborn and activity.subject in self.unborn:
            if activity.source_id != self.unborn[activity.subject]:
                self.outcome.ignored += 1
                return
            del self.unborn[activity.subject]
        self._notice(activity, row)
        self._store(activity, activity_id, row.member_id)
        removal = takeback_id(activity.source_id)
        if row.waiting:
            self.held[row.member_id, activity_id] = None
            if removal is not None:
                self.judge.targets[activity.source_id] = Target(
                    activity_id, row.member_id, activity.occurred_ms, []
                )
        elif removal is None or removal not in known:
            self.judge.award(row, activity, activity_id, removable=removal is not None)

    def _take_back(self, activity: Activity, activity_id: int) -> None:
        """Reverse what the target earned, if it is not too old. A target still to come is remembered by our own row; one that is
        held is taken back when it is judged."""
        member_id = 0
        targets = self.judge.targets
        clearing = clearing_of(activity.type, activity.attributes, activity.occurred_ms)
        covered = [] if clearing is None else [name for name in targets if clearing.covers(name)]
        for source_id in [*targets_of(activity.attributes), *covered]:
            target = targets.get(source_id)
            if target is None:
                continue
            row = self.by_id[target.member_id]
            member_id = member_id or target.member_id
            if row.waiting:
                self.held[row.member_id, activity_id] = None
            else:
                self.judge.take_back(row, target, activity.occurred_ms)
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
        if self.held:
            self.run(in_schema(_HOLD, self.schema), tuple(map(int_array, zip(*self.held, strict=True))))
        self.cursor.execute("COMMIT", prepare=False)
        bounds.new.clear()
        self.memory.writes += 1
        self.memory.members.update(self.rows)
        self.outcome.stored, self.outcome.held = len(self.stored), len(self.held)
        self.outcome.entries = len(book.entries)

    def _tell(self) -> None:
        for row in self.book.changed.values():
            if row.level > row.level_before:
                channel = self.judge.channels.get(row.member_id, "")
                self.events.append(
                    LevelReached(row.member_id, row.level, row.level_before, row.lifetime, channel)
                )
            elif row.level < row.level_before:
                self.events.append(LevelLost(row.member_id, row.level, row.level_before, row.lifetime))
        if self.events:
            append_events(self.cursor, self.events, schema=self.schema)
