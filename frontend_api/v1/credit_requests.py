"""Credit requests: made, decided one by one or many at once, cancelled, taken back; and their figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.credits.checks import MAX_NOTE, MAX_REASON, MOST
from engagement.credits.deciding import (
    ACTS,
    MAX_AT_ONCE,
    approve_request,
    ask_about_request,
    decide_many,
    reject_request,
    undo_decision,
)
from engagement.credits.figures import BUCKETS, get_figures
from engagement.credits.flagging import words_of_flag
from engagement.credits.models import CreditRequest, RequestState
from engagement.credits.requesting import answer_request, cancel_request, request_credits
from engagement.credits.selectors import RequestLine, get_request, list_requests
from saas.core import clock
from saas.core.errors import InvalidInputError, NotFoundError
from saas.core.ids import new_ulid

from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .paging import BadCursorError, cut, read_cursor
from .serializing import MAX_ID, Input, Moment, Output, Paging, id_field

TAG = "Credits"
STATES = [state.value for state in RequestState]


class NoMemberError(NotFoundError):
    """Who asks is no member of this community, so there is nothing of theirs."""

    code = "no_member"

    def __init__(self) -> None:
        super().__init__(
            "You are no member of this community yet. Join it first, or name the member that you mean."
        )


class HistoryLine(Output):
    state = serializers.ChoiceField(choices=STATES)
    at = serializers.CharField(help_text="ISO 8601.")
    by = serializers.CharField()
    note = serializers.CharField()


class CreditRequestAnswer(Output):
    """A request and where it stands."""

    id = serializers.IntegerField(source="request.pk")
    type_id = serializers.IntegerField(source="request.type_id")
    type = serializers.CharField(source="request.type.key")
    member_id = serializers.IntegerField(source="request.member_id")
    member_name = serializers.CharField(source="member.display_name")
    amount = serializers.IntegerField(source="request.amount")
    granted = serializers.IntegerField(source="request.granted")
    state = serializers.ChoiceField(choices=STATES, source="request.state")
    reason = serializers.CharField(source="request.reason")
    note = serializers.CharField(source="request.note", help_text="Why it was decided so, or what is asked.")
    flags = serializers.SerializerMethodField(help_text="Why somebody should look twice.")
    overdue = serializers.BooleanField(help_text="It waits for longer than these credits say.")
    via = serializers.CharField(source="request.via")
    requested_at = serializers.DateTimeField(source="request.requested_at")
    decided_at = serializers.DateTimeField(source="request.decided_at", allow_null=True)
    decided_by = serializers.CharField(source="request.decided_by")
    history = HistoryLine(many=True, source="request.history")

    def get_flags(self, line: Any) -> list[str]:
        return [words_of_flag(flag) for flag in line.request.flags]


class OwnRequestAnswer(Output):
    """A request of one's own."""

    id = serializers.IntegerField(source="pk")
    type = serializers.CharField(source="type.key")
    amount = serializers.IntegerField()
    granted = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField()
    note = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class RequestQuery(Paging):
    state = serializers.MultipleChoiceField(
        choices=STATES, required=False, help_text="Only in these states; may be given more than once."
    )
    type_id = serializers.IntegerField(
        min_value=1, max_value=2**15 - 1, required=False, help_text="Only of this kind."
    )
    member_id = id_field("Only this member's.", required=False)
    flagged = serializers.BooleanField(required=False, help_text="Only suspicious ones.")
    overdue = serializers.BooleanField(required=False, help_text="Only those that wait for too long.")
    search = serializers.CharField(
        max_length=100, required=False, help_text="In members' names and in reasons."
    )
    since = Moment(required=False, help_text="Made then or later.")
    until = Moment(required=False, help_text="Made before.")
    oldest_first = serializers.BooleanField(required=False, default=False, help_text="As a queue.")


class RequestInput(Input):
    type = serializers.CharField(max_length=20, help_text="The key of the kind of credits.")
    amount = serializers.IntegerField(min_value=1, max_value=MOST, help_text="Whole credits.")
    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True, default="")
    member_id = id_field(
        "For whom: needed by API keys; people ask for themselves.",
        required=False,
        allow_null=True,
        default=None,
    )


