"""Pools of codes: brought as a list, sealed one by one, and counted as the reward's stock.

Invariants: a code is in a pool once (by a keyed digest); nothing of a code is ever stored or logged in clear; while a pool's codes come
in, each batch and the stock that it adds are one transaction under the reward's row. Giving a code out is fulfilment's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.files.errors import InvalidFileError
from engagement.files.models import FileUse
from engagement.files.services import keep_file, read_file, release_file, store_pieces
from engagement.files.tables import decode_text, read_rows
from saas.core import clock
from saas.core.crypto import keyed_digest, seal, unseal
from saas.core.text import clean_line
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows

from .errors import InvalidRewardError, RewardArchivedError, RewardNotFoundError
from .events import RewardChanged
from .kinds import is_pool
from .models import CatalogueRun, Reward, RewardCode, RewardState

PURPOSE: Final = "reward code"
JOB: Final = "engagement.rewards.work_on_codes"  # by name: the jobs import this module
MOST_CODES: Final = 100_000  # of one list
MOST_BYTES: Final = 8 * 1024 * 1024
LONGEST: Final = 200
SHORTEST: Final = 3
BATCH: Final = 2_000
MOST_PROBLEMS: Final = 200
_ALPHABET: Final = (
    "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 characters that nobody mistakes for each other: 5 bits each
)
_GENERATED: Final = 14  # of them: 70 bits
_HEADS: Final = ("code", "codes", "coupon", "voucher", "key")
_INSERT: Final = (
    "INSERT INTO reward_code (reward_id, sealed, digest, added_at) SELECT %s, u.sealed, u.digest, %s "
    "FROM unnest(%s::text[], %s::bytea[]) AS u(sealed, digest) ON CONFLICT (reward_id, digest) DO NOTHING"
)


@transaction.atomic
def begin_code_import(*, reward_id: int, name: str, data: bytes, actor: Actor, key: str) -> CatalogueRun:
    """Take a list of codes: one a line, or a CSV with a column “code”. A job works it off and counts on the run.

    Idempotent on `key`. The list is kept sealed until the job is done with it. Locks the reward. Raises RewardNotFoundError,
    InvalidRewardError for a reward without a pool, RewardArchivedError, InvalidFileError.
    """
    made = CatalogueRun.objects.filter(key=key[:120]).first()
    if made is not None:
        return made
    reward = _lock_pool(reward_id)
    if len(data) > MOST_BYTES:
        raise InvalidFileError(
            f"The list is larger than {MOST_BYTES // 1024 // 1024} MB. Bring it in two parts."
        )
    codes = read_codes(decode_text(data))
    if not codes:
        raise InvalidFileError("There is no code in it. Write one a line.")
    if len(codes) > MOST_CODES:
        raise InvalidFileError(
            f"The list has {len(codes):,} codes; {MOST_CODES:,} are the most at once. Bring it in two parts."
        )
    text = "\n".join(f"{line}\t{code}" for line, code in codes)
    file = store_pieces(
        use=FileUse.DOWNLOAD,
        name="codes",
        content_type="application/octet-stream",
        data=seal(text, purpose=PURPOSE).encode(),
    )
    keep_file(file_id=file.pk)
    run = CatalogueRun.objects.create(
        key=key[:120],
        kind=CatalogueRun.Kind.CODES,
        reward=reward,
        file=file,
        name=clean_line(name, limit=150) or "codes",
        state=CatalogueRun.State.RUNNING,
        total=len(codes),
        actor=asdict(actor),
        created_at=clock.now(),
    )
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(JOB, schema, {"run_id": run.pk})])
    return run


def read_codes(text: str) -> list[tuple[int, str]]:
    """(line, code): of a table its column “code”, else the first column. Raises InvalidFileError."""
    first = next(iter(text.split("\n", 1)), "").strip()
    cells = [cell.strip().strip('"').casefold() for cell in _split(first)]
    column = next((number for number, cell in enumerate(cells) if cell in _HEADS), None)
    if len(cells) == 1:
        lines = [(number, line.strip().strip('"')) for number, line in enumerate(text.splitlines(), 1)]
        return [(number, code) for number, code in lines if code][0 if column is None else 1 :]
    rows = list(read_rows(text))
    place = column or 0
    return [
        (line, row[place].strip()) for line, row in rows[0 if column is None else 1 :] if place < len(row)
    ]


def work_on_codes(*, run_id: int) -> None:
    """Bring the codes in, a batch a transaction. For the job: interrupted, it goes on where it was; repeated, it changes nothing.

    Locks the reward, then the run. Publishes RewardChanged at the end.
    """
    run = CatalogueRun.objects.filter(pk=run_id, state=CatalogueRun.State.RUNNING).first()
    if run is None or run.file_id is None:
        return
    codes = [
        (int(line), code)
        for line, _, code in (
            row.partition("\t")
            for row in unseal(read_file(run.file_id).decode(), purpose=PURPOSE).split("\n")
        )
    ]
    while _bring_batch(run_id, codes):
        pass


@transaction.atomic
def _bring_batch(run_id: int, codes: Sequence[tuple[int, str]]) -> bool:
    """Whether there is more to do."""
    reward_id = CatalogueRun.objects.values_list("reward_id", flat=True).get(pk=run_id)
    reward = Reward.objects.select_for_update().get(pk=reward_id)
    run = CatalogueRun.objects.select_for_update().get(pk=run_id)
    if run.state != CatalogueRun.State.RUNNING:
        return False
    some = codes[run.done : run.done + BATCH]
    if reward.state == RewardState.ARCHIVED or not is_pool(reward.kind, reward.settings):
        run.problem = "The reward no longer takes codes, so the rest was left out."
        some = []
    added = _insert(run, reward, some)
    if added:
        Reward.objects.filter(pk=reward.pk).update(stock=F("stock") + added)
    run.done += len(some)
    if not some or run.done >= run.total:
        _finish(run, reward)
    run.save()
    return run.state == CatalogueRun.State.RUNNING


def _insert(run: CatalogueRun, reward: Reward, some: Sequence[tuple[int, str]]) -> int:
    """How many are new."""
    fresh: dict[bytes, str] = {}
    lines: dict[bytes, int] = {}
    for line, code in some:
        problem = _problem_of(code)
        if problem:
            _note(run, line, problem, wrong=True)
            continue
        digest = keyed_digest(code, purpose=PURPOSE)
        if digest in fresh:
            _note(run, line, f"{_masked(code)} stands in the list twice; it was taken once.")
            continue
        fresh[digest], lines[digest] = code, line
    if not fresh:
        return 0
    known = {
        bytes(digest)
        for digest in RewardCode.objects.filter(reward=reward, digest__in=list(fresh)).values_list(
            "digest", flat=True
        )
    }
    for digest in known:
        _note(run, lines[digest], f"{_masked(fresh[digest])} is in the pool already.")
    new = [digest for digest in fresh if digest not in known]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT, [reward.pk, clock.now(), [seal(fresh[digest], purpose=PURPOSE) for digest in new], new]
        )
        added = int(cursor.rowcount)
    run.added += added
    return added


def _finish(run: CatalogueRun, reward: Reward) -> None:
    run.state, run.finished_at = CatalogueRun.State.FINISHED, clock.now()
    if run.file_id is not None:
        release_file(file_id=run.file_id)
        run.file = None
    if run.added:
        publish(RewardChanged(reward.pk, reward.name, reward.price, ["stock"]))
        record_audit(
            actor=Actor(**run.actor),
            action="reward.codes_added",
            target_kind="reward",
            target_id=reward.pk,
            target_name=reward.name,
            after={"codes": run.added},
        )


@transaction.atomic
def withdraw_codes(*, reward_id: int, count: int, actor: Actor) -> int:
    """Take the `count` newest codes that nobody has out of the pool; those that are promised stay. Answers how many went.

    Locks the reward. Publishes RewardChanged. Raises RewardNotFoundError, InvalidRewardError.
    """
    if type(count) is not int or not 1 <= count <= 1_000_000_000:
        raise InvalidRewardError("Say how many, as a whole number from 1.", field="count")
    reward = _lock_pool(reward_id)
    free = max((reward.stock or 0) - reward.reserved, 0)
    ids = list(
        RewardCode.objects.filter(reward=reward, redemption=None, withdrawn_at=None)
        .order_by("-pk")
        .values_list("pk", flat=True)[: min(count, free)]
    )
    gone = RewardCode.objects.filter(pk__in=ids).update(withdrawn_at=clock.now())
    if gone:
        Reward.objects.filter(pk=reward.pk).update(stock=F("stock") - gone)
        publish(RewardChanged(reward.pk, reward.name, reward.price, ["stock"]))
        record_audit(
            actor=actor,
            action="reward.codes_withdrawn",
            target_kind="reward",
            target_id=reward.pk,
            target_name=reward.name,
            after={"codes": gone},
        )
    return gone


def count_codes(*, reward_id: int) -> dict[str, int]:
    """`free`, `given` and `withdrawn`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE redemption_id IS NULL AND withdrawn_at IS NULL), "
            "count(*) FILTER (WHERE redemption_id IS NOT NULL), "
            "count(*) FILTER (WHERE redemption_id IS NULL AND withdrawn_at IS NOT NULL) FROM reward_code WHERE reward_id = %s",
            [reward_id],
        )
        row: tuple[Any, ...] = cursor.fetchone()
    return dict(zip(("free", "given", "withdrawn"), row, strict=True))


