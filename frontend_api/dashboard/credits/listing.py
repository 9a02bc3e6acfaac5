"""The lists of credit requests and of moves, declared: what they show, what they are narrowed and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse

from engagement.credits.flagging import words_of_flag
from engagement.credits.models import CreditMove, CreditRequest, CreditType, RequestState
from engagement.credits.moving import GRANT, REVOKE, SPEND, UNDO
from engagement.credits.selectors import (
    MoveLine,
    RequestLine,
    dress_moves,
    filter_moves,
    filter_requests,
    with_members,
)
from engagement.members.models import Member
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Face, Link, Tag, Tags
from frontend_api.dashboard.parts.filters import Choice, Filter, Span
from frontend_api.dashboard.parts.lists import (
    BulkAct,
    Column,
    Empty,
    ListKind,
    ListQuery,
    QuerySetSource,
    Sort,
)
from frontend_api.figures import write_signed, write_unit

STATE_KINDS: Final = {
    RequestState.PENDING: "warn",
    RequestState.NEEDS_INFO: "accent",
    RequestState.APPROVED: "good",
}
STATE_WORDS: Final = {
    RequestState.PENDING: "Waits",
    RequestState.NEEDS_INFO: "Asked back",
    RequestState.APPROVED: "Granted",
    RequestState.REJECTED: "Rejected",
    RequestState.CANCELLED: "Cancelled",
}
MOVE_WORDS: Final = {GRANT: "Granted", REVOKE: "Revoked", SPEND: "Spent", UNDO: "Taken back"}
_VIA: Final = {"web": "Page", "bot": "Discord", "rest": "API"}
_YES: Final = (Choice("yes", "yes"),)


def build_requests_list(*, acts: tuple[BulkAct, ...] = ()) -> ListKind:
    """The requests, with this community's kinds of credits. One query."""
    types = {row.pk: row for row in CreditType.objects.order_by("pk")}

    def dress(rows: list[CreditRequest]) -> list[RequestLine]:
        for row in rows:
            if (
                row.type_id in types
            ):  # else it was made while an export runs, and is read when it is asked for
                row.type = types[row.type_id]
        return with_members(rows)

    return ListKind(
        key="credit-requests",
        name="requests",
        source=QuerySetSource(search_requests, dress),
        search="Search by member or reason",
        columns=_request_columns(),
        sorts=(Sort("when", "moment", "requested_at"), Sort("amount", "number")),
        sort="-when",
        filters=_request_filters(types),
        acts=acts,
        empty=Empty(
            "coins",
            "Nobody has requested credits yet",
            "Members request them on their page or in Discord with /request. Make a kind of credits first.",
            reverse("dashboard-credit-types"),
            "Open the kinds of credits",
        ),
        row_name=lambda row: f"{_what(row.request)} for {row.member.display_name}",
        row_id=lambda row: int(row.pk),
    )


def _request_columns() -> tuple[Column, ...]:
    return (
        Column("what", "Request", lambda row: Link(_what(row.request), address_of(row.pk))),
        Column("member", "Member", lambda row: show_member(row.member)),
        Column("state", "State", lambda row: show_states(row)),
        Column("flags", "Look twice", _show_flags),
        Column("amount", "Amount", lambda row: row.amount, sort="amount", number=True, shown=False),
        Column("when", "Requested", lambda row: row.requested_at, sort="when"),
        Column("reason", "Reason", lambda row: row.request.reason, shown=False),
        Column("granted", "Granted", lambda row: row.request.granted, number=True, shown=False),
        Column("decided", "Decided", lambda row: row.request.decided_at, shown=False),
        Column("by", "Decided by", lambda row: row.request.decided_by, shown=False),
        Column("note", "Note", lambda row: row.request.note, shown=False),
        Column("via", "From", lambda row: _VIA.get(row.request.via, row.request.via), shown=False),
        Column("id", "Number", lambda row: row.pk, number=True, shown=False),
    )


def _request_filters(types: Mapping[int, CreditType]) -> tuple[Filter, ...]:
    return (
        Filter("state", "State", "choice", tuple(Choice(one, words) for one, words in STATE_WORDS.items())),
        Filter("type", "Credits", "choice", tuple(Choice(str(row.pk), row.name) for row in types.values())),
        Filter("flagged", "Look twice", "one", _YES),
        Filter("overdue", "Waits for too long", "one", _YES),
        Filter("amount", "Amount", "number"),
        Filter("days", "Requested", "days"),
    )