class ApproveInput(Input):
    amount = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        allow_null=True,
        default=None,
        help_text="A part of it; left out: all.",
    )
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")


class RejectInput(Input):
    reason = serializers.CharField(max_length=MAX_NOTE, help_text="The member reads it.")


class AskInput(Input):
    question = serializers.CharField(max_length=MAX_NOTE, help_text="The member reads and answers it.")


class AnswerInput(Input):
    answer = serializers.CharField(max_length=MAX_REASON)


class UndoInput(Input):
    force = serializers.BooleanField(
        default=False, help_text="Take back what is spent already too; it stands as debt."
    )


class ManyInput(Input):
    request_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), min_length=1, max_length=MAX_AT_ONCE
    )
    act = serializers.ChoiceField(choices=ACTS)
    note = serializers.CharField(
        max_length=MAX_NOTE,
        required=False,
        allow_blank=True,
        default="",
        help_text="The reason of a rejection, or the question.",
    )


class OneResult(Output):
    request_id = serializers.IntegerField()
    done = serializers.BooleanField()
    code = serializers.CharField(help_text="Empty where it was done; else the kind of error.")
    message = serializers.CharField()


class ManyResults(Output):
    items = OneResult(many=True)


class FiguresQuery(Input):
    since = Moment(required=False, help_text="Left out: 90 days before the end.")
    until = Moment(required=False, help_text="Left out: now.")
    type_id = serializers.IntegerField(
        min_value=1, max_value=2**15 - 1, required=False, help_text="Of this kind alone."
    )
    period = serializers.ChoiceField(choices=BUCKETS, default="week", help_text="Of the lines by period.")


class FiguresLine(Output):
    requests = serializers.IntegerField()
    approved = serializers.IntegerField()
    rejected = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    waiting = serializers.IntegerField()
    by_rule = serializers.IntegerField(help_text="Of those approved.")
    approval_percent = serializers.IntegerField(
        allow_null=True, help_text="Of those decided; null where none is."
    )
    median_seconds = serializers.FloatField(allow_null=True, help_text="Until a person decided.")


class TypeFigures(FiguresLine):
    type_id = serializers.IntegerField()
    granted = serializers.IntegerField(help_text="Whole credits.")


class PeriodFigures(TypeFigures):
    first_day = serializers.DateField()


class FiguresAnswer(Output):
    """Of requests made in that time, as they stand now."""

    total = FiguresLine()
    types = TypeFigures(many=True)
    periods = PeriodFigures(many=True)


_REQUEST = {
    "id": 41,
    "type_id": 1,
    "type": "ai",
    "member_id": 12,
    "member_name": "Grace",
    "amount": 200,
    "granted": 0,
    "state": "pending",
    "reason": "Pictures for the meetup",
    "note": "",
    "flags": ["Joined 2 days ago"],
    "overdue": False,
    "via": "rest",
    "requested_at": "2026-11-21T08:30:00Z",
    "decided_at": None,
    "decided_by": "",
    "history": [{"state": "pending", "at": "2026-11-21T08:30:00+00:00", "by": "Grace", "note": ""}],
}
_GRANTED = _REQUEST | {"state": "approved", "granted": 200, "decided_by": "Ada"}
_LINE = {
    "requests": 10,
    "approved": 8,
    "rejected": 1,
    "cancelled": 0,
    "waiting": 1,
    "by_rule": 3,
    "approval_percent": 89,
    "median_seconds": 5400.0,
}


