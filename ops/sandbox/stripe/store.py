"""All objects by kind and id, kept in one SQLite file and in memory.

Invariants: what is read is a copy, so only `put` changes anything; what a transaction wrote is on disk before its answer
leaves, or nothing of it is. A key that begins with `_` is the store's own and never shown. `scope` is the connected account in
hand: its objects are apart from the platform's.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from .errors import missing

Json = dict[str, Any]
Taken = list[tuple[str, str, bytes]]  # of each object its kind, id and body
_HIDDEN: Final[dict[str, set[str]]] = {}
# What a long life heaps up: kind → the key with its time on the wall, and how long it is kept. Stripe lists events for 30 days.
_KEPT_DAYS: Final = {"event": ("_at", 30), "_delivery": ("made", 30), "_idempotency": ("at", 2)}
_CLOCKS: Final = "test_helpers.test_clock"


class Store:
    def __init__(self, path: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Json]] = {}
        self._kind_of: dict[str, str] = {}
        self._undo: list[tuple[str, str, Json | None]] | None = None
        self._serial = 0
        self.writes = 0  # how often anything was written or undone
        self.offset = 0.0  # seconds that this world is ahead of the clock on the wall
        self.base_url = ""  # of the server, for the links that objects hold
        self.scope: str | None = None
        self.request: Json | None = None  # the request in hand, for the events that it causes
        self.on_event: Callable[[Json], None] = lambda event: None
        self._file = _open(path)
        self._load()

    # --- reading ---

    def get(self, kind: str, id: str, *, param: str | None = None) -> Json:
        """A copy. Raises the 404 of a missing object; with `param`, the 400 of a parameter that names none."""
        found = self.find(kind, id)
        if found is None or found.get("deleted"):
            raise missing(kind, id, param)
        return found

    def find(self, kind: str, id: str | None) -> Json | None:
        """A copy, or None; what was deleted and is still known (a customer) has `deleted`."""
        held = self._kinds.get(kind, {}).get(self._place_of(id or ""))
        return None if held is None else _copy(held)

    def find_any(self, id: str) -> Json | None:
        """The object with that id, whatever it is."""
        return self.find(self._kind_of.get(self._place_of(id), ""), id)

    def list(self, kind: str, **match: Any) -> list[Json]:
        """Copies, the newest first. `recurring__interval="month"` looks inside."""
        return [
            _copy(held)
            for held in reversed(self._kinds.get(kind, {}).values())
            if held.get("_account") == self.scope
            and all(_value(held, name) == value for name, value in match.items())
        ]

    def count_kinds(self) -> dict[str, int]:
        """How many there are of each kind, those of connected accounts as well."""
        return {kind: len(rows) for kind, rows in sorted(self._kinds.items()) if kind[0] != "_" and rows}

    def each(self, kind: str) -> Iterator[Json]:
        """The objects themselves, the oldest first, for reading alone: quick over many."""
        return (
            held for held in list(self._kinds.get(kind, {}).values()) if held.get("_account") == self.scope
        )

    def now(self, clock_id: str | None = None) -> int:
        """The time in seconds, by the test clock where one is named."""
        clock = self._kinds.get(_CLOCKS, {}).get(clock_id or "")
        return int(clock["frozen_time"]) if clock else int(time.time() + self.offset)

    # --- writing ---

    def put(self, object: Json) -> Json:
        """Add or replace; the kind is what the object calls itself. Returns what was given."""
        kind, id = str(object["object"]), str(object["id"])
        kept = _copy(object)
        if self.scope is not None:
            kept["_account"] = self.scope
        self._write(kind, self._place_of(id), kept)
        return object

    def delete(self, kind: str, id: str) -> Json:
        """Forget an object. Returns what Stripe answers."""
        if self.find(kind, id) is not None:
            self._write(kind, self._place_of(id), None)
        return {"id": id, "object": kind, "deleted": True}

    def emit(self, event_type: str, object: Json, previous: Json | None = None) -> Json:
        """An event about the object as it now is. `previous` holds what an update changed, as it was before."""
        from .events import build_event

        event = self.put(build_event(self, event_type, object, previous) | {"_at": self.now()})
        self.on_event(event)
        return event

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. An error that `keeps` leaves what was written."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        try:
            yield
        except BaseException as error:
            if getattr(error, "keeps", False):
                self._commit()
            else:
                self._roll_back()
            raise
        else:
            self._commit()
        finally:
            self._undo = None

    @contextmanager
    def as_account(self, account: str | None) -> Iterator[None]:
        """The objects of a connected account, or with None the platform's."""
        before, self.scope = self.scope, account
        try:
            yield
        finally:
            self.scope = before

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: on an error, what was written since is undone, and the error goes on."""
        if self._undo is None:
            raise RuntimeError("A savepoint needs a transaction around it.")
        begun = len(self._undo)
        try:
            yield
        except BaseException:
            self._roll_back(begun)
            raise

    def reset(self) -> None:
        """Forget everything, the time as well."""
        self._kinds, self._kind_of = {}, {}
        self.offset, self.scope, self.request = 0.0, None, None
        self._file.execute("delete from object")
        self._file.commit()

    def snapshot(self) -> Taken:
        """All objects as they are, for `restore`; what was answered under idempotency keys stays with its requests."""
        return [
            (kind, id, orjson.dumps(held))
            for kind, rows in self._kinds.items()
            if kind != "_idempotency"
            for id, held in rows.items()
        ]

    def restore(self, taken: Taken) -> None:
        """Put the objects of a snapshot of this very store back, in their order, with no event."""
        with self.transaction():
            for kind, id, held in taken:
                self._write(kind, id, orjson.loads(held))

    def set_offset(self, seconds: float) -> None:
        """Set this world's time apart from the wall's."""
        self.offset = seconds
        with self.transaction():
            self._write("_setting", "offset", {"object": "_setting", "id": "offset", "seconds": seconds})

    def prune(self) -> None:
        """Forget what is so old that Stripe would not know it either."""
        with self.transaction():
            for kind, (key, days) in _KEPT_DAYS.items():
                old = self.now() - days * 86_400
                for id, held in list(self._kinds.get(kind, {}).items()):
                    if held.get(key, old) < old:
                        self._write(kind, id, None)

    def close(self) -> None:
        self._file.close()

    # --- inside ---

    def _place_of(self, id: str) -> str:
        """Ids that people choose (a coupon's, a product's) may be the same in two accounts."""
        return id if self.scope is None else f"{self.scope}/{id}"

    def _write(self, kind: str, id: str, held: Json | None) -> None:
        if self._undo is None:
            with self.transaction():
                self._write(kind, id, held)
            return
        self._undo.append((kind, id, self._kinds.get(kind, {}).get(id)))
        self._place(kind, id, held)

    def _place(self, kind: str, id: str, held: Json | None) -> None:
        self.writes += 1
        rows = self._kinds.setdefault(kind, {})
        if held is None:
            rows.pop(id, None)
            self._kind_of.pop(id, None)
            return
        if "_serial" not in held:
            before = rows.get(id)
            self._serial += 1
            held["_serial"] = before["_serial"] if before else self._serial
        rows[id] = held
        self._kind_of[id] = kind

    def _commit(self) -> None:
        written = {(kind, id) for kind, id, _ in self._undo or []}
        if not written:
            return
        for kind, id in written:
            held = self._kinds[kind].get(id)
            if held is None:
                self._file.execute("delete from object where kind = ? and id = ?", (kind, id))
            else:
                self._file.execute(
                    "insert or replace into object values (?, ?, ?, ?)",
                    (kind, id, held["_serial"], orjson.dumps(held)),
                )
        self._file.commit()

    def _roll_back(self, begun: int = 0) -> None:
        """Undo the writes of this transaction from the `begun`-th on."""
        undo = self._undo or []
        for kind, id, before in reversed(undo[begun:]):
            back = before is not None and id not in self._kinds[kind]
            self._place(kind, id, before)
            if back:  # in its old place
                rows = self._kinds[kind]
                self._kinds[kind] = dict(sorted(rows.items(), key=lambda row: row[1]["_serial"]))
        del undo[begun:]

    def _load(self) -> None:
        for kind, id, serial, body in self._file.execute("select * from object order by serial"):
            self._place(kind, id, orjson.loads(body))
            self._serial = max(self._serial, serial)
        setting = self._kinds.get("_setting", {}).get("offset")
        self.offset = setting["seconds"] if setting else 0.0


def shown(object: Any) -> Any:
    """The object without what is the store's own, and without what appears only when it is expanded."""
    if isinstance(object, dict):
        kind = object.get("object")
        hidden = _HIDDEN.get(kind, ()) if isinstance(kind, str) else ()
        return {
            key: shown(value)
            for key, value in object.items()
            if not key.startswith("_") and key not in hidden
        }
    if isinstance(object, list):
        return [shown(value) for value in object]
    return object


def hide(kind: str, *fields: str) -> None:
    """Those fields of a kind are kept and not shown, unless they are expanded."""
    _HIDDEN.setdefault(kind, set()).update(fields)


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path or ":memory:", check_same_thread=False)
    # A killed process loses nothing; only a machine that loses its power may lose the last moments.
    file.execute("pragma journal_mode = wal")
    file.execute("pragma synchronous = off")
    file.execute(
        "create table if not exists object (kind text, id text, serial integer, body blob, primary key (kind, id))"
    )
    return file


def _copy(object: Json) -> Json:
    return orjson.loads(orjson.dumps(object))  # type: ignore[no-any-return]


def _value(object: Any, name: str) -> Any:
    for part in name.split("__"):
        object = object.get(part) if isinstance(object, dict) else None
    return object
