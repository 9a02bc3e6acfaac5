"""Credits: balances, and what moves outside of requests: granted, revoked, spent by programs, and taken back."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.credits.checks import MAX_NOTE, MOST
from engagement.credits.limits import get_limits
from engagement.credits.moving import (
    GRANT,
    REVOKE,
    SPEND,
    UNDO,
    CreditChange,
    grant_credits,
    revoke_credits,
    spend_credits,
    undo_move,
)
from engagement.credits.selectors import BalanceLine, list_balances, list_moves, list_own, list_requestable
from engagement.members.selectors import get_member
from saas.core.ids import new_ulid

from .credit_request_shapes import OwnRequestAnswer
from .credit_requests import own_member
from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Output, Paging, id_field

TAG = "Credits"
KINDS: Final = (GRANT, REVOKE, SPEND, UNDO)


class BalanceAnswer(Output):
    type_id = serializers.IntegerField(source="type.pk")
    type = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    unit = serializers.CharField(source="type.unit")
    current = serializers.IntegerField(help_text="Whole credits to spend.")
    debt = serializers.IntegerField(help_text="Paid first by later credits.")
    low = serializers.BooleanField(source="is_low", help_text="Below the warning of these credits.")


class BalanceList(Output):
    items = BalanceAnswer(many=True)


class OwnBalance(BalanceAnswer):
    """One's own balance, and what may be asked for now."""

    can_request = serializers.BooleanField(source="requestable")
    least = serializers.IntegerField(help_text="Of one request.")
    left = serializers.IntegerField(
        allow_null=True, help_text="The most that a request may be now; null: no limit."
    )
    resets_at = serializers.DateTimeField(help_text="When the period begins anew.")


class OwnBalanceList(Output):
    items = OwnBalance(many=True)


class BalanceQuery(Input):
    member_id = id_field("Whose.")


class MoveAnswer(Output):
    id = serializers.IntegerField(source="move.pk")
    member_id = serializers.IntegerField(source="move.member_id")
    member_name = serializers.CharField(source="member.display_name")
    type_id = serializers.IntegerField(source="move.type_id")
    type = serializers.CharField(source="move.type.key")
    kind = serializers.ChoiceField(choices=KINDS, source="move.kind")
    amount = serializers.IntegerField(
        source="move.amount", help_text="Whole credits; negative where they were taken."
    )
    reason = serializers.CharField(source="move.reason")
    by = serializers.CharField(source="move.actor_name")
    undone = serializers.BooleanField()
    created_at = serializers.DateTimeField(source="move.created_at")


class MoveQuery(Paging):
    member_id = id_field("Only this member's.", required=False)
    type_id = serializers.IntegerField(
        min_value=1, max_value=2**15 - 1, required=False, help_text="Only of this kind of credits."
    )
    kind = serializers.MultipleChoiceField(
        choices=KINDS, required=False, help_text="Only of these kinds; may be given more than once."
    )


class MoveInput(Input):
    member_id = id_field("Whose credits.")
    type = serializers.CharField(max_length=20, help_text="The key of the kind of credits.")
    amount = serializers.IntegerField(min_value=1, max_value=MOST, help_text="Whole credits.")
    reason = serializers.CharField(max_length=MAX_NOTE, help_text="Why: the member and the audit log see it.")


class RevokeInput(MoveInput):
    force = serializers.BooleanField(
        default=False, help_text="Take more than is there: the rest stands as debt."
    )


class UndoMoveInput(Input):
    force = serializers.BooleanField(
        default=False, help_text="Take back what is spent already too; it stands as debt."
    )


class ChangeAnswer(Output):
    """The move, and the member's balance after it."""

    id = serializers.IntegerField(source="move.pk")
    member_id = serializers.IntegerField(source="move.member_id")
    type_id = serializers.IntegerField(source="move.type_id")
    kind = serializers.ChoiceField(choices=KINDS, source="move.kind")
    amount = serializers.IntegerField(source="move.amount")
    balance = serializers.IntegerField()
    debt = serializers.IntegerField()
    repeated = serializers.BooleanField(help_text="It was done before; nothing changed now.")


_BALANCE = {
    "type_id": 1,
    "type": "ai",
    "name": "AI",
    "unit": "credits",
    "current": 120,
    "debt": 0,
    "low": False,
}
_OWN = _BALANCE | {"can_request": True, "least": 10, "left": 500, "resets_at": "2026-12-01T00:00:00Z"}
_MOVE = {
    "id": 9,
    "member_id": 12,
    "member_name": "Grace",
    "type_id": 1,
    "type": "ai",
    "kind": "spend",
    "amount": -5,
    "reason": "A picture",
    "by": "Picture bot",
    "undone": False,
    "created_at": "2026-11-21T08:30:00Z",
}
_CHANGE = {
    "id": 9,
    "member_id": 12,
    "type_id": 1,
    "kind": "spend",
    "amount": -5,
    "balance": 115,
    "debt": 0,
    "repeated": False,
}
_BODY = {"member_id": 12, "type": "ai", "amount": 5, "reason": "A picture"}


class Balances(ApiView):
    @operation(
        "list_credit_balances",
        summary="Read a member's credits",
        description="By kind, without points.",
        tag=TAG,
        query=BalanceQuery,
        answer=BalanceList,
        errors=(404,),
        example={"items": [_BALANCE]},
    )
    def get(self, request: Request) -> Response:
        member = get_member(member_id=self.read_query()["member_id"])
        return Response(BalanceList({"items": list_balances(member_id=member.pk)}).data)


