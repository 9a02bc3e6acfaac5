"""Boards: by period, page by page or around somebody. Open to everybody, as the page is."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.leaderboards.selectors import Board, get_around, get_board, get_rank, list_offered_periods
from engagement.members.errors import MemberNotFoundError
from engagement.standings.periods import KINDS
from saas.core.errors import InvalidInputError, NotFoundError

from .frame import ApiView
from .operations import operation
from .paging import MAX_OFFSET, read_cursor, write_cursor
from .serializing import Input, Output, Paging

TAG = "Leaderboards"
NAMES = {"all": "All time", "season": "Season", "month": "Month", "week": "Week"}


class NoSuchBoardError(NotFoundError):
    """There is no board of that period."""

    code = "no_such_board"


class BoardLine(Output):
    rank = serializers.IntegerField()
    member_id = serializers.IntegerField()
    name = serializers.CharField(help_text="As the member chose to be shown.")
    avatar_url = serializers.CharField()
    score = serializers.IntegerField(help_text="Whole points.")
    level = serializers.IntegerField()


class BoardAnswer(Output):
    """A page of a board."""

    period = serializers.ChoiceField(choices=KINDS)
    label = serializers.CharField(source="period_label", help_text="Such as “16–22 Nov 2026”.")  # type: ignore[assignment]
    starts_on = serializers.DateField(allow_null=True, help_text="Null for all time.")
    ends_on = serializers.DateField(allow_null=True, help_text="The last day.")
    total = serializers.IntegerField(help_text="How many members hold a rank.")
    tie_note = serializers.CharField(help_text="How equal scores are ordered.")
    items = BoardLine(many=True, source="rows")
    next_cursor = serializers.CharField(allow_null=True)


class BoardSummary(Output):
    period = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField()


class Boards(Output):
    items = BoardSummary(many=True)


class Place(Output):
    """Where a member stands, with their neighbours."""

    period = serializers.ChoiceField(choices=KINDS)
    member_id = serializers.IntegerField()
    rank = serializers.IntegerField(allow_null=True, help_text="Null for whoever holds none.")
    score = serializers.IntegerField()
    total = serializers.IntegerField(help_text="How many members hold a rank.")
    items = BoardLine(many=True, help_text="Best first; empty for whoever holds no rank.")


class BoardQuery(Paging):
    on = serializers.DateField(
        required=False, help_text="A day of the period, in the community's time zone; left out for today."
    )


class AroundQuery(Input):
    member = serializers.CharField(
        max_length=20, default="me", help_text="A member's id, or `me` for your own."
    )
    radius = serializers.IntegerField(
        min_value=1, max_value=25, default=5, help_text="Neighbours on either side."
    )
    on = serializers.DateField(required=False, help_text="A day of the period; left out for today.")


_LINE = {"rank": 1, "member_id": 12, "name": "Ada", "avatar_url": "", "score": 1284, "level": 7}
_PERIOD = "The period is `all`, `season`, `month` or `week`. "


class BoardList(ApiView):
    @operation(
        "list_boards",
        summary="List the leaderboards",
        description="The periods that have a board.",
        tag=TAG,
        answer=Boards,
        example={"items": [{"period": "week", "name": "Week"}]},
    )
    def get(self, request: Request) -> Response:
        return Response({"items": [{"period": kind, "name": NAMES[kind]} for kind in list_offered_periods()]})


class BoardDetail(ApiView):
    @operation(
        "get_board",
        summary="Read a leaderboard",
        description=_PERIOD + "Hidden members hold no rank; members under an alias go by it.",
        tag=TAG,
        query=BoardQuery,
        answer=BoardAnswer,
        errors=(404,),
        example={
            "period": "week",
            "label": "16–22 Nov 2026",
            "starts_on": "2026-11-16",
            "ends_on": "2026-11-22",
            "total": 1,
            "tie_note": "Equal points: who got there first stands higher, then who joined earlier.",
            "items": [_LINE],
            "next_cursor": None,
        },
    )
    def get(self, request: Request, period: str) -> Response:
        _check_period(period)
        query = self.read_query()
        offset = _offset(query.get("cursor", ""))
        board = get_board(kind=period, size=query["limit"], offset=offset, at=query.get("on"))
        return Response(BoardAnswer(_facts(board, offset)).data)


class BoardAround(ApiView):
    @operation(
        "get_board_around",
        summary="Read a leaderboard around somebody",
        description=_PERIOD + "Hidden members are found by themselves and the team alone.",
        tag=TAG,
        query=AroundQuery,
        answer=Place,
        errors=(404,),
        example={"period": "week", "member_id": 12, "rank": 1, "score": 1284, "total": 1, "items": [_LINE]},
    )
    def get(self, request: Request, period: str) -> Response:
        _check_period(period)
        query = self.read_query()
        member_id = self._member_id(query["member"])
        at = query.get("on")
        place = get_rank(member_id=member_id, kind=period, at=at)
        rows = get_around(member_id=member_id, kind=period, radius=query["radius"], at=at)
        if place.rank is None and not self._sees(member_id):
            raise MemberNotFoundError("There is no such member on this board.")
        facts = {"period": period, "member_id": member_id, "items": rows}
        return Response(Place(facts | {"rank": place.rank, "score": place.score, "total": place.total}).data)

    def _member_id(self, text: str) -> int:
        if text == "me":
            if self.caller.member_id is None:
                raise InvalidInputError("You have no member here. Name one by `member`.", field="member")
            return self.caller.member_id
        if not text.isdecimal() or not text.isascii():
            raise InvalidInputError("A member is named by a number, or by `me`.", field="member")
        return min(int(text), 2**63 - 1)

    def _sees(self, member_id: int) -> bool:
        """Who holds no rank may be hidden: they are shown to themselves and the team."""
        return member_id == self.caller.member_id or self.caller.can("view_members")


def _check_period(period: str) -> None:
    offered = list_offered_periods()
    if period not in offered:
        raise NoSuchBoardError(
            f"There is no board of the period {period!r:.20}. There is one of {', '.join(offered)}."
        )


def _offset(cursor: str) -> int:
    place = read_cursor(cursor, int)
    if place is None:
        return 0
    return max(0, min(int(place[0]), MAX_OFFSET))


def _facts(board: Board, offset: int) -> dict[str, Any]:
    seen = offset + len(board.rows)
    return {
        "period": board.kind,
        "period_label": board.period_label,
        "starts_on": board.starts_on,
        "ends_on": board.ends_on,
        "total": board.total,
        "tie_note": board.tie_note,
        "rows": board.rows,
        "next_cursor": write_cursor(seen) if board.rows and seen < board.total else None,
    }
