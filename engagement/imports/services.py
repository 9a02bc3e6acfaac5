"""Every write of an import before it is applied: made, given its file, mapped, read, its options chosen.

What books points is in `applying`; it is offered here as well, so that there is one import for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.arrays import int_array, text_array
from engagement.levels.selectors import load_curve
from saas.core import clock
from saas.events.jobs import JobRow, defer_rows

from .applying import apply_import, cancel_import, undo_import
from .errors import ImportStateError, InvalidImportError, UnreadableFileError
from .models import ImportRow, ImportRun
from .parsers import OldBot, OldMember, check_mapping, load_json, parse_bot, parse_table, sample_table, settle
from .parsers.rows import clean_name
from .points import curve_after
from .selectors import find_applied, get_import
from .storage import forget_file, read_file, store_pieces
from .words import (
    CSV,
    EMPTY,
    EXISTING,
    FAILED,
    KEEP_CURVE,
    KEEP_LEVEL,
    KEEP_XP,
    KEEPS,
    MAPPING,
    READING,
    READY,
    ROLES,
    SOURCES,
    STATES,
    UPLOADED,
)

READ_JOB: Final = "engagement.imports.read_import"  # by name: the jobs import this module
_OPEN: Final = (EMPTY, MAPPING, READY, FAILED)  # may be given a file or a mapping
_AT_ONCE: Final = 10_000
_INSERT: Final = """INSERT INTO import_row (run_id, line, external_id, name, avatar_url, old_xp, old_level, error, created)
SELECT %s, u.*, false FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::text[])
  AS u(line, external_id, name, avatar_url, old_xp, old_level, error)"""


@transaction.atomic
def create_import(*, source: str, actor: Actor) -> ImportRun:
    """Begin to bring levels over from `source`, one of words.SOURCES. Changes nothing for any member. Not idempotent: each call
    begins another. Raises InvalidImportError."""
    if source not in SOURCES:
        raise InvalidImportError(
            f"Levels come from one of {', '.join(SOURCES)}; not from {source!r:.40}.", field="source"
        )
    run = ImportRun.objects.create(
        source=source,
        state=EMPTY,
        keep=KEEP_LEVEL if source == ROLES else KEEP_XP,
        existing=next(iter(EXISTING)),
        created_by=actor.id if actor.kind == "user" else None,
        created_by_name=clean_name(actor.name),
    )
    record_audit(
        actor=actor,
        action="import.created",
        target_kind="import",
        target_id=run.pk,
        target_name=run.source_name,
    )
    return run


@transaction.atomic
def upload_file(*, import_id: int, file_name: str, pieces: Iterable[bytes]) -> ImportRun:
    """Give the run its file, in place of an earlier one; `pieces` are its bytes in order.

    A CSV then waits for its mapping; everything else is read by a job, deferred here. Locks the run. Raises
    ImportNotFoundError, ImportStateError, InvalidImportError, FileTooLargeError, UnreadableFileError.
    """
    run = _lock(import_id, _OPEN)
    if run.source not in UPLOADED:
        raise InvalidImportError(f"{run.source_name} is read from Discord; there is no file to upload.")
    run.file_size = store_pieces(import_id=run.pk, pieces=pieces)
    run.file_name = clean_name(file_name)
    if run.source == CSV:
        run.sample = sample_table(read_file(import_id=run.pk, most=1_000_000))
        run.mapping = run.sample["guess"]
        run.state, run.problem = MAPPING, ""
        run.save()
        return run
    if not run.file_size:
        raise UnreadableFileError("The file is empty. Export it again and upload the new one.")
    return _begin(run)


@transaction.atomic
def map_columns(*, import_id: int, mapping: Mapping[str, Any]) -> ImportRun:
    """Say which column of the CSV is what (`id`, `name`, `xp`, `level` → number of the column from 0) and have it read by a job.

    May be repeated until the run is applied. Locks the run. Raises ImportNotFoundError, ImportStateError, InvalidImportError.
    """
    run = _lock(import_id, (MAPPING, READY, FAILED))
    if run.source != CSV or not run.sample:
        raise ImportStateError(
            "This import holds no table whose columns could be mapped. Upload a CSV first."
        )
    run.mapping = check_mapping(mapping, columns=len(run.sample["columns"]))
    return _begin(run)


@transaction.atomic
def begin_reading(*, import_id: int, mapping: Mapping[str, Any] | None = None, secret: str = "") -> ImportRun:
    """The run is being read by somebody who asks over the network and defers that job in the same transaction. `secret` is
    already sealed. Raises ImportNotFoundError, ImportStateError."""
    run = _lock(import_id, _OPEN)
    if mapping is not None:
        run.mapping = dict(mapping)
    run.secret = secret
    return _begin(run, job=None)


@transaction.atomic
def note_progress(*, import_id: int, done: int) -> bool:
    """How many members were fetched so far; False when the run is no longer being read, because somebody cancelled it."""
    return bool(ImportRun.objects.filter(pk=import_id, state=READING).update(done=done))


def read_import(*, import_id: int, guild_id: int | None) -> None:
    """Read the uploaded file into rows. For the job; idempotent. A file that cannot be read is noted on the run."""
    run = get_import(import_id=import_id)
    if run.state != READING:
        return
    try:
        bot = _parse(run, guild_id)
    except UnreadableFileError as error:
        fail_reading(import_id=import_id, problem=error.message)
        return
    finish_reading(import_id=import_id, bot=bot)


def _parse(run: ImportRun, guild_id: int | None) -> OldBot:
    data = read_file(import_id=run.pk)
    if run.source == CSV:
        return settle(parse_table(data, run.mapping, headed=bool(run.sample.get("headed"))))
    return settle(parse_bot(run.source, load_json(data), guild_id=guild_id))


@transaction.atomic
def finish_reading(*, import_id: int, bot: OldBot) -> None:
    """Keep what was read, in place of what was read before; the run is ready. Idempotent: a run that is not being read, because
    it was cancelled or another reader was faster, is left alone. Locks the run."""
    run = ImportRun.objects.select_for_update().filter(pk=import_id, state=READING).first()
    if run is None:
        return
    good = [member for member in bot.members if not member.error]
    if not good:
        _fail(run, _nobody(bot))
        return
    ImportRow.objects.filter(run=run).delete()
    # In the order of the old bot's leaderboard, in which they are applied.
    good.sort(key=lambda member: (-(member.xp or 0), -(member.level or 0), member.line))
    _insert(run.pk, good)
    _insert(run.pk, [member for member in bot.members if member.error])
    run.curve = bot.curve
    run.role_rewards = [
        {"role_id": str(reward.role_id), "level": reward.level, "keep": reward.keep, "accepted": False}
        for reward in bot.rewards
    ]
    run.facts = bot.facts
    run.rows, run.errors = len(good), len(bot.members) - len(good)
    earlier = find_applied(source=run.source)
    run.keep = _suggest(run, good) if earlier is None else earlier.keep
    run.existing = run.existing if earlier is None else earlier.existing
    run.state, run.read_at, run.secret, run.problem, run.done = READY, clock.now(), "", "", 0
    run.save()
    if run.source != CSV:  # whose columns may still be mapped otherwise
        forget_file(import_id=run.pk)


@transaction.atomic
def fail_reading(*, import_id: int, problem: str) -> None:
    """The run could not be read; `problem` says what happened, why, and what to do. Idempotent."""
    run = ImportRun.objects.select_for_update().filter(pk=import_id, state=READING).first()
    if run is not None:
        _fail(run, problem)


@transaction.atomic
def set_options(*, import_id: int, keep: str | None = None, existing: str | None = None) -> ImportRun:
    """Choose what is kept (words.KEEPS) and what becomes of points that are here already (words.EXISTING). Changes nothing for any
    member. Idempotent. Locks the run. Raises ImportNotFoundError, ImportStateError, InvalidImportError."""
    run = _lock(import_id, (READY,))
    keep, existing = keep or run.keep, existing or run.existing
    if keep not in KEEPS or existing not in EXISTING:
        wrong, field = (keep, "keep") if keep not in KEEPS else (existing, "existing")
        raise InvalidImportError(f"{wrong!r:.40} is nothing to choose from here.", field=field)
    if keep == KEEP_CURVE and run.curve is None:
        raise InvalidImportError(
            f"The curve of {run.source_name} is not known, so it cannot be taken over. Keep the XP or the level.",
            field="keep",
        )
    if keep != KEEP_LEVEL and run.source == ROLES:
        raise InvalidImportError("Roles tell of levels only. Keep the level.", field="keep")
    run.keep, run.existing = keep, existing
    run.save(update_fields=["keep", "existing"])
    return run


@transaction.atomic
def note_rewards(*, import_id: int, accepted: Sequence[int]) -> ImportRun:
    """Remember which of the old bot's level roles were taken over, by role id. Idempotent. Locks the run."""
    run = _lock(import_id, tuple(STATES))
    chosen = {str(role_id) for role_id in accepted}
    for reward in run.role_rewards:
        reward["accepted"] = reward["accepted"] or reward["role_id"] in chosen
    run.save(update_fields=["role_rewards"])
    return run