class OwnCredits(ApiView):
    @operation(
        "list_own_credits",
        summary="Read your own credits",
        description="By kind, with what you may ask for now.",
        tag=TAG,
        answer=OwnBalanceList,
        errors=(404,),
        example={"items": [_OWN]},
    )
    def get(self, request: Request) -> Response:
        member_id = own_member(self)
        lines = list_balances(member_id=member_id)
        limits = get_limits([line.type for line in lines], member_id=member_id, context=self.context)
        open_ids = {row.pk for row in list_requestable(context=self.context)}
        items = [_own(line, limits[line.type.pk], line.type.pk in open_ids) for line in lines]
        return Response(OwnBalanceList({"items": items}).data)


class OwnRequests(ApiView):
    @operation(
        "list_own_credit_requests",
        summary="List your own credit requests",
        description="The newest first.",
        tag=TAG,
        query=Paging,
        answer=OwnRequestAnswer,
        paged=True,
        errors=(404,),
        example={
            "id": 41,
            "type": "ai",
            "amount": 200,
            "granted": 0,
            "state": "pending",
            "reason": "Pictures for the meetup",
            "note": "",
            "requested_at": "2026-11-21T08:30:00Z",
            "decided_at": None,
        },
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        rows = list_own(
            member_id=own_member(self), before_id=None if place is None else place[0], limit=limit + 1
        )
        return self.answer_page(cut(rows, limit, lambda row: (row.pk,)), OwnRequestAnswer)


class Moves(ApiView):
    @operation(
        "list_credit_moves",
        summary="List moves of credits",
        description="What was granted, revoked, spent and taken back outside of requests, the newest first.",
        tag=TAG,
        query=MoveQuery,
        answer=MoveAnswer,
        paged=True,
        example=_MOVE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        rows = list_moves(
            member_id=query.get("member_id"),
            type_id=query.get("type_id"),
            kinds=sorted(query.get("kind", ())),
            before_id=None if place is None else place[0],
            limit=limit + 1,
        )
        return self.answer_page(cut(rows, limit, lambda line: (line.move.pk,)), MoveAnswer)


class _Change(ApiView):
    def do(self, work: Any) -> Response:
        def run() -> Response:
            change: CreditChange = work()
            return Response(ChangeAnswer(change).data, status=200 if change.repeated else 201)

        return once(self, run)

    def facts(self) -> dict[str, Any]:
        body = self.read_body()
        return {
            "context": self.context,
            "actor": self.actor,
            "key": _key_of(self),
            "type_key": body.pop("type"),
            **body,
        }


class Grant(_Change):
    @operation(
        "grant_credits",
        summary="Grant credits",
        description="Outside of a request. Debt is paid first.",
        tag=TAG,
        body=MoveInput,
        answer=ChangeAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example=_BODY | {"reason": "Welcome"},
        example=_CHANGE | {"kind": "grant", "amount": 5, "balance": 125},
    )
    def post(self, request: Request) -> Response:
        facts = self.facts()
        return self.do(lambda: grant_credits(**facts))


class Revoke(_Change):
    @operation(
        "revoke_credits",
        summary="Revoke credits",
        description="Never below zero, unless `force` says so: then what is not there stands as debt.",
        tag=TAG,
        body=RevokeInput,
        answer=ChangeAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example=_BODY | {"reason": "Granted by mistake"},
        example=_CHANGE | {"kind": "revoke"},
    )
    def post(self, request: Request) -> Response:
        facts = self.facts()
        return self.do(lambda: revoke_credits(**facts))


class Spend(_Change):
    @operation(
        "spend_credits",
        summary="Spend a member's credits",
        description="What a program of yours used up. Send an Idempotency-Key: the same key is spent once, however often it is sent and for "
        "as long as the community is here. Refused as a whole where the balance does not cover it.",
        tag=TAG,
        body=MoveInput,
        answer=ChangeAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example=_BODY,
        example=_CHANGE,
    )
    def post(self, request: Request) -> Response:
        facts = self.facts()
        return self.do(lambda: spend_credits(**facts))


class MoveUndo(_Change):
    @operation(
        "undo_credit_move",
        summary="Take a move back",
        description="The exact opposite is booked, once.",
        tag=TAG,
        body=UndoMoveInput,
        answer=ChangeAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example={"force": False},
        example=_CHANGE | {"kind": "undo", "amount": 5, "balance": 120},
    )
    def post(self, request: Request, move_id: int) -> Response:
        body = self.read_body()
        return self.do(
            lambda: undo_move(context=self.context, move_id=move_id, actor=self.actor, force=body["force"])
        )


def _key_of(view: ApiView) -> str:
    sent = view.request.headers.get(IDEMPOTENCY)
    return f"rest:{view.caller.label}:{sent}"[:120] if sent else f"rest:{new_ulid()}"


def _own(line: BalanceLine, limits: Any, requestable: bool) -> dict[str, Any]:
    return {
        "type": line.type,
        "current": line.current,
        "debt": line.debt,
        "is_low": line.is_low,
        "requestable": requestable,
        "least": limits.least,
        "left": limits.left if requestable else 0,
        "resets_at": limits.resets_at,
    }
