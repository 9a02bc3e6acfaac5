"""What every service of this package does inside its ledger_unit: read rows, open a book, write it, bring ranks in line."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from engagement.ledger.arrays import int_array
from engagement.ledger.statements import Run, in_schema
from engagement.levels.selectors import load_curve
from engagement.standings.eligibility import holds_rank
from engagement.standings.histogram import Bounds
from engagement.standings.models import StandingsState
from engagement.standings.periods import ALL_TIME
from engagement.standings.splitting import split_buckets
from saas.events.wake import announce
from tenants.context import TenantContext

from .book import Book
from .rows import BY_ID, MemberRow
from .writes import load_bounds, read_written, settle_past, write_book


def open_book(context: TenantContext) -> Book:
    state = StandingsState.objects.get(pk=1)
    return Book(
        zone=context.timezone,
        first_weekday=context.first_weekday,
        season_length=state.season_length,
        level_for=load_curve().level_for,
    )


def read_rows(
    run: Run, schema: str, context: TenantContext, member_ids: Sequence[int]
) -> dict[int, MemberRow]:
    """The members in hand by id; whoever does not exist is left out."""
    found = run(in_schema(BY_ID, schema), (int_array(member_ids),)).fetchall()
    rows = [MemberRow(columns[1:], context.timezone, ALL_TIME) for columns in found]
    return {row.member_id: row for row in rows}


def write_rows(run: Run, schema: str, book: Book, *, silent: bool = False) -> None:
    """The book, in the database; the boards hear of it when the transaction commits, unless `silent`."""
    book.finish()
    settle_past(run, schema, book)
    bounds = Bounds(0)
    load_bounds(run, schema, bounds, book.moves.periods())
    oversized, news_id = read_written(write_book(run, schema, book, bounds, silent=silent))
    split_buckets(run, schema, oversized)
    if news_id is not None:
        transaction.on_commit(lambda: announce(schema, news_id))


def rerank(run: Run, schema: str, context: TenantContext, member_ids: Sequence[int]) -> None:
    """Each member's right to a rank, as what is stored of them says."""
    book = open_book(context)
    excluded_roles = frozenset(StandingsState.objects.values_list("excluded_roles", flat=True).get(pk=1))
    for row in read_rows(run, schema, context, member_ids).values():
        book.rerank(row, holds_rank(row, excluded_roles))
    if book.reranked:
        write_rows(run, schema, book)