def build_moves_list() -> ListKind:
    """What moved outside of requests. One query for the kinds of credits."""
    return ListKind(
        key="credit-moves",
        name="moves",
        source=QuerySetSource(_search_moves, dress_moves),
        search="Search by member or reason",
        columns=(
            Column("member", "Member", lambda row: show_member(row.member)),
            Column("amount", "Credits", lambda row: f"{write_signed(row.move.amount)} {row.move.type.name}"),
            Column("kind", "What", _show_kind),
            Column("reason", "Reason", lambda row: row.move.reason),
            Column("by", "By", lambda row: row.move.actor_name),
            Column("when", "When", lambda row: row.created_at, sort="when"),
            Column("undo", "Take back", _show_undo),
            Column("id", "Number", lambda row: row.pk, number=True, shown=False),
        ),
        sorts=(Sort("when", "moment", "created_at"),),
        sort="-when",
        filters=(
            Filter("kind", "What", "choice", tuple(Choice(one, words) for one, words in MOVE_WORDS.items())),
            Filter("type", "Credits", "choice", type_choices()),
            Filter("days", "When", "days"),
        ),
        empty=Empty(
            "coins",
            "Nothing was moved by hand yet",
            "What you grant and revoke, and what your programs spend, stands here with its reason.",
        ),
        row_name=lambda row: (
            f"{write_signed(row.move.amount)} {row.move.type.name} of {row.member.display_name}"
        ),
        row_id=lambda row: int(row.pk),
    )


def search_requests(query: ListQuery) -> QuerySet[CreditRequest]:
    values = query.values
    since, until = _ends(values.get("days"))
    least, most = _ends(values.get("amount"))
    return filter_requests(
        states=values.get("state", ()),
        type_ids=[int(one) for one in values["type"]] if "type" in values else None,
        flagged="flagged" in values,
        overdue="overdue" in values,
        search=query.text,
        since=since,
        until=until,
        least=least,
        most=most,
        ids=values.get("ids"),
    )


def list_ids(query: ListQuery, *, limit: int) -> list[int]:
    """The ids of all that the list, as narrowed, holds: those that waited longest first."""
    return list(search_requests(query).order_by("requested_at", "pk").values_list("pk", flat=True)[:limit])


def type_choices() -> tuple[Choice, ...]:
    return tuple(Choice(str(row.pk), row.name) for row in CreditType.objects.order_by("pk"))


def show_states(row: RequestLine) -> Tags:
    state = RequestState(row.request.state)
    words = STATE_WORDS[state]
    if state == RequestState.APPROVED and row.request.granted < row.request.amount:
        words = f"Granted {row.request.granted:,}"
    tags = [Tag(words, STATE_KINDS.get(state, ""))]
    if row.overdue:
        tags.append(Tag("Overdue", "warn"))
    return Tags(tuple(tags))


def show_member(member: Member) -> Face:
    note = "deleted" if member.deleted_at is not None else ""
    return Face(
        member.display_name, write_address("dashboard-member", member.pk), member.avatar_url, member.pk, note
    )


def address_of(request_id: int) -> str:
    return write_address("dashboard-credit-request", request_id)


def _what(request: CreditRequest) -> str:
    return f"{request.type.name}: {write_unit(request.amount, request.type.unit)}"


def _show_flags(row: RequestLine) -> Tags:
    return Tags(tuple(Tag(words_of_flag(flag), "warn") for flag in row.request.flags))


def _show_kind(row: MoveLine) -> Tags:
    tags = [Tag(MOVE_WORDS.get(row.move.kind, row.move.kind), "good" if row.move.amount > 0 else "")]
    if row.undone:
        tags.append(Tag("Taken back"))
    return Tags(tuple(tags))


def _show_undo(row: MoveLine) -> Link | None:
    if row.undone or row.move.kind == UNDO:
        return None
    return Link("Take back", write_address("dashboard-credit-move-undo", row.pk))


def _search_moves(query: ListQuery) -> QuerySet[CreditMove]:
    values = query.values
    since, until = _ends(values.get("days"))
    return filter_moves(
        type_ids=[int(one) for one in values["type"]] if "type" in values else None,
        kinds=values.get("kind", ()),
        search=query.text,
        since=since,
        until=until,
    )


def _ends(span: Any) -> tuple[Any, Any]:
    return (span.low, span.high) if isinstance(span, Span) else (None, None)
