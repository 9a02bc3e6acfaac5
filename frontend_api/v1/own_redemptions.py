"""A member's own redemptions."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.deciding import (
    cancel_redemption,
)
from engagement.rewards.redemption_selectors import (
    get_own,
    list_own,
)

from .credit_requests import own_member
from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .redemption_shapes import OWN, TAG, OwnRedemptionAnswer
from .serializing import Paging


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
        example=OWN,
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
        example=OWN | {"state": "cancelled"},
    )
    def post(self, request: Request, redemption_id: int) -> Response:
        member_id = own_member(self)

        def work() -> Response:
            mine = get_own(redemption_id=redemption_id, member_id=member_id)
            row = cancel_redemption(context=self.context, redemption_id=mine.pk, actor=self.actor)
            return Response(OwnRedemptionAnswer(row).data)

        return once(self, work)
