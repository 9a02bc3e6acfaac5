"""Booking an import, cancelling that, and undoing it: claimed by a service, done by a job in steps.

Invariants: a claim and a step are one transaction each, and hold the ledger lock; how far the run came is stored with the step.
So a step happens wholly or not at all, a worker that is killed goes on where it was, two workers at one run take turns, and
somebody who cancels is heard before the next step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.ledger.arrays import bool_array, int_array, text_array
from engagement.ledger.models import Cause
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.levels.curves import DEFAULT_PARAMETERS, QUADRATIC, build_curve
from engagement.levels.models import LevelSettings
from engagement.levels.selectors import load_curve
from engagement.members.models import Member
from engagement.progression.bulk import (
    Booked,
    Brought,
    Existing,
    bring_points,
    remove_untouched,
    take_back_points,
)
from engagement.progression.events import StandingsChanged
from engagement.progression.levelling import change_curve
from engagement.progression.room import is_limited, require_member_room
from saas.core import clock
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext

from .errors import ImportOrderError, ImportStateError
from .events import ImportFinished
from .models import ImportRow, ImportRun
from .points import points_of
from .selectors import get_import
from .storage import forget_file
from .words import (
    APPLIED,
    APPLYING,
    BOOKED,
    CANCELLED,
    CANCELLING,
    EMPTY,
    FAILED,
    KEEP_CURVE,
    MAPPING,
    READING,
    READY,
    UNDOING,
    UNDONE,
)

WORK_JOB: Final = "engagement.imports.work_on_import"  # by name: the jobs import this module
STEP: Final = 2_000  # members a transaction; earning waits that long
PROVIDER: Final = "discord"
_EARLIER: Final = f"""
SELECT i.external_id, sum(e.amount)::bigint FROM unnest(%s::text[]) AS wanted(external_id)
JOIN {{s}}.identity i ON i.provider = '{PROVIDER}' AND i.external_id = wanted.external_id
JOIN {{s}}.ledger_entry e ON e.member_id = i.member_id AND e.cause_id = ANY(%s::bigint[])
  AND e.cause_kind IN ({int(Cause.IMPORT)}, {int(Cause.IMPORT_UNDO)})
GROUP BY i.external_id"""
_NEWCOMERS: Final = (
    "SELECT count(*) FROM {s}.import_row r LEFT JOIN {s}.identity i "
    f"ON i.provider = '{PROVIDER}' AND i.external_id = r.external_id "
    "WHERE r.run_id = %s AND r.error = '' AND i.id IS NULL"
)
_NOTE: Final = """
UPDATE {s}.import_row r SET member_id = u.member_id, created = u.created, amount = u.amount,
  points_before = u.points_before, level_before = u.level_before, level_after = u.level_after
FROM unnest(%s::text[], %s::bigint[], %s::boolean[], %s::bigint[], %s::bigint[], %s::int[], %s::int[])
  AS u(external_id, member_id, created, amount, points_before, level_before, level_after)
