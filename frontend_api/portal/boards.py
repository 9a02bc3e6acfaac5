"""The leaderboard as a page shows it. One function for the page, the poll and the live socket, so that they agree."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from engagement.leaderboards.selectors import Board, BoardRow, get_board, get_rank
from engagement.members.models import Member

KINDS = {"all": "All time", "season": "Season", "month": "Month", "week": "Week"}
PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a page stands among its neighbours; addresses are empty at the ends."""

    number: int
    count: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row and what the page adds to it."""

    row: BoardRow
    share: int  # of the leader's score, in percent
    is_me: bool


@dataclass(frozen=True, slots=True)
class MyLine:
    """Me, when my row is on another page or I have no rank yet."""

    member_id: int
    name: str
    avatar_url: str
    rank: int | None
    score: int
    href: str


@dataclass(frozen=True, slots=True)
class BoardPage:
    kind: str
    board: Board
    lines: list[Line]
    pages: Pages
    mine: MyLine | None


def address_of(kind: str, page: int = 1) -> str:
    """The page's address; what is the default stays out of it. All time is it wherever it is offered."""
    query = {"period": kind} if kind != "all" else {}
    if page > 1:
        query["page"] = str(page)
    return reverse("leaderboard") + (f"?{urlencode(query)}" if query else "")


def address_of_rank(kind: str, rank: int | None) -> str:
    """The page that holds the rank; the first where there is none."""
    return address_of(kind, 1 if rank is None else (rank - 1) // PAGE_SIZE + 1)


def build_board(*, kind: str, page: int, me: int | None) -> BoardPage:
    """One page of a board, in a number of queries that does not grow with it. `me` is my member's id."""
    offset = (page - 1) * PAGE_SIZE
    board = get_board(kind=kind, size=PAGE_SIZE, offset=offset)
    leader = board.rows[0].score if board.rows else 0
    if board.rows and page > 1:
        top = get_board(kind=kind, size=1).rows
        leader = top[0].score if top else leader
    lines = [
        Line(
            row, share=max(0, round(row.score * 100 / leader)) if leader > 0 else 0, is_me=row.member_id == me
        )
        for row in board.rows
    ]
    count = max(1, -(-board.total // PAGE_SIZE))
    pages = Pages(
        number=page,
        count=count,
        previous=address_of(kind, page - 1) if page > 1 else "",
        next=address_of(kind, page + 1) if page < count else "",
    )
    on_page = any(line.is_me for line in lines)
    return BoardPage(kind, board, lines, pages, mine=None if me is None or on_page else _find_mine(me, kind))


def _find_mine(member_id: int, kind: str) -> MyLine | None:
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        return None
    place = get_rank(member_id=member_id, kind=kind)
    return MyLine(
        member_id=member.pk,
        name=member.display_name,
        avatar_url=member.avatar_url,
        rank=place.rank,
        score=place.score,
        href=address_of_rank(kind, place.rank),
    )
