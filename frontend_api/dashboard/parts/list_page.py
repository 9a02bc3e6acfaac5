"""A list's page: what its template shows for one address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.safestring import SafeString

from engagement.members.saved_views import SavedViewLine, list_saved_views
from frontend_api.dashboard.access import Desk

from .choices import write_ticks
from .filters import Choice, Filter
from .lists import BulkAct, Column, Empty, ListKind, ListQuery, Place, read_query, write_place

_PLACES = ("after", "before")


@dataclass(frozen=True, slots=True)
class HeadView:
    """A column's head. `direction` is ascending, descending or empty."""

    key: str
    name: str
    number: bool
    href: str
    direction: str


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """A filter as fields: `given` is what the address said, be it readable or not."""

    filter: Filter
    given: tuple[str, ...]
    error: str

    @property
    def choices(self) -> list[tuple[Choice, bool]]:
        return [(choice, choice.value in self.given) for choice in self.filter.choices]

    @property
    def ticks(self) -> SafeString:
        return write_ticks(
            self.filter.key,
            [(choice.value, choice.name, choice.value in self.given) for choice in self.filter.choices],
        )

    @property
    def ends(self) -> list[tuple[str, str, str]]:
        """(parameter, label, value) of the two ends of a range."""
        words = ("at least", "at most") if self.filter.kind == "number" else ("from", "to")
        return list(zip(self.filter.parameters, words, self.given, strict=True))


