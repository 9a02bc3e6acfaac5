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
from engagement.files.tables import decode_text, is_formula, make_safe, read_rows, take_safe
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.core.text import clean_line
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext

from .catalogue import (
    DEFAULTS,
    archive_reward,
    change_reward,
    create_reward,
    offer_reward,
    pause_reward,
    restore_reward,
    values_of,
)
from .errors import CatalogueRunNotFoundError, CatalogueRunStateError, InvalidRewardError
from .facts import check_facts, check_key, check_whole
from .kinds import KINDS, Shape, check_settings, get_kind, is_pool
from .locks import lock_catalogue
from .models import CatalogueRun, Reward, RewardState, Sponsor

JOB: Final = "engagement.rewards.work_on_table"
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_ROWS: Final = 2_000
_PLAIN: Final = (
    "name",
    "description",
    "category",
    "price",
    "stock",
    "low_stock",
    "limit_count",
    "limit_period",
    "starts_at",
    "ends_at",
    "is_drop",
    "approval",
    "approval_above",
)
_ASKS: Final = ("level", "days", "roles", "figures")
_SETTINGS: Final = tuple(
    dict.fromkeys(
        one.name
        for kind in KINDS.values()
        for one in kind.settings
        if one.shape not in (Shape.FILE, Shape.CREDITS)
    )
)
COLUMNS: Final = (
    "key",
    "kind",
    "state",
    *_PLAIN,
    "sponsor",
    *(f"eligibility.{name}" for name in _ASKS),
    *(f"settings.{name}" for name in _SETTINGS),
)
_NEEDED: Final = ("key",)
_STATES: Final = tuple(RewardState.values)
_YES, _NO = "yes", "no"


def write_catalogue() -> Iterator[bytes]:
    """The whole catalogue, archived rewards too, in its order, as CSV in UTF-8 with a byte order mark for Excel."""
    yield "\ufeff".encode() + _csv_line(COLUMNS)
    rows = Reward.objects.select_related("sponsor").order_by("position", "pk")
    for reward in rows.iterator(chunk_size=500):
        cells = row_of(reward)
        yield _csv_line([make_safe(cells[name]) for name in COLUMNS])


def row_of(reward: Reward) -> dict[str, str]:
    """A reward as cells."""
    values = values_of(reward)
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {"key": reward.key, "kind": reward.kind, "state": reward.state}
    for name in _PLAIN:
        cells[name] = _write(values[name])
    cells["sponsor"] = reward.sponsor.name if reward.sponsor is not None else ""
    asks = reward.eligibility
    for name in ("level", "days"):
        cells[f"eligibility.{name}"] = _write(asks.get(name))
    cells["eligibility.roles"] = "|".join(str(one) for one in asks.get("roles", ()))
    cells["eligibility.figures"] = "|".join(
        f"{one['name']}: {one['least']}" for one in asks.get("figures", ())
    )
    for name in _SETTINGS:
        value = reward.settings.get(name)
        cells[f"settings.{name}"] = "|".join(value) if isinstance(value, list) else _write(value)
    return cells


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
    columns, rows = _read_table(decode_text(data))
    lines = list(_compare(columns, rows))
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


def _read_table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    rows = list(read_rows(text))
    if not rows:
        raise InvalidFileError("The table is empty. Export the catalogue to see how it is written.")
    columns = [cell.strip().casefold() for cell in rows[0][1]]
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [name for name in _NEEDED if name not in columns]
    if unknown or missing:
        told = (
            f"There is no column {unknown[0]!r:.60}" if unknown else f"The column “{missing[0]}” is missing"
        )
        raise InvalidFileError(
            f"{told}. The first line names the columns, from: {', '.join(COLUMNS)}. Export the catalogue to see how it is written."
        )
    if len(set(columns)) < len(columns):
        raise InvalidFileError("A column stands there twice. Name each once.")
    if len(rows) - 1 > MOST_ROWS:
        raise InvalidFileError(
            f"The table has {len(rows) - 1:,} lines; {MOST_ROWS:,} are the most. Bring it in two parts."
        )
    if len(rows) < 2:
        raise InvalidFileError("The table has no line below its columns.")
    return columns, rows[1:]


