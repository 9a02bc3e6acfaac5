"""The catalogue as a table: out as CSV, and in again with a look at every difference before anything is changed.

Invariants: what is applied is what was shown (a stock by its difference, so that redemptions meanwhile are not undone); it is one
transaction; a line that is wrong never changes anything; applying twice changes nothing more; an undo goes back to what stood before,
as far as nobody has changed it since. Pictures and files are no part of the table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.files.errors import InvalidFileError
from engagement.files.tables import decode_text, make_safe
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.core.text import clean_line
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext

from .catalogue import (
    archive_reward,
    change_reward,
    create_reward,
    offer_reward,
    pause_reward,
    restore_reward,
    values_of,
)
from .errors import CatalogueRunNotFoundError, CatalogueRunStateError, InvalidRewardError
from .locks import lock_catalogue
from .models import CatalogueRun, Reward, RewardState
from .table_rows import COLUMNS, compare_rows, read_table, row_of

JOB: Final = "engagement.rewards.work_on_table"
MOST_BYTES: Final = 4 * 1024 * 1024


def write_catalogue() -> Iterator[bytes]:
    """The whole catalogue, archived rewards too, in its order, as CSV in UTF-8 with a byte order mark for Excel."""
    yield "\ufeff".encode() + _csv_line(COLUMNS)
    rows = Reward.objects.select_related("sponsor").order_by("position", "pk")
    for reward in rows.iterator(chunk_size=500):
        cells = row_of(reward)
        yield _csv_line([make_safe(cells[name]) for name in COLUMNS])


@transaction.atomic
def begin_table(*, context: TenantContext, name: str, data: bytes, actor: Actor, key: str) -> CatalogueRun:
    """Read a table and say what it would change, line by line; nothing is changed yet. Idempotent on `key`.

    A column that is left out leaves its fact alone; an empty cell takes the value away. Raises InvalidFileError for what is no table of
    ours: wrong columns, no line, too many.
    """
    made = CatalogueRun.objects.filter(key=key[:120]).first()
    if made is not None:
        return made
    if len(data) > MOST_BYTES:
        raise InvalidFileError(
            f"The table is larger than {MOST_BYTES // 1024 // 1024} MB. Bring it in two parts."
        )
    columns, rows = read_table(decode_text(data))
    lines = list(compare_rows(columns, rows))
    run = CatalogueRun(
        key=key[:120],
        kind=CatalogueRun.Kind.TABLE,
        name=clean_line(name, limit=150) or "catalogue.csv",
        state=CatalogueRun.State.READY,
        total=len(lines),
        lines=lines,
        actor=asdict(actor),
        created_at=clock.now(),
    )
    _count(run)
    run.save()
    return run


@transaction.atomic
def apply_table(*, run_id: int, actor: Actor) -> CatalogueRun:
    """Have a job apply what was shown, without the lines that are wrong. Repeating it changes nothing. Locks the run.

    Raises CatalogueRunStateError, also where there is nothing to apply.
    """
    run = _lock(run_id)
    if run.state in (CatalogueRun.State.RUNNING, CatalogueRun.State.FINISHED):
        return run
    if run.state != CatalogueRun.State.READY or not run.added + run.changed:
        raise CatalogueRunStateError(
            "There is nothing in this table to apply. Upload it again to see what it would change."
        )
    run.state, run.actor, run.problem = CatalogueRun.State.RUNNING, asdict(actor), ""
    run.save(update_fields=["state", "actor", "problem"])
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(JOB, schema, {"run_id": run.pk})])
    return run


def work_on_table(*, run_id: int, context: TenantContext) -> None:
    """Apply it, all or nothing. For the job; idempotent. What stands in the way is noted on the run, and nothing is changed."""
    try:
        _apply(run_id, context)
    except EngageHubError as error:
        CatalogueRun.objects.filter(pk=run_id, state=CatalogueRun.State.RUNNING).update(
            state=CatalogueRun.State.FAILED, problem=error.message[:500], finished_at=clock.now()
        )


@transaction.atomic
def undo_table(*, run_id: int, context: TenantContext, actor: Actor) -> list[str]:
    """Take an applied table back: what it made is archived, what it changed says again what it said, as far as nobody has changed it
    since. Answers the names of those that were left alone. Repeating it changes nothing. Locks the catalogue and the run.

    Raises CatalogueRunStateError.
    """
    lock_catalogue()
    run = _lock(run_id)
    if run.state == CatalogueRun.State.UNDONE:
        return []
    if run.state != CatalogueRun.State.FINISHED:
        raise CatalogueRunStateError("This table was not applied, so there is nothing to take back.")
    left = [name for one in run.before if (name := _put_back(one, context, actor))]
    run.state, run.finished_at = CatalogueRun.State.UNDONE, clock.now()
    run.save(update_fields=["state", "finished_at"])
    _record(actor, "reward.import_undone", run)
    return left


def get_run(*, run_id: int, kind: str) -> CatalogueRun:
    """Raises CatalogueRunNotFoundError."""
    run = CatalogueRun.objects.filter(pk=run_id if 0 < run_id < 2**31 else 0, kind=kind).first()
    if run is None:
        raise CatalogueRunNotFoundError
    return run


@transaction.atomic
def _apply(run_id: int, context: TenantContext) -> None:
    lock_catalogue()
    run = _lock(run_id)
    if run.state != CatalogueRun.State.RUNNING:
        return
    actor = Actor(**run.actor)
    before: list[dict[str, Any]] = []
    for line in run.lines:
        if line["act"] not in ("new", "changed"):
            continue
        try:
            before.append(_apply_line(line, context, actor))
        except EngageHubError as error:
            raise InvalidRewardError(
                f"Line {line['line']} (“{line['name']}”): {error.message} Nothing of the table was applied."
            ) from error
    run.before, run.done = before, len(before)
    run.state, run.finished_at = CatalogueRun.State.FINISHED, clock.now()
    run.save()
    _record(actor, "reward.imported", run)


def _apply_line(line: Mapping[str, Any], context: TenantContext, actor: Actor) -> dict[str, Any]:
    """What an undo needs: {key, made} or {key, values, state, version}."""
    reward = Reward.objects.filter(key=line["key"]).first()
    facts = dict(line["facts"])
    if reward is None:
        made = create_reward(context=context, kind=line["kind"], facts=facts, actor=actor, key=line["key"])
        _move(made, line["state"], context, actor)
        made.refresh_from_db(fields=["version"])
        return {"key": made.key, "made": True, "version": made.version}
    if reward.state == RewardState.ARCHIVED and line["state"] not in ("", RewardState.ARCHIVED):
        restore_reward(reward_id=reward.pk, actor=actor)
    former = {name: row for name, row in _storable(values_of(reward)).items() if name in facts}
    state = reward.state
    changed = change_reward(
        context=context, reward_id=reward.pk, facts=facts, actor=actor, stock_seen=line["stock_seen"]
    )
    _move(changed, line["state"], context, actor)
    changed.refresh_from_db(fields=["version", "stock"])
    return {
        "key": reward.key,
        "values": former,
        "state": state,
        "version": changed.version,
        "stock": changed.stock,
    }


def _put_back(one: Mapping[str, Any], context: TenantContext, actor: Actor) -> str:
    """The reward's name where it was changed since and therefore left alone."""
    reward = Reward.objects.filter(key=one["key"]).first()
    if reward is None:
        return ""
    if reward.version != one["version"]:
        return reward.name
    try:
        with transaction.atomic():
            if one.get("made"):
                archive_reward(reward_id=reward.pk, actor=actor)
                return ""
            if reward.state == RewardState.ARCHIVED:
                restore_reward(reward_id=reward.pk, actor=actor)
            change_reward(
                context=context,
                reward_id=reward.pk,
                facts=one["values"],
                actor=actor,
                stock_seen=one["stock"],
            )
            reward.refresh_from_db()
            _move(reward, one["state"], context, actor)
    except EngageHubError:
        return reward.name
    return ""


def _move(reward: Reward, state: str, context: TenantContext, actor: Actor) -> None:
    if state in ("", reward.state) or state == RewardState.DRAFT:
        return
    if state == RewardState.ARCHIVED:
        archive_reward(reward_id=reward.pk, actor=actor)
        return
    if reward.state != RewardState.ACTIVE and state == RewardState.ACTIVE:
        offer_reward(context=context, reward_id=reward.pk, actor=actor)
    elif state == RewardState.PAUSED:
        pause_reward(reward_id=reward.pk, actor=actor)


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def _count(run: CatalogueRun) -> None:
    acts = [line["act"] for line in run.lines]
    run.added, run.changed = acts.count("new"), acts.count("changed")
    run.repeated, run.wrong = acts.count("same"), acts.count("wrong")


def _csv_line(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _lock(run_id: int) -> CatalogueRun:
    run = CatalogueRun.objects.select_for_update().filter(pk=run_id, kind=CatalogueRun.Kind.TABLE).first()
    if run is None:
        raise CatalogueRunNotFoundError
    return run


def _record(actor: Actor, action: str, run: CatalogueRun) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="rewards",
        target_id=run.pk,
        target_name=run.name,
        after={"new": run.added, "changed": run.changed, "left out": run.wrong},
    )
