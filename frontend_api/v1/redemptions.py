"""Redemptions: a member redeems, the team decides and hands out; and the queues of drops."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.deciding import (
    MAX_TRACKING,
    approve_redemption,
    cancel_redemption,
    mark_delivered,
    reject_redemption,
)
from engagement.rewards.drawing import draw_of
from engagement.rewards.drops import get_place, join_drop, leave_drop
from engagement.rewards.errors import RewardNotFoundError
from engagement.rewards.fulfilling import complete_by_hand
from engagement.rewards.models import Redemption, RedemptionState, RewardKind, RewardState
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.redemption_errors import DropPlaceError
from engagement.rewards.redemption_selectors import (
    RedemptionLine,
    get_own,
    get_redemption,
    list_own,
    list_redemptions,
)
from engagement.rewards.selectors import get_reward
from engagement.rewards.shipping import ship_redemption
from engagement.rewards.states import MAX_REASON
from saas.core.errors import InvalidInputError
from saas.core.ids import new_ulid

from .credit_requests import own_member
from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Moment, Output, Paging, id_field

TAG: Final = "Redemptions"
STATES: Final = tuple(RedemptionState.values)


class RedeemInput(Input):
    reward_id = id_field("The reward.")
    member_id = id_field(
        "For whom: programs name the member, people leave it out.",
        required=False,
        allow_null=True,
        default=None,
    )


class RedemptionReasonInput(Input):
    reason = serializers.CharField(
        max_length=MAX_REASON, required=False, allow_blank=True, default="", help_text="The member reads it."
    )


class RejectRedemptionInput(Input):
    reason = serializers.CharField(max_length=MAX_REASON, help_text="Why; the member reads it.")


class FulfilRedemptionInput(Input):
    tracking = serializers.CharField(
        max_length=MAX_TRACKING,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of a parcel: its number or address at the carrier's.",
    )
    note = serializers.CharField(
        max_length=300, required=False, allow_blank=True, default="", help_text="What was done, of others."
    )


class RedemptionQuery(Paging):
    state = serializers.MultipleChoiceField(
        choices=STATES, required=False, help_text="Only in these states; may be given more than once."
    )
    member_id = id_field("Only this member's.", required=False)
    reward_id = id_field("Only of this reward.", required=False)
    sponsor_id = id_field("Only those that this sponsor pays for.", required=False)
    search = serializers.CharField(
        max_length=80,
        required=False,
        help_text="In the reward's name, or a word of the member's name begins with it.",
    )
    since = Moment(required=False, help_text="Requested then or later.")
    until = Moment(required=False, help_text="Requested before.")


class RedemptionStepAnswer(Output):
    state = serializers.ChoiceField(choices=STATES)
    at = serializers.DateTimeField()
    by = serializers.CharField(help_text="Empty: by itself.")
    reason = serializers.CharField()


class OwnRedemptionAnswer(Output):
    """One's own redemption. Codes, links and addresses are shown on its page alone."""

    id = serializers.IntegerField(source="pk")
    reward_id = serializers.IntegerField()
    reward_name = serializers.CharField(help_text="As it was when it was redeemed.")
    kind = serializers.ChoiceField(choices=RewardKind.values)
    price = serializers.IntegerField(help_text="Points that were taken.")
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField(help_text="What the team said.")
    tracking = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    fulfilled_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Of what was given for a time.")


