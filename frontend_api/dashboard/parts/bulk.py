"""Acts on many rows of a list: which act, on which rows, the page that asks first, and the rows as a file.

What is sent is the list's bulk form (parts/list.html): `act`, the ticked `ids` or `scope=all` for all that match, and `query`, which is
what the list is narrowed to. The page that asks hands the same on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse

from frontend_api.dashboard.access import Desk
from frontend_api.figures import write_unit, write_whole
from saas.core.errors import InvalidInputError

from .confirm import Confirm, Consequence
from .export import export_list
from .lists import BulkAct, ListKind, ListQuery, read_query

MOST_EXPORTED: Final = 100_000
_MOST_QUERY: Final = 4_000  # characters of an address
Build = Callable[[QueryDict], ListKind]  # the list as an address asks for it
ListIds = Callable[..., list[int]]  # (query, limit=…): the ids of what the list, as narrowed, holds


def read_act(request: HttpRequest, acts: Mapping[str, BulkAct], noun: str) -> BulkAct:
    """The act that was pressed. Raises InvalidInputError."""
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise InvalidInputError(f"Choose what to do with the {noun} that you ticked.", field="act")
    return act


def address_of_list(request: HttpRequest, route: str) -> str:
    """The list as it was narrowed."""
    return f"{reverse(route)}?{request.POST.get('query', '')}".rstrip("?")


def choose_rows(
    request: HttpRequest,
    desk: Desk,
    build: Build,
    list_ids: ListIds,
    *,
    noun: str,
    most: int,
    narrow: str = "",
) -> list[int]:
    """The ids of the ticked rows, at most `most` of them, or of all that match. `narrow` says what the list can be narrowed to.
    Raises InvalidInputError where more match: an act on a part of them would look as if it were on all."""
    if request.POST.get("scope") != "all":
        given = " ".join(request.POST.getlist("ids")).replace(",", " ").split()
        ids = [int(one) for one in given if one.isascii() and one.isdecimal() and len(one) < 19]
        return list(dict.fromkeys(ids))[:most]
    ids = list_ids(_read_query(request, desk, build)[1], limit=most + 1)
    if len(ids) > most:
        part = f", {narrow}," if narrow else ""
        raise InvalidInputError(
            f"More than {write_whole(most)} {noun} match. Narrow the list down{part} and act on each part. Nothing was done."
        )
    return ids


def ask_about(
    act: BulkAct,
    ids: Sequence[int],
    *,
    noun: str,
    back: str,
    consequences: Sequence[tuple[str, str]],
    danger: bool = False,
    form: forms.BaseForm | None = None,
) -> Confirm:
    """The page that asks before many are changed, each by itself. `consequences`: (icon, text)."""
    return Confirm(
        title=f"{act.name}: {write_unit(len(ids), noun)}?",
        submit=f"{act.name} ({write_whole(len(ids))})",
        back=back,
        consequences=[Consequence(text, icon) for icon, text in consequences],
        danger=danger,
        hidden=[("act", act.key), ("ids", ",".join(map(str, ids))), ("query", back.partition("?")[2])],
        form=form,
    )


def export_chosen(
    request: HttpRequest, desk: Desk, build: Build, ids: Sequence[int], *, action: str
) -> HttpResponseBase:
    """The ticked rows, or all that match, as a file. Recorded in the audit log as `action`."""
    kind, query = _read_query(request, desk, build)
    if request.POST.get("scope") != "all":
        values: dict[str, Any] = {**query.values, "ids": tuple(ids)}
        query = replace(query, values=values)
    return export_list(request, desk, kind, format="csv", action=action, query=query)


def _read_query(request: HttpRequest, desk: Desk, build: Build) -> tuple[ListKind, ListQuery]:
    given = QueryDict(request.POST.get("query", "")[:_MOST_QUERY])
    kind = build(given)
    return kind, read_query(kind, given, desk.context)
