"""The catalogue as rows of a table: how a reward is written, and what a row would change. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from engagement.files.errors import InvalidFileError
from engagement.files.tables import is_formula, read_rows, take_safe
from saas.core.errors import EngageHubError
from saas.core.text import clean_line

from .catalogue import DEFAULTS, values_of
from .errors import InvalidRewardError
from .facts import check_facts, check_key, check_whole
from .kinds import KINDS, Shape, check_settings, get_kind, is_pool
from .models import Reward, RewardState, Sponsor

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


def read_table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns, and (line, cells) of each row below them. Raises InvalidFileError."""
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


def compare_rows(columns: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[dict[str, Any]]:
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