def _compare(columns: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[dict[str, Any]]:
    """Each line: {line, key, name, act: new|changed|same|wrong, problem, facts, kind, state, fields: [[name, before, after]]}."""
    known = {reward.key: reward for reward in Reward.objects.select_related("sponsor")}
    sponsors = {sponsor.name.casefold(): sponsor for sponsor in Sponsor.objects.all()}
    seen: dict[str, int] = {}
    for line, row in rows:
        cells = {
            name: take_safe(cell.strip()) if _was_safe(cell) else cell
            for name, cell in zip(columns, row, strict=False)
        }
        found: dict[str, Any] = {
            "line": line,
            "key": clean_line(cells.get("key", ""), limit=40),
            "name": clean_line(cells.get("name", ""), limit=80),
        }
        try:
            if len(row) > len(columns):
                raise InvalidRewardError(
                    f"The line has {len(row)} cells, and there are {len(columns)} columns."
                )
            raw = dict(zip(columns, row, strict=False))
            bad = next((name for name, cell in raw.items() if is_formula(cell)), None)
            if bad is not None:
                raise InvalidRewardError(
                    f"“{bad}” begins like a formula. Put an apostrophe in front of it, or remove it."
                )
            if found["key"] in seen:
                raise InvalidRewardError(
                    f"The key “{found['key']}” stands in line {seen[found['key']]} already."
                )
            yield found | _difference(cells, known, sponsors)
            seen[found["key"]] = line
        except EngageHubError as error:
            yield found | {"act": "wrong", "problem": error.message}


def _was_safe(cell: str) -> bool:
    return cell.startswith("'")


def _difference(
    cells: Mapping[str, str], known: Mapping[str, Reward], sponsors: Mapping[str, Sponsor]
) -> dict[str, Any]:
    key = check_key(cells["key"].strip())
    reward = known.get(key)
    given_kind = cells.get("kind", "").strip()
    if reward is not None and given_kind not in ("", reward.kind):
        raise InvalidRewardError(
            f"The kind of “{reward.name}” is {reward.kind} and can't become {given_kind[:40]!r}."
        )
    kind = reward.kind if reward is not None else get_kind(given_kind).kind.value
    facts = _facts_of(cells, kind, reward, sponsors)
    state = cells.get("state", "").strip()
    if state and state not in _STATES:
        raise InvalidRewardError(f"The state is one of {', '.join(_STATES)}; this is {state[:40]!r}.")
    if state == RewardState.DRAFT and reward is not None and reward.state != RewardState.DRAFT:
        raise InvalidRewardError("A reward that was on offer does not become a draft again. Use paused.")
    if reward is None:
        for name in ("name", "price"):
            if not cells.get(name, "").strip():
                raise InvalidRewardError(f"A new reward needs its {name}.")
    before = row_of(reward) if reward is not None else dict.fromkeys(COLUMNS, "")
    after = _after_of(facts, kind, reward, sponsors)
    if state:
        after["state"] = state
    fields = [
        [name, before[name], after[name]]
        for name in COLUMNS
        if name in after
        and name != "key"
        and before[name] != after[name]
        and (reward is not None or name in cells)
    ]
    act = "new" if reward is None else "changed" if fields else "same"
    stored = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()
    }
    seen = None if reward is None else reward.stock
    return {
        "act": act, "kind": kind, "facts": stored, "state": state, "fields": fields, "stock_seen": seen,
        "name": str(facts.get("name") or (reward.name if reward else "")), "problem": "",
    }  # fmt: skip


def _facts_of(
    cells: Mapping[str, str], kind: str, reward: Reward | None, sponsors: Mapping[str, Sponsor]
) -> dict[str, Any]:
    """What the line says, checked as the services will."""
    given: dict[str, Any] = {name: _read(name, cells[name]) for name in _PLAIN if name in cells}
    if reward is None:
        given = {name: value for name, value in given.items() if value is not None and value != ""}
    for name, default in (("limit_period", "ever"), ("approval", "automatic"), ("is_drop", False)):
        if name in given and given[name] in (None, ""):
            given[name] = default
    if "sponsor" in cells:
        sponsor = cells["sponsor"].strip().casefold()
        if sponsor and sponsor not in sponsors:
            raise InvalidRewardError(f"There is no sponsor {cells['sponsor'].strip()[:80]!r}. Add it first.")
        given["sponsor_id"] = sponsors[sponsor].pk if sponsor else None
    asks = dict(reward.eligibility) if reward is not None else {}
    for name in _ASKS:
        if f"eligibility.{name}" in cells:
            asks[name] = _read_asked(name, cells[f"eligibility.{name}"].strip())
    given["eligibility"] = asks
    settings = dict(reward.settings) if reward is not None else {}
    own = {one.name: one for one in get_kind(kind).settings}
    for name in _SETTINGS:
        text = cells.get(f"settings.{name}", "").strip()
        if f"settings.{name}" not in cells:
            continue
        if name not in own:
            if text:
                raise InvalidRewardError(f"A reward of the kind {kind} has no “settings.{name}”.")
            continue
        settings[name] = text.split("|") if own[name].shape == Shape.LINES and text else text
    given["settings"] = settings
    checked = check_facts(given)
    complete = reward is not None and reward.state == RewardState.ACTIVE
    checked["settings"] = check_settings(kind, checked["settings"], complete=complete)
    if is_pool(kind, checked["settings"]):
        checked.pop("stock", None)  # its codes are the stock
    base = (
        values_of(reward)
        if reward is not None
        else {
            "starts_at": None,
            "ends_at": None,
            "is_drop": False,
            "approval": "automatic",
            "approval_above": None,
        }
    )
    check_whole({**base, **checked})
    return checked


def _after_of(
    facts: Mapping[str, Any], kind: str, reward: Reward | None, sponsors: Mapping[str, Sponsor]
) -> dict[str, str]:
    """The cells that the facts would make."""
    imagined = Reward(kind=kind, key="", price=0)
    for name, value in (DEFAULTS if reward is None else values_of(reward)).items():
        setattr(imagined, name, value)
    for name, value in facts.items():
        setattr(imagined, name, value)
    by_id = {sponsor.pk: sponsor for sponsor in sponsors.values()}
    imagined.sponsor = by_id.get(imagined.sponsor_id or 0)
    cells = row_of(imagined)
    del cells["key"], cells["state"]
    return cells


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


def _read(name: str, text: str) -> Any:
    if name == "is_drop":
        plain = text.strip().casefold()
        if plain not in (_YES, _NO, "true", "false", ""):
            raise InvalidRewardError(f"“is_drop” is yes or no; this is {text[:40]!r}.")
        return plain in (_YES, "true")
    return text if name == "description" else text.strip()


def _read_asked(name: str, text: str) -> Any:
    if not text:
        return None
    if name == "roles":
        return [one.strip() for one in text.split("|")]
    if name == "figures":
        pairs = [one.rpartition(":") for one in text.split("|")]
        return [{"name": figure.strip(), "least": least.strip()} for figure, _, least in pairs]
    return text


def _write(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES if value else _NO
    return value.isoformat() if isinstance(value, datetime) else str(value)


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