def _problem_of(code: str) -> str:
    if not SHORTEST <= len(code) <= LONGEST:
        return f"A code has {SHORTEST} to {LONGEST} characters; this has {len(code):,}."
    if not code.isprintable():
        return "There are characters in it that can't be seen or typed."
    return ""


def _masked(code: str) -> str:
    return f"…{code[-4:]}" if len(code) >= 12 else f"…{code[-2:]}"


def _note(run: CatalogueRun, line: int, text: str, *, wrong: bool = False) -> None:
    if wrong:
        run.wrong += 1
    else:
        run.repeated += 1
    if len(run.problems) < MOST_PROBLEMS:
        run.problems.append({"line": line, "text": text})


def _split(line: str) -> list[str]:
    for mark in (",", ";", "\t"):
        if mark in line:
            return line.split(mark)
    return [line]


def _lock_pool(reward_id: int) -> Reward:
    reward = Reward.objects.select_for_update().filter(pk=reward_id if 0 < reward_id < 2**31 else 0).first()
    if reward is None:
        raise RewardNotFoundError
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    if not is_pool(reward.kind, reward.settings):
        raise InvalidRewardError(
            f"“{reward.name}” has no pool of codes. Choose “I bring a list of codes” in its form first.",
            field="reward",
        )
    return reward