def _lock(import_id: int, states: Sequence[str]) -> ImportRun:
    get_import(import_id=import_id)
    run = ImportRun.objects.select_for_update().get(pk=import_id)
    if run.state not in states:
        raise ImportStateError(
            f"This import is in the state “{run.state_name}”, in which this cannot be done. Reload the page; begin another "
            "import if you need one."
        )
    return run


def _begin(run: ImportRun, *, job: str | None = READ_JOB) -> ImportRun:
    run.state, run.problem, run.done, run.position = READING, "", 0, 0
    run.save()
    if job is not None:
        schema: str = connection.schema_name  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            defer_rows(cursor, [JobRow(job, schema, {"import_id": run.pk})])
    return run


def _fail(run: ImportRun, problem: str) -> None:
    run.state, run.problem, run.secret = FAILED, problem, ""
    run.save(update_fields=["state", "problem", "secret"])


def _nobody(bot: OldBot) -> str:
    if not bot.members:
        return "Nobody is in there: it holds no line with a member. Check that it is the right one, and export it again."
    first = next(member for member in bot.members if member.error)
    return f"None of the {len(bot.members):,} lines can be used. Line {first.line}, for one: {first.error}"


def _suggest(run: ImportRun, good: Sequence[OldMember]) -> str:
    """What most organisers want: everything as it was, unless they have made levels of their own here."""
    if run.source == ROLES or good[0].xp is None:
        return KEEP_LEVEL
    if run.curve is None:
        return KEEP_XP
    current = load_curve()
    same = curve_after(ImportRun(keep=KEEP_CURVE, curve=run.curve), current).thresholds == current.thresholds
    return KEEP_CURVE if same or current.version == 0 else KEEP_LEVEL


def _insert(import_id: int, members: Sequence[OldMember]) -> None:
    with connection.cursor() as cursor:
        for some in _slices(members):
            cursor.execute(
                _INSERT,
                [
                    import_id,
                    int_array(member.line for member in some),
                    text_array(member.external_id for member in some),
                    text_array(member.name for member in some),
                    text_array(member.avatar_url for member in some),
                    int_array(member.xp for member in some),
                    int_array(member.level for member in some),
                    text_array(member.error for member in some),
                ],
            )


def _slices(members: Sequence[OldMember]) -> Iterator[list[OldMember]]:
    rest = iter(members)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


__all__ = [
    "apply_import",
    "begin_reading",
    "cancel_import",
    "create_import",
    "fail_reading",
    "finish_reading",
    "map_columns",
    "note_progress",
    "note_rewards",
    "read_import",
    "set_options",
    "undo_import",
    "upload_file",
]