WHERE r.run_id = %s AND r.external_id = u.external_id AND r.error = ''"""


def apply_import(*, import_id: int, actor: Actor, context: TenantContext) -> ImportRun:
    """Have the run booked by a job, as its options say. Claims the run; applying it once more, at once or later, changes nothing.

    Publishes ImportFinished and StandingsChanged when it is done. Raises ImportNotFoundError, ImportStateError, and LimitReachedError
    where the plan has no room for all the people whom it would make members. Whoever finds none because others came meanwhile is
    passed over.
    """
    with ledger_unit() as (run_sql, schema):
        run = get_import(import_id=import_id)
        if run.state in {APPLYING, APPLIED}:
            return run
        if run.state != READY:
            raise ImportStateError(
                f"This import cannot be applied: its state is “{run.state_name}”. Begin another one."
            )
        busy = ImportRun.objects.filter(state__in=(APPLYING, CANCELLING, UNDOING)).first()
        if busy is not None:
            raise ImportStateError(
                f"Import {busy.pk} from {busy.source_name} is at work. Wait until it is done."
            )
        _require_room(run_sql, schema, run, context)
        run.state, run.applied_at, run.done, run.position = APPLYING, clock.now(), 0, 0
        run.save(update_fields=["state", "applied_at", "done", "position"])
        forget_file(import_id=import_id)
        _record(actor, "import.applied", run, {"keep": run.keep, "existing": run.existing, "rows": run.rows})
        _defer_work(import_id, context)
    return run


def _require_room(run_sql: Run, schema: str, run: ImportRun, context: TenantContext) -> None:
    """Where members are counted, for everybody whom the run would make one."""
    if not is_limited(context):
        return
    newcomers = run_sql(in_schema(_NEWCOMERS, schema), (run.pk,)).fetchall()[0][0]
    if newcomers:
        require_member_room(run_sql, schema, context, more=newcomers)


def cancel_import(*, import_id: int, actor: Actor, context: TenantContext) -> ImportRun:
    """Give the run up. Before it is applied, it only ends; while it is being applied, the job takes back what was booked already,
    exactly. Idempotent. Raises ImportNotFoundError, ImportStateError for one that was applied, which is undone instead."""
    with ledger_unit():
        run = get_import(import_id=import_id)
        if run.state in {CANCELLING, CANCELLED}:
            return run
        if run.state == APPLYING:
            run.state, run.done, run.position = CANCELLING, 0, 0
            _defer_work(import_id, context)
        elif run.state in {EMPTY, MAPPING, READING, READY, FAILED}:
            run.state, run.finished_at, run.secret = CANCELLED, clock.now(), ""
            forget_file(import_id=import_id)
        else:
            raise ImportStateError(
                f"This import can no longer be cancelled: its state is “{run.state_name}”. Undo it instead."
            )
        run.save(update_fields=["state", "done", "position", "finished_at", "secret"])
        _record(actor, "import.cancelled", run)
    return run


def undo_import(*, import_id: int, actor: Actor, context: TenantContext) -> ImportRun:
    """Have a job take back what the run booked. What members earned since stays; members whom it made go if nobody touched them
    since; what was merged into another member since stays there; a curve that it brought gives way to the one before, unless it was
    changed since. Idempotent.

    Imports are undone newest first, because a newer one booked the difference to what this one had left. Raises
    ImportNotFoundError, ImportStateError, ImportOrderError.
    """
    with ledger_unit():
        run = get_import(import_id=import_id)
        if run.state in {UNDOING, UNDONE}:
            return run
        if run.state != APPLIED:
            raise ImportStateError(
                f"This import cannot be undone: its state is “{run.state_name}”. Only what was applied can be."
            )
        newer = ImportRun.objects.filter(state__in=BOOKED, applied_at__gt=run.applied_at)
        first = newer.order_by("-applied_at").first()
        if first is not None:
            raise ImportOrderError(
                f"Import {first.pk} from {first.source_name} was applied later and builds on this one. Undo that one first."
            )
        run.state, run.done, run.position = UNDOING, 0, 0
        run.save(update_fields=["state", "done", "position"])
        _record(actor, "import.undone", run)
        _defer_work(import_id, context)
    return run


def _record(actor: Actor, action: str, run: ImportRun, after: Mapping[str, Any] | None = None) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="import",
        target_id=run.pk,
        target_name=f"{run.source_name} ({run.file_name})" if run.file_name else run.source_name,
        after=after,
    )


def _defer_work(import_id: int, context: TenantContext) -> None:
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(WORK_JOB, context.schema, {"import_id": import_id})])


def work_on_import(*, import_id: int, context: TenantContext) -> None:
    """Book or take back step by step, until nothing is left to do. For the job; may be killed and repeated at any moment."""
    while work_one_step(import_id=import_id, context=context):
        pass


def work_one_step(*, import_id: int, context: TenantContext) -> bool:
    """One transaction's work; False when the run is at its end."""
    with ledger_unit() as (run_sql, schema):
        run = ImportRun.objects.filter(pk=import_id).first()
        if run is None:
            return False
        if run.state == APPLYING:
            _apply_step(run_sql, schema, run, context)
        elif run.state in {CANCELLING, UNDOING}:
            _take_back_step(run_sql, schema, run, context)
        else:
            return False
    return True


def _apply_step(run_sql: Run, schema: str, run: ImportRun, context: TenantContext) -> None:
    if run.keep == KEEP_CURVE and run.curve_before is None:
        _take_curve_over(run)
        return
    rows = list(ImportRow.objects.filter(run=run, error="", id__gt=run.position).order_by("id")[:STEP])
    if not rows:
        _finish(run, APPLIED, int(run.results.get("changed", 0)))
        return
    booked = bring_points(
        run_sql,
        schema,
        provider=PROVIDER,
        brought=_worth(run, rows),
        existing=run.existing,
        earlier=_earlier(run_sql, schema, run, rows),
        import_id=run.pk,
        context=context,
    )
    if run.curve_before is not None:  # levels were others before this import, not only points
        before = build_curve(run.curve_before["kind"], run.curve_before["parameters"])
        booked = [one._replace(level_before=before.level_for(one.points_before)) for one in booked]
    _note(run_sql, schema, run, booked)
    _count(
        run,
        created=sum(one.created for one in booked),
        changed=sum(one.amount != 0 for one in booked),
        points=sum(one.amount for one in booked),
        raised=sum(one.level_after > one.level_before for one in booked if not one.created),
        lowered=sum(one.level_after < one.level_before for one in booked),
        passed_over=len(rows) - len(booked),
    )
    _move_on(run, rows)