class CreditRequests(ApiView):
    @operation(
        "list_credit_requests",
        summary="List credit requests",
        description="The newest first, or as a queue with the oldest first.",
        tag=TAG,
        query=RequestQuery,
        answer=CreditRequestAnswer,
        paged=True,
        example=_REQUEST,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit = query["limit"]
        rows = list_requests(
            states=sorted(query.get("state", ())),
            type_ids=[query["type_id"]] if "type_id" in query else None,
            member_id=query.get("member_id"),
            flagged=query.get("flagged", False),
            overdue=query.get("overdue", False),
            search=query.get("search", ""),
            since=query.get("since"),
            until=query.get("until"),
            oldest_first=query["oldest_first"],
            after=_read_place(query.get("cursor", "")),
            limit=limit + 1,
        )
        return self.answer_page(cut(rows, limit, _place_of), CreditRequestAnswer)

    @operation(
        "request_credits",
        summary="Request credits",
        description="A person asks for themselves, a program for the member that it names. What the rule of these credits grants is there "
        "at once; everything else waits. A refusal says the limit, what is left of it and when there is more.",
        tag=TAG,
        body=RequestInput,
        answer=CreditRequestAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example={"type": "ai", "amount": 200, "reason": "Pictures for the meetup", "member_id": 12},
        example=_REQUEST,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        member_id = _whose(self, body["member_id"])

        def work() -> Response:
            made = request_credits(
                context=self.context,
                member_id=member_id,
                type_key=body["type"],
                amount=body["amount"],
                reason=body["reason"],
                key=_key_of(self),
                via="rest",
                actor=self.actor,
            )
            return Response(_describe(made), status=201, headers={"Location": f"{request.path}/{made.pk}"})

        return once(self, work)


class CreditRequestDetail(ApiView):
    @operation(
        "get_credit_request",
        summary="Read a credit request",
        description="With everything that happened to it.",
        tag=TAG,
        answer=CreditRequestAnswer,
        errors=(404,),
        example=_REQUEST,
    )
    def get(self, request: Request, request_id: int) -> Response:
        return Response(CreditRequestAnswer(get_request(request_id=request_id)).data)


class _Act(ApiView):
    """Something that is done to one request."""

    def do(self, work: Any) -> Response:
        return once(self, lambda: Response(_describe(work())))


class CreditRequestApprove(_Act):
    @operation(
        "approve_credit_request",
        summary="Grant a credit request",
        description="Whole or in part; the credits are there at once. Nobody decides on their own.",
        tag=TAG,
        body=ApproveInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"note": "Enjoy"},
        example=_GRANTED,
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(
            lambda: approve_request(context=self.context, request_id=request_id, actor=self.actor, **body)
        )


class CreditRequestReject(_Act):
    @operation(
        "reject_credit_request",
        summary="Reject a credit request",
        description="With a reason that the member reads.",
        tag=TAG,
        body=RejectInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"reason": "Next month again"},
        example=_REQUEST | {"state": "rejected", "note": "Next month again"},
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(
            lambda: reject_request(context=self.context, request_id=request_id, actor=self.actor, **body)
        )


class CreditRequestAsk(_Act):
    @operation(
        "ask_about_credit_request",
        summary="Ask about a credit request",
        description="It waits for the member's answer.",
        tag=TAG,
        body=AskInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"question": "What for?"},
        example=_REQUEST | {"state": "needs_info", "note": "What for?"},
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(
            lambda: ask_about_request(context=self.context, request_id=request_id, actor=self.actor, **body)
        )


class CreditRequestUndo(_Act):
    @operation(
        "undo_credit_decision",
        summary="Take a decision back",
        description="Of a grant, exactly what was granted goes; a rejected request waits again.",
        tag=TAG,
        body=UndoInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"force": False},
        example=_REQUEST | {"state": "rejected", "note": "The grant was taken back."},
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(
            lambda: undo_decision(context=self.context, request_id=request_id, actor=self.actor, **body)
        )


class CreditRequestAnswers(_Act):
    @operation(
        "answer_credit_request",
        summary="Answer what was asked",
        description="Of one's own request; it waits for a decision again.",
        tag=TAG,
        body=AnswerInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"answer": "For the meetup's poster"},
        example=_REQUEST,
    )
    def post(self, request: Request, request_id: int) -> Response:
        body, member_id = self.read_body(), own_member(self)
        return self.do(
            lambda: answer_request(
                context=self.context, request_id=request_id, actor=self.actor, member_id=member_id, **body
            )
        )


class CreditRequestCancel(_Act):
    @operation(
        "cancel_credit_request",
        summary="Cancel a credit request",
        description="One's own, while it waits. Twice changes nothing.",
        tag=TAG,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        example=_REQUEST | {"state": "cancelled"},
    )
    def post(self, request: Request, request_id: int) -> Response:
        member_id = own_member(self)
        return self.do(
            lambda: cancel_request(
                context=self.context, request_id=request_id, actor=self.actor, member_id=member_id
            )
        )


class CreditRequestDecide(ApiView):
    @operation(
        "decide_credit_requests",
        summary="Decide on many requests",
        description="Each on its own, with a result for each: what one of them refuses stops none of the others.",
        tag=TAG,
        body=ManyInput,
        answer=ManyResults,
        writes=True,
        body_example={"request_ids": [41, 42], "act": "approve"},
        example={"items": [{"request_id": 41, "done": True, "code": "", "message": "200 granted."}]},
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        results = decide_many(context=self.context, actor=self.actor, **body)
        return Response(ManyResults({"items": results}).data)


class CreditFiguresView(ApiView):
    @operation(
        "get_credit_figures",
        summary="Read the figures of credit requests",
        description="How many, how they were decided, how fast, how much was granted; by kind and by period, at most two years.",
        tag=TAG,
        query=FiguresQuery,
        answer=FiguresAnswer,
        example={
            "total": _LINE,
            "types": [_LINE | {"type_id": 1, "granted": 1200}],
            "periods": [_LINE | {"type_id": 1, "granted": 1200, "first_day": "2026-11-16"}],
        },
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        until = query.get("until") or clock.now()
        try:
            since = query.get("since") or until - timedelta(days=90)
        except OverflowError as error:
            raise InvalidInputError("Nothing happened that long ago.", field="until") from error
        figures = get_figures(
            context=self.context,
            since=since,
            until=until,
            type_id=query.get("type_id"),
            bucket=query["period"],
        )
        facts = {
            "total": figures.total,
            "types": [_with(one, type_id=row.pk) for row, one in figures.types],
            "periods": [_with(one, type_id=row.pk, first_day=day) for day, row, one in figures.periods],
        }
        return Response(FiguresAnswer(facts).data)


def own_member(view: ApiView) -> int:
    """Whose person asks. Raises NoMemberError."""
    if view.caller.member_id is None:
        raise NoMemberError
    return view.caller.member_id


def _whose(view: ApiView, member_id: int | None) -> int:
    """Programs name the member; people ask for themselves. Raises NoMemberError, InvalidInputError."""
    if view.caller.kind == "key":
        if member_id is None:
            raise InvalidInputError("Name the member for whom you ask.", field="member_id")
        return member_id
    mine = own_member(view)
    if member_id not in (None, mine):
        raise InvalidInputError(
            "You can request credits for yourself alone. To give some to others, grant them.",
            field="member_id",
        )
    return mine


def _key_of(view: ApiView) -> str:
    """The request's own key: the caller's, so that a repeat that outlives the stored answer is still one request."""
    sent = view.request.headers.get(IDEMPOTENCY)
    return f"rest:{view.caller.label}:{sent}"[:120] if sent else f"rest:{new_ulid()}"


def _describe(row: CreditRequest) -> Any:
    return CreditRequestAnswer(get_request(request_id=row.pk)).data


def _place_of(line: RequestLine) -> tuple[str, int]:
    return line.request.requested_at.isoformat(), line.request.pk


def _read_place(text: str) -> tuple[datetime, int] | None:
    place = read_cursor(text, str, int)
    if place is None:
        return None
    try:
        moment = datetime.fromisoformat(place[0])
    except ValueError as error:
        raise BadCursorError from error
    if moment.tzinfo is None:
        raise BadCursorError
    return moment, place[1]


def _with(figures: Any, **more: Any) -> dict[str, Any]:
    names = [*FiguresLine().fields, "granted"]
    return {name: getattr(figures, name) for name in names} | more