class RedemptionAnswer(Output):
    """A redemption, whose it is, and what happened to it."""

    id = serializers.IntegerField(source="redemption.pk")
    member_id = serializers.IntegerField(source="redemption.member_id")
    member_name = serializers.CharField()
    reward_id = serializers.IntegerField(source="redemption.reward_id")
    reward_name = serializers.CharField(
        source="redemption.reward_name", help_text="As it was when it was redeemed."
    )
    sponsor_id = serializers.IntegerField(
        source="redemption.sponsor_id", allow_null=True, help_text="Who pays for it."
    )
    kind = serializers.ChoiceField(choices=RewardKind.values, source="redemption.kind")
    price = serializers.IntegerField(source="redemption.price", help_text="Points that were taken.")
    state = serializers.ChoiceField(choices=STATES, source="redemption.state")
    via = serializers.CharField(source="redemption.via")
    reason = serializers.CharField(source="redemption.reason")
    decided_by = serializers.CharField(source="redemption.decided_by")
    tracking = serializers.CharField(source="redemption.tracking")
    requested_at = serializers.DateTimeField(source="redemption.requested_at")
    decided_at = serializers.DateTimeField(source="redemption.decided_at", allow_null=True)
    fulfilled_at = serializers.DateTimeField(source="redemption.fulfilled_at", allow_null=True)
    delivered_at = serializers.DateTimeField(source="redemption.delivered_at", allow_null=True)
    ends_at = serializers.DateTimeField(source="redemption.ends_at", allow_null=True)
    history = RedemptionStepAnswer(many=True, source="redemption.history")


class DropPlaceAnswer(Output):
    """Where one stands in a drop's queue."""

    place = serializers.IntegerField(allow_null=True, help_text="Null before the draw.")
    ahead = serializers.IntegerField(help_text="So many are to be offered it first.")
    waiting = serializers.IntegerField(help_text="So many are in the queue and not offered it yet.")
    offered_until = serializers.DateTimeField(allow_null=True, help_text="It is yours to redeem until then.")
    has_taken = serializers.BooleanField()


class RewardDrawAnswer(Output):
    """Of a drop's queue or a raffle, so that everybody can count again: whose SHA-256 of “seed:number” is the smallest comes first; the
    number is the member's id in a drop and the redemption's in a raffle, where nobody wins twice."""

    digest = serializers.CharField(help_text="SHA-256 of the seed, published beforehand; empty: none yet.")
    seed = serializers.CharField(help_text="Published with the result; empty before.")
    drawn_at = serializers.DateTimeField(allow_null=True)
    entries = serializers.IntegerField(help_text="How many took part.")
    winners = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Of a raffle: redemptions by id, in the order of the draw.",
    )


_OWN = {
    "id": 41,
    "reward_id": 7,
    "reward_name": "Sticker pack",
    "kind": "merchandise",
    "price": 250,
    "state": "approved",
    "reason": "",
    "tracking": "",
    "requested_at": "2026-11-21T08:30:00Z",
    "decided_at": "2026-11-21T09:00:00Z",
    "fulfilled_at": None,
    "delivered_at": None,
    "ends_at": None,
}
_REDEMPTION = _OWN | {
    "member_id": 12,
    "member_name": "Grace",
    "sponsor_id": None,
    "via": "web",
    "decided_by": "Ada",
    "history": [
        {"state": "requested", "at": "2026-11-21T08:30:00Z", "by": "Grace", "reason": ""},
        {"state": "approved", "at": "2026-11-21T09:00:00Z", "by": "Ada", "reason": ""},
    ],
}
_PLACE = {"place": 4, "ahead": 1, "waiting": 9, "offered_until": None, "has_taken": False}
_DRAW = {
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "seed": "test",
    "drawn_at": "2026-11-21T12:00:00Z",
    "entries": 40,
    "winners": [],
}


