"""Credit requests: made, decided one by one or many at once, cancelled, taken back; and their figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.credits.deciding import (
    approve_request,
    ask_about_request,
    decide_many,
    reject_request,
    undo_decision,
)
from engagement.credits.figures import get_figures
from engagement.credits.models import CreditRequest
from engagement.credits.requesting import answer_request, cancel_request
from engagement.credits.selectors import RequestLine, get_request, list_requests
from engagement.progression.crediting import request_credits
from saas.core import clock
from saas.core.errors import InvalidInputError, NotFoundError
from saas.core.ids import new_ulid

from .credit_request_shapes import (
    GRANTED,
    LINE,
    REQUEST,
    AnswerInput,
    ApproveInput,
    AskInput,
    CreditRequestAnswer,
    FiguresAnswer,
    FiguresLine,
    FiguresQuery,
    ManyInput,
    ManyResults,
    RejectInput,
    RequestInput,
    RequestQuery,
    UndoInput,
)
from .frame import IDEMPOTENCY, ApiView, once
from .named import credit_authority, credits_to_see, narrow_kinds, require_credits_seen
from .operations import operation
from .paging import BadCursorError, cut, read_cursor

TAG = "Credits"


class NoMemberError(NotFoundError):
    """Who asks is no member of this community, so there is nothing of theirs."""

    code = "no_member"

    def __init__(self) -> None:
        super().__init__(
            "You are no member of this community yet. Join it first, or name the member that you mean."
        )


class CreditRequests(ApiView):
    @operation(
        "list_credit_requests",
        summary="List credit requests",
        description="The newest first, or as a queue with the oldest first. Whoever a kind of credits trusts, without being on the team, "
        "sees the requests of those kinds.",
        tag=TAG,
        query=RequestQuery,
        answer=CreditRequestAnswer,
        paged=True,
        example=REQUEST,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit = query["limit"]
        rows = list_requests(
            states=sorted(query.get("state", ())),
            type_ids=narrow_kinds(query.get("type_id"), credits_to_see(self.caller)),
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
        example=REQUEST,
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
        example=REQUEST,
    )
    def get(self, request: Request, request_id: int) -> Response:
        line = get_request(request_id=request_id)
        require_credits_seen(self.caller, line.request.type_id)
        return Response(CreditRequestAnswer(line).data)


class _Act(ApiView):
    """Something that is done to one request."""

    @property
    def facts(self) -> dict[str, Any]:
        """Who decides, and by what right: by permission, or as somebody trusted with a quota."""
        return {
            "context": self.context,
            "actor": self.actor,
            "authority": credit_authority(self.caller),
        }

    def do(self, work: Any) -> Response:
        return once(self, lambda: Response(_describe(work())))


class CreditRequestApprove(_Act):
    @operation(
        "approve_credit_request",
        summary="Grant a credit request",
        description="Whole or in part; the credits are there at once. Nobody decides on their own. Whoever is trusted with a quota grants "
        "what is left of it; more is refused with what is left and when there is more.",
        tag=TAG,
        body=ApproveInput,
        answer=CreditRequestAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"note": "Enjoy"},
        example=GRANTED,
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(lambda: approve_request(request_id=request_id, **self.facts, **body))


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
        example=REQUEST | {"state": "rejected", "note": "Next month again"},
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(lambda: reject_request(request_id=request_id, **self.facts, **body))


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
        example=REQUEST | {"state": "needs_info", "note": "What for?"},
    )
    def post(self, request: Request, request_id: int) -> Response:
        body = self.read_body()
        return self.do(lambda: ask_about_request(request_id=request_id, **self.facts, **body))


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
        example=REQUEST | {"state": "rejected", "note": "The grant was taken back."},
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
        example=REQUEST,
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
        example=REQUEST | {"state": "cancelled"},
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
        results = decide_many(
            context=self.context, actor=self.actor, authority=credit_authority(self.caller), **body
        )
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
            "total": LINE,
            "types": [LINE | {"type_id": 1, "granted": 1200}],
            "periods": [LINE | {"type_id": 1, "granted": 1200, "first_day": "2026-11-16"}],
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
