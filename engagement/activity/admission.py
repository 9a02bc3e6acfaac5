"""Who waited for room is let in: what they did is judged in the order of its arrival, as ingest would have judged it then.

Work goes by slices, each one transaction under the ledger lock: so ingest waits for one slice at the most, memory is bounded, and
a worker that is killed has judged each activity exactly once or not yet. Until the last of what a member did is judged they go
on waiting, and what they do meanwhile is held behind it, so that nothing overtakes; then they hold a rank like everybody else.
Nobody is congratulated on levels of old.

Whoever has begun is finished, whatever becomes of the plan meanwhile. Roles and presence are replayed with the activities, as they
were told then; caps, cooldowns and local days follow from them. The rules are those in force now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from engagement.ledger.arrays import int_array, text_array
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.members.events import MembersAdmitted
from engagement.members.models import Member
from engagement.progression.room import IS_WAITING, WAITING, read_room
from engagement.progression.rows import MemberRow
from engagement.progression.units import open_book, read_rows, write_rows
from engagement.standings.eligibility import holds_rank
from engagement.standings.models import StandingsState
from saas.events import publish
from tenants.context import TenantContext, enter_tenant
from tenants.selectors import read_entitlements

from .judging import Judge
from .memory import load_rules
from .messages import Activity
from .people import notice
from .takebacks import (
    TAKEBACK_TYPES,
    clearing_of,
    read_cleared,
    read_targets,
    takeback_id,
    targets_of,
)

SLICE: Final = 500  # activities
_PEOPLE: Final = 100  # members a slice, at most
_WAITING: Final = (
    "SELECT id, waiting_since IS NOT NULL, admission::text, departed_at IS NOT NULL FROM {s}.member "
    f"WHERE {WAITING} AND deleted_at IS NULL ORDER BY waiting_since NULLS FIRST, id LIMIT {_PEOPLE}"
)
_HELD: Final = (
    "SELECT w.id, h.activity_id, a.source_id, a.source, a.type, (extract(epoch FROM a.occurred_at) * 1000)::bigint, "
    "a.attributes::text FROM unnest(%s::bigint[]) WITH ORDINALITY AS w(id, place) CROSS JOIN LATERAL ("
    "SELECT activity_id FROM {s}.held_activity WHERE member_id = w.id ORDER BY activity_id LIMIT %s) h "
    "JOIN {s}.activity a ON a.id = h.activity_id ORDER BY w.place, h.activity_id LIMIT %s"
)
_JUDGED: Final = (
    "DELETE FROM {s}.held_activity h USING unnest(%s::bigint[], %s::bigint[]) AS u(member_id, activity_id) "
    "WHERE h.member_id = u.member_id AND h.activity_id = u.activity_id"
)
_LET_IN: Final = "UPDATE {s}.member SET waiting_since = NULL, admission = NULL WHERE id = ANY(%s::bigint[])"
_BEGUN: Final = "UPDATE {s}.member SET admission = %s::jsonb WHERE id = %s"
_KNOWN: Final = "SELECT source_id, id FROM {s}.activity WHERE source_id = ANY(%s::text[])"


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody to be let in. `state`: what was remembered when a former slice ended; None where none has begun."""

    member_id: int
    waits: bool
    state: dict[str, Any] | None
    departed: bool