def _worth(run: ImportRun, rows: Sequence[ImportRow]) -> list[Brought]:
    """Rows that tell what is to be kept, in points. Among equals the old bot's order holds: the first is a millisecond earlier."""
    curve = load_curve()
    assert run.applied_at is not None
    begun = int(run.applied_at.timestamp() * 1000) - run.rows + run.done
    found = []
    for place, row in enumerate(rows):
        points = points_of(run.keep, curve, xp=row.old_xp, level=row.old_level)
        if points is not None:
            found.append(Brought(row.external_id, row.name, row.avatar_url, points, begun + place))
    return found


def _earlier(run_sql: Run, schema: str, run: ImportRun, rows: Sequence[ImportRow]) -> Mapping[str, int]:
    """What other imports from the same bot have booked for these people. Only where points are added does it matter."""
    if run.existing != Existing.ADD:
        return {}
    others = ImportRun.objects.filter(source=run.source).exclude(pk=run.pk).values_list("pk", flat=True)
    found = run_sql(
        in_schema(_EARLIER, schema), (text_array(row.external_id for row in rows), int_array(others))
    )
    return dict(found.fetchall())


def _note(run_sql: Run, schema: str, run: ImportRun, booked: Sequence[Booked]) -> None:
    run_sql(
        in_schema(_NOTE, schema),
        (
            text_array(one.external_id for one in booked),
            int_array(one.member_id for one in booked),
            bool_array(one.created for one in booked),
            int_array(one.amount for one in booked),
            int_array(one.points_before for one in booked),
            int_array(one.level_before for one in booked),
            int_array(one.level_after for one in booked),
            run.pk,
        ),
    )


def _take_back_step(run_sql: Run, schema: str, run: ImportRun, context: TenantContext) -> None:
    rows = list(
        ImportRow.objects.filter(run=run, member_id__isnull=False, id__gt=run.position).order_by("id")[:STEP]
    )
    if not rows:
        _give_curve_back(run)
        ended = CANCELLED if run.state == CANCELLING else UNDONE
        _finish(run, ended, int(run.results.get("taken_back", 0)))
        return
    ids = [row.member_id for row in rows if row.member_id is not None]
    # What was merged into another member since is no longer theirs to give back.
    merged = set(Member.objects.filter(pk__in=ids, merged_into_id__isnull=False).values_list("pk", flat=True))
    ids = [member_id for member_id in ids if member_id not in merged]
    taken = take_back_points(run_sql, schema, member_ids=ids, import_id=run.pk, context=context)
    able = set(ids)
    made = [row.member_id for row in rows if row.created and row.member_id in able]
    gone = remove_untouched(run_sql, schema, member_ids=made)
    _count(run, taken_back=taken, removed=gone, stayed=len(made) - gone, merged=len(merged))
    _move_on(run, rows)


def _take_curve_over(run: ImportRun) -> None:
    """The other bot's curve is ours from here on. What was before is kept with the run, and the version that was set: whoever
    changes the curve later makes another."""
    assert run.curve is not None
    before = LevelSettings.objects.filter(pk=1).values("kind", "parameters", "version").first()
    known = (
        before if before and before["version"] else {"kind": QUADRATIC, "parameters": {**DEFAULT_PARAMETERS}}
    )
    current = load_curve()
    version = current.version
    if build_curve(run.curve["kind"], run.curve["parameters"]).thresholds != current.thresholds:
        version = change_curve(
            actor=SYSTEM, kind=run.curve["kind"], parameters=run.curve["parameters"]
        ).curve.version
    run.curve_before = {
        "kind": known["kind"],
        "parameters": known["parameters"],
        "was": current.version,
        "set": version,
    }
    run.save(update_fields=["curve_before"])


def _give_curve_back(run: ImportRun) -> None:
    kept = run.curve_before
    if kept is None or kept["set"] == kept["was"]:  # it was the same curve
        return
    if load_curve().version != kept["set"]:
        run.results = {**run.results, "curve_stayed": True}
        return
    change_curve(actor=SYSTEM, kind=kept["kind"], parameters=kept["parameters"])


def _finish(run: ImportRun, state: str, members: int) -> None:
    run.state = state
    if state == UNDONE:
        run.undone_at = clock.now()
    else:
        run.finished_at = clock.now()
    run.save()
    publish(StandingsChanged([], members))
    publish(ImportFinished(run.pk, run.source, state, members))


def _count(run: ImportRun, **more: int) -> None:
    run.results = {
        **run.results,
        **{name: int(run.results.get(name, 0)) + number for name, number in more.items()},
    }


def _move_on(run: ImportRun, rows: Sequence[Any]) -> None:
    run.position = rows[-1].pk
    run.done += len(rows)
    run.save(update_fields=["position", "done", "results"])


__all__ = [
    "apply_import",
    "cancel_import",
    "undo_import",
    "work_on_import",
    "work_one_step",
]
