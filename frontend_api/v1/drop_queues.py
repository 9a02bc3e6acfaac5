"""The queue of a drop, and the draw of its places."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.drawing import draw_of
from engagement.rewards.drops import get_place, join_drop, leave_drop
from engagement.rewards.errors import RewardNotFoundError
from engagement.rewards.models import RewardState
from engagement.rewards.redemption_errors import DropPlaceError
from engagement.rewards.selectors import get_reward

from .credit_requests import own_member
from .frame import ApiView, once
from .operations import operation
from .redemption_shapes import DRAW, PLACE, TAG, DropPlaceAnswer, RewardDrawAnswer


class DropQueue(ApiView):
    @operation(
        "get_drop_place",
        summary="Read your place in a drop",
        description="Where you stand in the queue of a reward that comes at an hour.",
        tag=TAG,
        answer=DropPlaceAnswer,
        errors=(404, 409),
        example=PLACE,
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
        example=PLACE,
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
        example=DRAW,
    )
    def get(self, request: Request, reward_id: int) -> Response:
        reward = get_reward(reward_id=reward_id)
        if reward.state == RewardState.DRAFT:
            raise RewardNotFoundError
        return Response(RewardDrawAnswer(draw_of(reward)).data)