@dataclass(frozen=True, slots=True)
class ListView:
    """Everything that parts/list.html shows."""

    kind: ListKind
    query: ListQuery
    path: str
    rows: list[Any]  # as the source gives them; the columns know what they show of one
    shown: list[Column]
    heads: list[HeadView]
    total: int
    chips: list[Chip]
    fields: list[FieldView]
    columns: list[tuple[str, str, bool]]
    state: list[tuple[str, str]]  # the address without search and place, as hidden fields
    previous: str
    next: str
    query_string: str  # what the list is narrowed to; of an export, a bulk act over all, a saved view
    views: list[SavedViewLine]
    acts: list[BulkAct]
    empty: Empty
    can_export: bool

    @property
    def sort_text(self) -> str:
        return ("-" if self.query.descending else "") + self.query.sort.key

    @property
    def search_state(self) -> list[tuple[str, str]]:
        return self.state

    @property
    def column_ticks(self) -> SafeString:
        return write_ticks("col", self.columns)

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The hidden fields of a form that has fields of its own under these names."""
        return [(name, value) for name, value in self.state if name not in names]

    @property
    def filter_state(self) -> list[tuple[str, str]]:
        mine = {name for one in self.kind.filters for name in one.parameters}
        return [*self.without(*mine), *([("q", self.query.text)] if self.query.text else [])]

    @property
    def column_state(self) -> list[tuple[str, str]]:
        return [*self.without("col"), *([("q", self.query.text)] if self.query.text else [])]


def show_list(
    request: HttpRequest,
    desk: Desk,
    kind: ListKind,
    *,
    template: str = "parts/list_page.html",
    facts: Mapping[str, Any] | None = None,
    export_action: str = "",
    export_gate: str = "",
) -> HttpResponse:
    """The whole page; for htmx, which asks with HX-Target `list`, its list alone. `template` extends parts/list_page.html."""
    view = build_list(request, desk, kind, export_action=export_action, export_gate=export_gate)
    if request.headers.get("HX-Target") == "list" and not request.headers.get("HX-History-Restore-Request"):
        return render(request, "parts/list.html", {"list": view, "desk": desk, "part": True, **(facts or {})})
    return render(request, template, {"list": view, "desk": desk, **(facts or {})})


def build_list(
    request: HttpRequest, desk: Desk, kind: ListKind, *, export_action: str = "", export_gate: str = ""
) -> ListView:
    """Read the page that the address asks for: count, rows, and the saved views."""
    given = request.GET
    query = read_query(kind, given, desk.context)
    rows, previous, following = _read_page(kind, query)
    columns = [column for column in kind.columns if column.key in query.columns]
    state = _clean(kind, query, given)
    return ListView(
        kind=kind,
        query=query,
        path=request.path,
        rows=rows,
        shown=columns,
        heads=[
            HeadView(
                column.key, column.name, column.number, *_sort_link(request.path, state, query, column.sort)
            )
            for column in columns
        ],
        total=kind.source.count(query),
        chips=_chips(kind, query, request.path, state),
        fields=[
            FieldView(
                one,
                tuple(given.getlist(one.key))
                if len(one.parameters) == 1
                else tuple(given.get(name, "") for name in one.parameters),
                query.readings[one.key].error,
            )
            for one in kind.filters
        ],
        columns=[(column.key, column.name, column.key in query.columns) for column in kind.columns],
        state=[pair for pair in state if pair[0] != "q"],
        previous=_address(request.path, [*state, ("before", write_place(previous))]) if previous else "",
        next=_address(request.path, [*state, ("after", write_place(following))]) if following else "",
        query_string=urlencode(state),
        views=list_saved_views(list_key=kind.key, user_id=desk.user_id),
        acts=[act for act in kind.acts if desk.may(act.action)],
        empty=kind.empty,
        can_export=bool(export_action)
        and desk.may(export_action)
        and (not export_gate or desk.opens[export_gate]),
    )


def _read_page(kind: ListKind, query: ListQuery) -> tuple[list[Any], Place | None, Place | None]:
    """The rows, and the places to go back and on from; one row more than shown tells whether there are others."""
    size, sort = kind.page_size, query.sort
    if query.before is not None:
        found = kind.source.read(query, limit=size + 1, after=query.before, backwards=True)
        rows = found[:size][::-1]
        if rows:
            more = len(found) > size
            return rows, kind.source.place(rows[0], sort) if more else None, kind.source.place(rows[-1], sort)
    found = kind.source.read(query, limit=size + 1, after=query.after, backwards=False)
    rows = found[:size]
    back = kind.source.place(rows[0], sort) if rows and query.after is not None else None
    return rows, back, kind.source.place(rows[-1], sort) if len(found) > size else None


def _clean(kind: ListKind, query: ListQuery, given: QueryDict) -> list[tuple[str, str]]:
    """The address again, reduced to what was understood; what is as it would be anyhow is left out."""
    pairs = [("q", query.text)] if query.text else []
    for one in kind.filters:
        if one.key in query.values:
            pairs += [(name, value) for name in one.parameters for value in given.getlist(name) if value]
    sort = ("-" if query.descending else "") + query.sort.key
    if sort != kind.sort:
        pairs.append(("sort", sort))
    if query.columns != tuple(column.key for column in kind.columns if column.shown):
        pairs += [("col", key) for key in query.columns]
    return pairs


def _address(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    text = urlencode(list(pairs))
    return f"{path}?{text}" if text else path


def _sort_link(path: str, state: list[tuple[str, str]], query: ListQuery, sort: str) -> tuple[str, str]:
    """Where a click on the head leads, and how the column is sorted now."""
    if not sort:
        return "", ""
    rest = [pair for pair in state if pair[0] != "sort"]
    if sort != query.sort.key:
        return _address(path, [*rest, ("sort", sort)]), ""
    turned = sort if query.descending else f"-{sort}"
    return _address(path, [*rest, ("sort", turned)]), "descending" if query.descending else "ascending"


def _chips(kind: ListKind, query: ListQuery, path: str, state: list[tuple[str, str]]) -> list[Chip]:
    chips = []
    for one in kind.filters:
        if one.key in query.values:
            rest = [pair for pair in state if pair[0] not in one.parameters]
            chips.append(Chip(query.readings[one.key].said, _address(path, rest)))
    return chips