class Redemptions(ApiView):
    @operation(
        "list_redemptions",
        summary="List redemptions",
        description="The newest first. `state=requested` is what waits for the team.",
        tag=TAG,
        query=RedemptionQuery,
        answer=RedemptionAnswer,
        paged=True,
        example=_REDEMPTION,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        limit = query["limit"]
        found = list_redemptions(
            states=sorted(query.get("state", ())),
            member_id=query.get("member_id"),
            reward_id=query.get("reward_id"),
            sponsor_id=query.get("sponsor_id"),
            search=query.get("search", ""),
            since=query.get("since"),
            until=query.get("until"),
            before=place[0] if place else None,
            limit=limit + 1,
        )
        return self.answer_page(cut(found, limit, lambda line: (line.pk,)), RedemptionAnswer)

    @operation(
        "redeem_reward",
        summary="Redeem a reward",
        description="A person redeems for themselves, a program for the member that it names. Points and stock move with it or not at all. "
        "What needs no approval is approved at once; the rest waits for the team. Send an Idempotency-Key, so that a repeat takes no points twice.",
        tag=TAG,
        body=RedeemInput,
        answer=RedemptionAnswer,
        status=201,
        errors=(404, 409),
        writes=True,
        body_example={"reward_id": 7, "member_id": 12},
        example=_REDEMPTION,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        member_id = _whose(self, body["member_id"])
        sent = request.headers.get(IDEMPOTENCY)
        key = f"rest:{self.caller.label}:{sent}"[:120] if sent else f"rest:{new_ulid()}"

        def work() -> Response:
            made = redeem_reward(
                context=self.context,
                member_id=member_id,
                reward_id=body["reward_id"],
                key=key,
                via="rest",
                actor=self.actor,
            )
            return Response(_described(made), status=201, headers={"Location": f"{request.path}/{made.pk}"})

        return once(self, work)


class RedemptionDetail(ApiView):
    @operation(
        "get_redemption",
        summary="Read a redemption",
        description="With everything that happened to it. Addresses and codes are not told here.",
        tag=TAG,
        answer=RedemptionAnswer,
        errors=(404,),
        example=_REDEMPTION,
    )
    def get(self, request: Request, redemption_id: int) -> Response:
        return Response(RedemptionAnswer(get_redemption(redemption_id=redemption_id)).data)


class RedemptionApprove(ApiView):
    @operation(
        "approve_redemption",
        summary="Approve a redemption",
        description="The member gets it. Nobody approves their own. Approving twice changes nothing.",
        tag=TAG,
        body=RedemptionReasonInput,
        answer=RedemptionAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"reason": ""},
        example=_REDEMPTION,
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = approve_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(_described(row))

        return once(self, work)


class RedemptionReject(ApiView):
    @operation(
        "reject_redemption",
        summary="Reject a redemption",
        description="Points and stock go back, and the member is told why.",
        tag=TAG,
        body=RejectRedemptionInput,
        answer=RedemptionAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"reason": "You have one from the last meetup."},
        example=_REDEMPTION | {"state": "rejected"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = reject_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(_described(row))

        return once(self, work)


class RedemptionCancel(ApiView):
    @operation(
        "cancel_redemption",
        summary="Take a redemption back",
        description="Wherever it stands: points go back, and stock where it can be given again.",
        tag=TAG,
        body=RedemptionReasonInput,
        answer=RedemptionAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"reason": "It was lost on its way."},
        example=_REDEMPTION | {"state": "cancelled"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = cancel_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(_described(row))

        return once(self, work)


class RedemptionFulfil(ApiView):
    @operation(
        "fulfil_redemption",
        summary="Hand out what was approved",
        description="A parcel is on its way, or what the team does by hand is done. Everything else is given by itself.",
        tag=TAG,
        body=FulfilRedemptionInput,
        answer=RedemptionAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"tracking": "00340434161094015902"},
        example=_REDEMPTION | {"state": "fulfilled"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        body = self.read_body()

        def work() -> Response:
            found = get_redemption(redemption_id=redemption_id).redemption
            if found.kind == RewardKind.MERCHANDISE:
                row = ship_redemption(
                    redemption_id=redemption_id, actor=self.actor, tracking=body["tracking"]
                )
            else:
                row = complete_by_hand(redemption_id=redemption_id, actor=self.actor, note=body["note"])
            return Response(_described(row))

        return once(self, work)


class RedemptionDeliver(ApiView):
    @operation(
        "deliver_redemption",
        summary="Say that it arrived",
        description="Of what is on its way. Twice changes nothing.",
        tag=TAG,
        answer=RedemptionAnswer,
        errors=(404, 409),
        writes=True,
        example=_REDEMPTION | {"state": "delivered"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        def work() -> Response:
            return Response(_described(mark_delivered(redemption_id=redemption_id, actor=self.actor)))

        return once(self, work)


class OwnRedemptions(ApiView):
    @operation(
        "list_own_redemptions",
        summary="List your own redemptions",
        description="The newest first.",
        tag=TAG,
        query=Paging,
        answer=OwnRedemptionAnswer,
        errors=(404,),
        paged=True,
        example=_OWN,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        limit = query["limit"]
        found = list_own(member_id=own_member(self), before=place[0] if place else None, limit=limit + 1)
        return self.answer_page(cut(found, limit, lambda row: (row.pk,)), OwnRedemptionAnswer)


class OwnRedemptionCancel(ApiView):
    @operation(
        "cancel_own_redemption",
        summary="Cancel your own redemption",
        description="While it is not handed out. Your points come back.",
        tag=TAG,
        answer=OwnRedemptionAnswer,
        errors=(404, 409),
        writes=True,
        example=_OWN | {"state": "cancelled"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        member_id = own_member(self)

        def work() -> Response:
            mine = get_own(redemption_id=redemption_id, member_id=member_id)
            row = cancel_redemption(context=self.context, redemption_id=mine.pk, actor=self.actor)
            return Response(OwnRedemptionAnswer(row).data)

        return once(self, work)


class DropQueue(ApiView):
    @operation(
        "get_drop_place",
        summary="Read your place in a drop",
        description="Where you stand in the queue of a reward that comes at an hour.",
        tag=TAG,
        answer=DropPlaceAnswer,
        errors=(404, 409),
        example=_PLACE,
    )
    def get(self, request: Request, reward_id: int) -> Response:
        return Response(self._place(reward_id))

    @operation(
        "join_drop",
        summary="Join the queue of a drop",
        description="Before its hour, lots decide the order; afterwards you follow the others. You are told when it is your turn. Joining "
        "twice changes nothing.",
        tag=TAG,
        answer=DropPlaceAnswer,
        errors=(404, 409),
        writes=True,
        example=_PLACE,
    )
    def post(self, request: Request, reward_id: int) -> Response:
        member_id = own_member(self)

        def work() -> Response:
            join_drop(context=self.context, member_id=member_id, reward_id=reward_id)
            return Response(self._place(reward_id))

        return once(self, work)

    @operation(
        "leave_drop",
        summary="Leave the queue of a drop",
        description="An offer goes to the next. Leaving twice changes nothing.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, reward_id: int) -> Response:
        leave_drop(context=self.context, member_id=own_member(self), reward_id=reward_id)
        return Response(status=204)

    def _place(self, reward_id: int) -> Any:
        place = get_place(reward_id=get_reward(reward_id=reward_id).pk, member_id=own_member(self))
        if place is None:
            raise DropPlaceError("You are not in this queue. Join it first.")
        return DropPlaceAnswer(place).data


class RewardDraw(ApiView):
    @operation(
        "get_draw",
        summary="Check a draw",
        description="What was published of a drop's queue or a raffle.",
        tag=TAG,
        answer=RewardDrawAnswer,
        errors=(404,),
        example=_DRAW,
    )
    def get(self, request: Request, reward_id: int) -> Response:
        reward = get_reward(reward_id=reward_id)
        if reward.state == RewardState.DRAFT:
            raise RewardNotFoundError
        return Response(RewardDrawAnswer(draw_of(reward)).data)


def _whose(view: ApiView, member_id: int | None) -> int:
    """Programs name the member; people redeem for themselves. Raises NoMemberError, InvalidInputError."""
    if view.caller.kind == "key":
        if member_id is None:
            raise InvalidInputError("Name the member for whom you redeem.", field="member_id")
        return member_id
    mine = own_member(view)
    if member_id not in (None, mine):
        raise InvalidInputError("You can redeem for yourself alone.", field="member_id")
    return mine


def _described(row: Redemption) -> Any:
    line: RedemptionLine = get_redemption(redemption_id=row.pk)
    return RedemptionAnswer(line).data
