"""A list as a file: every row that its address asks for, read piece by piece, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import orjson
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from engagement.audit.services import record_audit
from frontend_api.dashboard.access import Desk
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from .cells import plain
from .lists import ListKind, ListQuery, Place, read_query

AT_ONCE: Final = 1_000  # rows read by one unit of work
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
# A spreadsheet takes a cell that begins with one of these for a formula.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def export_list(
    request: HttpRequest,
    desk: Desk,
    kind: ListKind,
    *,
    format: str,
    action: str = "",
    query: ListQuery | None = None,
) -> HttpResponseBase:
    """The file, streamed: the columns that the address shows and the rows that it asks for, in its order. Rows that come or go
    meanwhile may or may not be in it; none is in it twice. `action` is recorded in the audit log; `query` takes the place of
    what the address asks."""
    query = query or read_query(kind, request.GET, desk.context)
    if action:
        with transaction.atomic():
            record_audit(
                actor=desk.actor,
                action=action,
                target_kind="list",
                target_id=kind.key,
                target_name=desk.context.name,
                after={"format": format, "filters": request.GET.urlencode()[:400]},
            )
    response = StreamingHttpResponse(
        _stream(kind, query, desk.context, format)
        if isinstance(request, ASGIRequest)
        else _pieces(kind, query, desk.context, format),
        content_type=FORMATS[format],
    )
    day = timezone.localtime(clock.now()).date()
    response["Content-Disposition"] = f'attachment; filename="{desk.context.slug}-{kind.key}-{day}.{format}"'
    response["Cache-Control"] = "private, no-store"
    return response


def make_safe(value: object) -> object:
    """A cell that no spreadsheet computes: text that looks like a formula gets an apostrophe in front. Numbers stay."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_DANGEROUS):
        return f"'{value}"
    return value


async def _stream(
    kind: ListKind, query: ListQuery, context: TenantContext, format: str
) -> AsyncIterator[bytes]:
    """The pieces one by one, each made on a thread that enters the tenant inside; the event loop only hands them on."""
    place: Place | None = None
    first = True
    while True:
        piece, place = await sync_to_async(_read_piece)(kind, query, context, format, place, first)
        yield piece
        first = False
        if place is None:
            return


def _pieces(kind: ListKind, query: ListQuery, context: TenantContext, format: str) -> Iterator[bytes]:
    place: Place | None = None
    first = True
    while first or place is not None:
        piece, place = _read_piece(kind, query, context, format, place, first)
        yield piece
        first = False


def _read_piece(
    kind: ListKind, query: ListQuery, context: TenantContext, format: str, after: Place | None, first: bool
) -> tuple[bytes, Place | None]:
    """One unit of work: up to AT_ONCE rows as bytes, and where to go on; None at the end."""
    with enter_tenant(context), timezone.override(context.timezone):
        found = kind.source.read(query, limit=AT_ONCE + 1, after=after, backwards=False)
        rows = found[:AT_ONCE]
        going_on = kind.source.place(rows[-1], query.sort) if len(found) > AT_ONCE else None
        columns = [column for column in kind.columns if column.key in query.columns]
        values = [[plain(column.value(row)) for column in columns] for row in rows]
    if format == "json":
        return _write_json([column.key for column in columns], values, first, going_on is None), going_on
    return _write_csv([column.name for column in columns], values, first), going_on


def _write_csv(names: list[str], values: list[list[Any]], first: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        text.write("\ufeff")  # without it Excel reads UTF-8 as something else
        writer.writerow(names)
    writer.writerows([[make_safe(value) for value in line] for line in values])
    return text.getvalue().encode()


def _write_json(keys: list[str], values: list[list[Any]], first: bool, last: bool) -> bytes:
    lines = b",\n".join(orjson.dumps(dict(zip(keys, line, strict=True))) for line in values)
    begin = b"[\n" if first else b",\n" if lines else b""
    return begin + lines + (b"\n]\n" if last else b"")