@dataclass(frozen=True, slots=True)
class _Held:
    member_id: int
    activity_id: int
    activity: Activity


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a slice did: members let in, activities judged, whether there may be more to do."""

    members: int
    activities: int
    goes_on: bool


def admit_waiting(*, context: TenantContext) -> int:
    """Let in whoever there is room for, those who waited longest first; answers how many. Slice by slice, each a transaction under
    the ledger lock. Safe to repeat and to kill; two at once take turns.

    Publishes MembersAdmitted and StandingsChanged.
    """
    admitted = 0
    while True:
        done = admit_slice(context=context)
        admitted += done.members
        if not done.goes_on:
            return admitted


def admit_slice(*, context: TenantContext, at_most: int = SLICE) -> Admitted:
    """One slice of `admit_waiting`: at most so many activities."""
    # By the plan as it stands now: the change that made room may have thawed rules as well.
    fresh = replace(context, entitlements=read_entitlements(tenant_id=context.tenant_id))
    with enter_tenant(fresh), ledger_unit() as (run, schema):
        people = _choose(run, schema, fresh)
        if not people:
            return Admitted(0, 0, False)
        held = _read_held(run, schema, people, at_most + 1)
        cut = held[at_most].member_id if len(held) > at_most else None
        names = [one.member_id for one in people]
        let_in = people if cut is None else people[: names.index(cut)]
        slice_ = held[:at_most]
        _Slice(run, schema, fresh, people, let_in).judge(slice_)
        return Admitted(sum(one.waits for one in let_in), len(slice_), True)


def is_anybody_waiting() -> bool:
    """Whether anybody is to be let in, room or not. One query, by a small index."""
    return Member.objects.filter(IS_WAITING, deleted_at=None).exists()


def _choose(run: Run, schema: str, context: TenantContext) -> list[_Person]:
    """Whoever has begun, then as many as there is room for, in the order in which they came."""
    found = [
        _Person(row[0], row[1], None if row[2] is None else orjson.loads(row[2]), row[3])
        for row in run(in_schema(_WAITING, schema), ()).fetchall()
    ]
    if not found:
        return []
    free = read_room(run, schema, context).free
    chosen = []
    for person in found:
        if person.state is None and free <= 0:
            break
        chosen.append(person)
        # Who is away takes no place, but is not let in past a full house either: they may come back.
        free -= person.waits and not person.departed
    return chosen


def _read_held(run: Run, schema: str, people: Sequence[_Person], most: int) -> list[_Held]:
    ids = int_array(one.member_id for one in people)
    return [
        _Held(
            row[0], row[1], Activity(row[2], row[3], "", row[4], row[5], orjson.loads(row[6]))
        )  # the subject is known already
        for row in run(in_schema(_HELD, schema), (ids, most, most)).fetchall()
    ]


class _Slice:
    """One transaction's work; see admit_slice."""

    def __init__(
        self,
        run: Run,
        schema: str,
        context: TenantContext,
        people: Sequence[_Person],
        let_in: Sequence[_Person],
    ) -> None:
        self.run = run
        self.schema = schema
        self.context = context
        self.people = {one.member_id: one for one in people}
        self.let_in = [one.member_id for one in let_in]
        self.book = open_book(context)
        self.bench = Judge(self.book, load_rules())

    def judge(self, held: Sequence[_Held]) -> None:
        wanted = {*self.let_in, *(one.member_id for one in held)}
        rows = read_rows(self.run, self.schema, self.context, sorted(wanted))
        now = {member_id: (row.role_ids, row.departed) for member_id, row in rows.items()}
        for member_id, row in rows.items():
            self._go_back(self.people[member_id], row)
        self._read_targets(held)
        taken_back = self._read_taken_back(held)
        for one in held:
            row = rows[one.member_id]
            if one.activity.type in TAKEBACK_TYPES:
                self._take_back(one, row)
                continue
            notice(one.activity, row)
            if one.activity.source_id not in taken_back:
                removable = takeback_id(one.activity.source_id) is not None
                self.bench.award(row, one.activity, one.activity_id, removable=removable)
        self._finish(rows, now, held)

    def _go_back(self, person: _Person, row: MemberRow) -> None:
        """As the member was when the first of what is held was done. Who does not wait is as they are."""
        if person.waits:
            state = person.state or {}
            row.role_ids = frozenset(state.get("roles", ()))
            row.departed = bool(state.get("departed"))

    def _read_targets(self, held: Sequence[_Held]) -> None:
        takebacks = [one.activity for one in held if one.activity.type in TAKEBACK_TYPES]
        named = [name for activity in takebacks for name in targets_of(activity.attributes)]
        clearings = [c for a in takebacks if (c := clearing_of(a.type, a.attributes, a.occurred_ms))]
        if named:
            self.bench.targets |= read_targets(self.run, self.schema, named)
        if clearings:
            reversal_ms = self.bench.rules.reversal_ms
            self.bench.targets |= read_cleared(self.run, self.schema, clearings, reversal_ms=reversal_ms)

    def _read_taken_back(self, held: Sequence[_Held]) -> set[str]:
        """What was taken back before it came. Of members who were merged into one that did not wait: before it came to be judged;
        for others a later takeback is held too, behind its target."""
        asked: dict[str, list[_Held]] = {}
        for one in held:
            removal = takeback_id(one.activity.source_id)
            if removal is not None:
                asked.setdefault(removal, []).append(one)  # a reaction's giver and its author share one
        if not asked:
            return set()
        found = self.run(in_schema(_KNOWN, self.schema), (text_array(asked),)).fetchall()
        return {
            one.activity.source_id
            for removal, removal_id in found
            for one in asked[removal]
            if removal_id < one.activity_id or not self.people[one.member_id].waits
        }

    def _take_back(self, one: _Held, row: MemberRow) -> None:
        activity, targets = one.activity, self.bench.targets
        clearing = clearing_of(activity.type, activity.attributes, activity.occurred_ms)
        covered = [] if clearing is None else [name for name in targets if clearing.covers(name)]
        for name in [*targets_of(activity.attributes), *covered]:
            target = targets.get(name)
            # What came after it was never taken back by it, and others' is theirs.
            if (
                target is not None
                and target.member_id == row.member_id
                and target.activity_id < one.activity_id
            ):
                self.bench.take_back(row, target, activity.occurred_ms)

    def _finish(
        self, rows: dict[int, MemberRow], now: dict[int, tuple[frozenset[str], bool]], held: Sequence[_Held]
    ) -> None:
        excluded = frozenset(StandingsState.objects.values_list("excluded_roles", flat=True).get(pk=1))
        done = set(self.let_in)
        for member_id, row in rows.items():
            if member_id not in done:
                state = {"roles": sorted(row.role_ids), "departed": row.departed}
                self.run(in_schema(_BEGUN, self.schema), (orjson.dumps(state).decode(), member_id))
            row.role_ids, row.departed = now[member_id]
            if member_id in done:
                row.waiting = False
                self.book.rerank(row, holds_rank(row, excluded))
        if held:
            pairs = [(one.member_id, one.activity_id) for one in held]
            self.run(in_schema(_JUDGED, self.schema), tuple(map(int_array, zip(*pairs, strict=True))))
        if self.book.entries or self.book.reranked:
            write_rows(self.run, self.schema, self.book)
        if done:
            self.run(in_schema(_LET_IN, self.schema), (int_array(done),))
            publish(MembersAdmitted(sorted(done)))


__all__ = ["SLICE", "Admitted", "admit_slice", "admit_waiting", "is_anybody_waiting"]
