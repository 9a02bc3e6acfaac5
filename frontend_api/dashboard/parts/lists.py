"""A list of the dashboard, as its page declares it, and what one address asks of it.

    MEMBERS = ListKind(
        key="members", name="members", columns=(Column("name", "Name", lambda row: …, sort="name"), …),
        filters=(Filter("level", "Level", "number"), …), sorts=(Sort("name", "text"), …), sort="-points",
        source=MemberSource(), …)

A source reads pages by the place of a row in the order (keyset), so that page 10,000 costs what page 1 does and nothing is
shown twice while rows come and go. `QuerySetSource` is one over a queryset.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from tenants.context import TenantContext

from .filters import Filter, Reading, read_filter

MAX_TEXT: Final = 100
PAGE_SIZE: Final = 50
_MAX_CURSOR: Final = 600
_MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """`value` gives what the cell shows (see cells.py); `sort` names one of the list's sorts; `shown`: unless the reader
    chooses otherwise."""

    key: str
    name: str
    value: Callable[[Any], object]
    sort: str = ""
    shown: bool = True
    number: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """An order by `key`. Its values are never null. `expression` is the field of a QuerySetSource; the key where empty."""

    key: str
    kind: str  # text, number or moment
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in the order: the value it is sorted by, and its id for equals."""

    value: str | int | datetime
    id: int


@dataclass(frozen=True, slots=True)
class BulkAct:
    """Something to be done with ticked rows. `action` is whose permission it takes."""

    key: str
    name: str
    icon: str
    action: str


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands where a list has nothing at all: why, and one next step."""

    icon: str
    title: str
    text: str
    href: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What is asked of a list. `values` holds the filters that are set."""

    text: str
    values: Mapping[str, Any]
    sort: Sort
    descending: bool
    columns: tuple[str, ...]
    readings: Mapping[str, Reading] = field(default_factory=dict)
    after: Place | None = None
    before: Place | None = None

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.values)


class Source(Protocol):
    """Where a list's rows come from. Each method is a fixed number of queries."""

    def count(self, query: ListQuery) -> int: ...

    def read(self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool) -> list[Any]:
        """The rows after `after` in the query's order; `backwards`: those before it, nearest first."""

    def place(self, row: Any, sort: Sort) -> Place: ...


@dataclass(frozen=True, slots=True)
class ListKind:
    key: str  # names saved views and files
    name: str  # the plural: "members"
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    sort: str  # the order at first; a minus in front: falling
    source: Source
    filters: tuple[Filter, ...] = ()
    search: str = ""  # the search box's label; empty: none
    acts: tuple[BulkAct, ...] = ()
    empty: Empty = Empty("list-details", "Nothing here yet", "")
    row_name: Callable[[Any], str] = str
    row_id: Callable[[Any], int] = lambda row: int(row.pk)
    page_size: int = PAGE_SIZE


def read_query(kind: ListKind, given: QueryDict, context: TenantContext) -> ListQuery:
    """What an address asks. What it gets wrong is left out, and said where it is a filter's."""
    sort, descending = _read_sort(kind, given.get("sort", ""))
    readings = {one.key: read_filter(one, given, context.timezone) for one in kind.filters}
    chosen = [column.key for column in kind.columns if column.key in given.getlist("col")]
    text = " ".join(given.get("q", "").replace("\x00", "").split())[:MAX_TEXT]
    return ListQuery(
        text=text if kind.search else "",
        values={key: reading.value for key, reading in readings.items() if reading.value is not None},
        sort=sort,
        descending=descending,
        columns=tuple(chosen or [column.key for column in kind.columns if column.shown]),
        readings=readings,
        after=read_place(given.get("after", ""), sort),
        before=read_place(given.get("before", ""), sort),
    )


def _read_sort(kind: ListKind, text: str) -> tuple[Sort, bool]:
    sorts = {sort.key: sort for sort in kind.sorts}
    if text.removeprefix("-") not in sorts:
        text = kind.sort
    return sorts[text.removeprefix("-")], text.startswith("-")


def write_place(place: Place) -> str:
    """A place in an address. Readable to whoever tries, and worth nothing to them: it only says where to go on."""
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    return base64.urlsafe_b64encode(orjson.dumps([value, place.id])).decode().rstrip("=")


def read_place(text: str, sort: Sort) -> Place | None:
    """The place that an address names; None for what is none, or belongs to another order."""
    if not text or len(text) > _MAX_CURSOR:
        return None
    try:
        found: list[Any] = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        value, row_id = found
        if sort.kind == "moment":
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                return None
    except (ValueError, TypeError, binascii.Error):
        return None
    wanted: type[Any] = {"text": str, "number": int, "moment": datetime}[sort.kind]
    if not _is_exactly(value, wanted) or not _is_exactly(row_id, int) or not 0 <= row_id <= _MAX_ID:
        return None
    if (isinstance(value, int) and abs(value) > _MAX_ID) or (isinstance(value, str) and "\x00" in value):
        return None
    return Place(value, row_id)


def _is_exactly(value: object, wanted: type[Any]) -> bool:
    """True is an int to isinstance."""
    return type(value) is wanted


@dataclass(frozen=True, slots=True)
class QuerySetSource:
    """Rows of a queryset. `rows` applies search and filters and annotates what is sorted by (never null); `dress` turns a page
    of them into what the columns show, with a fixed number of queries. `counted`: how many there are for a query that the page
    has counted anyhow, else None."""

    rows: Callable[[ListQuery], QuerySet[Any, Any]]
    dress: Callable[[list[Any]], list[Any]] = list
    counted: Callable[[ListQuery], int | None] = lambda query: None

    def count(self, query: ListQuery) -> int:
        known = self.counted(query)
        return self.rows(query).count() if known is None else known

    def read(self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool) -> list[Any]:
        rows, name = self.rows(query), query.sort.expression or query.sort.key
        falling = query.descending != backwards
        if after is not None:
            side = "lt" if falling else "gt"
            rows = rows.filter(
                Q(**{f"{name}__{side}": after.value}) | Q(**{name: after.value, f"pk__{side}": after.id})
            )
        order = (F(name).desc(), F("pk").desc()) if falling else (F(name).asc(), F("pk").asc())
        return self.dress(list(rows.order_by(*order)[:limit]))

    def place(self, row: Any, sort: Sort) -> Place:
        return Place(getattr(row, sort.expression or sort.key), int(row.pk))
