"""The community's own figures, and which of them breaks ties on its boards.

Invariant: every standing's tie_value is minus the member's value of the chosen figure, 0 where they have none or none is
chosen; the ledger lock is held by whoever changes either side. Ranks come from scores and moments, and the histogram from
those alone, so that neither changes here: only the order of equals does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.arrays import int_array
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.members.errors import (
    FigureInUseError,
    FigureNotFoundError,
    InvalidFigureError,
    MemberNotFoundError,
)
from engagement.members.models import MemberFigure
from engagement.members.selectors import list_figures
from engagement.standings.models import StandingsState
from saas.core import clock
from saas.events import publish

from .events import StandingsChanged

MAX_NAME: Final = 60
MAX_VALUE: Final = 10**15  # either side of 0
MAX_MEMBERS: Final = 100_000  # a call: one transaction, which earning waits for
_AT_ONCE: Final = 2_000
_NAMED: Final = 50
_UNKNOWN: Final = """
SELECT u.id FROM unnest(%s::bigint[]) AS u(id) LEFT JOIN {s}.member m ON m.id = u.id WHERE m.id IS NULL ORDER BY u.id LIMIT 5"""
_RECORD: Final = """
INSERT INTO {s}.member_figure AS f (member_id, name, value, changed_at)
SELECT u.member_id, %s, u.value, %s FROM unnest(%s::bigint[], %s::bigint[]) AS u(member_id, value)
ON CONFLICT (member_id, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at
WHERE f.value <> excluded.value
RETURNING member_id"""
_FOLLOW: Final = """
UPDATE {s}.standing s SET tie_value = wanted.tie
FROM (
  SELECT u.id, -coalesce(f.value, 0) AS tie FROM unnest(%s::bigint[]) AS u(id)
  JOIN {s}.standings_state state ON state.id = 1
  LEFT JOIN {s}.member_figure f ON f.member_id = u.id AND f.name = state.tie_figure
) AS wanted
WHERE s.member_id = wanted.id AND s.tie_value <> wanted.tie
RETURNING s.member_id"""
_NEXT: Final = "SELECT member_id FROM {s}.standing WHERE member_id > %s ORDER BY member_id LIMIT %s"


def record_figures(*, name: str, values: Mapping[int, int], actor: Actor) -> int:
    """Store a figure's value of these members, by member id, in whole units; all of them or none.

    One transaction under the ledger lock, in which the tie-breaks follow if ties are broken by this figure. Idempotent: what
    is known already changes nothing. Answers how many values were new or changed. Publishes StandingsChanged when a
    tie-break did. Raises InvalidFigureError, MemberNotFoundError.
    """
    name = _checked_name(name)
    _check_values(values)
    with ledger_unit() as (run, schema):
        member_ids = int_array(values)
        unknown = [row[0] for row in run(in_schema(_UNKNOWN, schema), (member_ids,)).fetchall()]
        if unknown:
            raise MemberNotFoundError(
                f"There is no member {', '.join(map(str, unknown))} in this community. Nothing was recorded."
            )
        changed = run(
            in_schema(_RECORD, schema), (name, clock.now(), member_ids, int_array(values.values()))
        ).fetchall()
        follow_ties(run, schema, [row[0] for row in changed])
        if changed:
            note = f"{len(changed)} values were new or changed."
            _record(actor, "figure.recorded", name, note)
    return len(changed)


def choose_tie_figure(*, name: str, actor: Actor) -> int:
    """Break ties by this figure from now on, more of it first; by none when the name is empty. Answers how many members'
    tie-breaks changed.

    The choice is in force for new values at once; the members here follow in transactions of 2,000, each under the ledger
    lock, so that earning is never held up for long. Meanwhile equals may stand in the former order. Idempotent: a repeat
    finishes what a crash left. Publishes StandingsChanged. Raises InvalidFigureError, FigureNotFoundError.
    """
    name = _checked_name(name) if name else ""
    with ledger_unit():
        if name and not MemberFigure.objects.filter(name=name).exists():
            raise FigureNotFoundError(_unknown_figure(name))
        if StandingsState.objects.filter(pk=1).exclude(tie_figure=name).update(tie_figure=name):
            publish(StandingsChanged([], 0))
            _record(actor, "figure.chosen", name, "" if name else "By none: the join date alone.")
    changed = last = 0
    while True:
        # By the choice as stored, which somebody else may have changed meanwhile: then both end at theirs.
        with ledger_unit() as (run, schema):
            some = [row[0] for row in run(in_schema(_NEXT, schema), (last, _AT_ONCE)).fetchall()]
            changed += follow_ties(run, schema, some)
        if len(some) < _AT_ONCE:
            return changed
        last = some[-1]


def forget_figure(*, name: str, actor: Actor) -> int:
    """Delete a figure with all its values, such as one whose name was misspelled. Answers how many members had it.

    Not the one that breaks ties. Under the ledger lock. Raises InvalidFigureError, FigureNotFoundError, FigureInUseError.
    """
    name = _checked_name(name)
    with ledger_unit():
        if StandingsState.objects.filter(pk=1, tie_figure=name).exists():
            raise FigureInUseError(
                f"“{name}” breaks ties at the moment. Choose another figure or none first."
            )
        deleted, _by_model = MemberFigure.objects.filter(name=name).delete()
        if not deleted:
            raise FigureNotFoundError(_unknown_figure(name))
        _record(actor, "figure.forgotten", name, f"{deleted} members had it.")
    return deleted


def follow_ties(run: Run, schema: str, member_ids: Sequence[int]) -> int:
    """Bring the members' tie-breaks in line with the chosen figure."""
    if not member_ids:
        return 0
    moved = [row[0] for row in run(in_schema(_FOLLOW, schema), (int_array(member_ids),)).fetchall()]
    if moved:
        publish(StandingsChanged(sorted(moved)[:_NAMED], 0))
    return len(moved)


def _record(actor: Actor, action: str, name: str, note: str) -> None:
    record_audit(
        actor=actor, action=action, target_kind="figure", target_id=name, target_name=name, note=note
    )


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidFigureError(
            f"A figure's name has 1 to {MAX_NAME} printable characters, such as “badges”.", field="name"
        )
    return name


def _check_values(values: Mapping[int, int]) -> None:
    if not 1 <= len(values) <= MAX_MEMBERS:
        raise InvalidFigureError(
            f"Record the figure of 1 to {MAX_MEMBERS:,} members at a time; {len(values):,} were given.",
            field="values",
        )
    for member_id, value in values.items():
        if type(value) is not int or abs(value) > MAX_VALUE:
            raise InvalidFigureError(
                f"Member {member_id}: {value!r:.30} is no whole number from -{MAX_VALUE:,} to {MAX_VALUE:,}.",
                field="values",
            )


def _unknown_figure(name: str) -> str:
    known = ", ".join(f"“{figure.name}”" for figure in list_figures()[:10])
    return f"Nobody has a figure named “{name}”. " + (
        f"There are {known}." if known else "Record values first."
    )
