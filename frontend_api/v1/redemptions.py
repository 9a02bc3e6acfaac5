"""Redemptions: a member redeems, the team decides and hands out."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.deciding import (
    approve_redemption,
    cancel_redemption,
    mark_delivered,
    reject_redemption,
)
from engagement.rewards.fulfilling import complete_by_hand
from engagement.rewards.models import Redemption, RewardKind
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.redemption_selectors import (
    RedemptionLine,
    get_redemption,
    list_redemptions,
)
from engagement.rewards.shipping import ship_redemption
from saas.core.errors import InvalidInputError
from saas.core.ids import new_ulid

from .credit_requests import own_member
from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .redemption_shapes import (
    REDEMPTION,
    TAG,
    FulfilRedemptionInput,
    RedeemInput,
    RedemptionAnswer,
    RedemptionQuery,
    RedemptionReasonInput,
    RejectRedemptionInput,
)


class Redemptions(ApiView):
    @operation(
        "list_redemptions",
        summary="List redemptions",
        description="The newest first. `state=requested` is what waits for the team.",
        tag=TAG,
        query=RedemptionQuery,
        answer=RedemptionAnswer,
        paged=True,
        example=REDEMPTION,
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
        example=REDEMPTION,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        member_id = whose(self, body["member_id"])
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
            return Response(described(made), status=201, headers={"Location": f"{request.path}/{made.pk}"})

        return once(self, work)


class RedemptionDetail(ApiView):
    @operation(
        "get_redemption",
        summary="Read a redemption",
        description="With everything that happened to it. Addresses and codes are not told here.",
        tag=TAG,
        answer=RedemptionAnswer,
        errors=(404,),
        example=REDEMPTION,
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
        example=REDEMPTION,
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = approve_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(described(row))

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
        example=REDEMPTION | {"state": "rejected"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = reject_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(described(row))

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
        example=REDEMPTION | {"state": "cancelled"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        reason = self.read_body()["reason"]

        def work() -> Response:
            row = cancel_redemption(
                context=self.context, redemption_id=redemption_id, actor=self.actor, reason=reason
            )
            return Response(described(row))

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
        example=REDEMPTION | {"state": "fulfilled"},
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
            return Response(described(row))

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
        example=REDEMPTION | {"state": "delivered"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        def work() -> Response:
            return Response(described(mark_delivered(redemption_id=redemption_id, actor=self.actor)))

        return once(self, work)


def whose(view: ApiView, member_id: int | None) -> int:
    """Programs name the member; people redeem for themselves. Raises NoMemberError, InvalidInputError."""
    if view.caller.kind == "key":
        if member_id is None:
            raise InvalidInputError("Name the member for whom you redeem.", field="member_id")
        return member_id
    mine = own_member(view)
    if member_id not in (None, mine):
        raise InvalidInputError("You can redeem for yourself alone.", field="member_id")
    return mine


def described(row: Redemption) -> Any:
    line: RedemptionLine = get_redemption(redemption_id=row.pk)
    return RedemptionAnswer(line).data
