"""The shop: what is on offer, and for a member whether they can have it and what is in the way."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.kinds import KINDS
from engagement.rewards.models import LimitPeriod
from engagement.rewards.selectors import ShopItem, get_shop_item, list_shop
from engagement.rewards.tiers import list_tiers, set_tiers

from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Output, Paging

TAG = "Shop"


class ShopQuery(Paging):
    search = serializers.CharField(
        max_length=80, required=False, default="", help_text="In names, descriptions and categories."
    )
    category = serializers.CharField(max_length=40, required=False, default="", help_text="Exactly this one.")
    tier = serializers.CharField(max_length=40, required=False, default=None, help_text="By its name.")


class ShopSponsorAnswer(Output):
    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    picture = serializers.CharField()


class RefusalAnswer(Output):
    """Why not."""

    code = serializers.CharField(help_text="For programs; never changes.")
    text = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="From then on it may be another way.")


class ShopItemAnswer(Output):
    """A reward in the shop. Without a member of its own, a caller reads what holds for everybody."""

    id = serializers.IntegerField()
    key = serializers.CharField(source="reward.key")
    name = serializers.CharField(source="reward.name")
    description = serializers.CharField(source="reward.description")
    kind = serializers.ChoiceField(source="reward.kind", choices=list(KINDS))
    category = serializers.CharField(source="reward.category")
    price = serializers.IntegerField(source="reward.price", help_text="Points.")
    tier = serializers.SerializerMethodField()
    picture = serializers.CharField(
        help_text="Its address on the community's site, for a day or two; or empty."
    )
    sponsor = ShopSponsorAnswer(allow_null=True)
    left = serializers.IntegerField(source="free", allow_null=True, help_text="null: no end.")
    limit_count = serializers.IntegerField(source="reward.limit_count", allow_null=True)
    limit_period = serializers.ChoiceField(source="reward.limit_period", choices=LimitPeriod.values)
    starts_at = serializers.DateTimeField(source="reward.starts_at", allow_null=True)
    ends_at = serializers.DateTimeField(source="reward.ends_at", allow_null=True)
    is_drop = serializers.BooleanField(source="reward.is_drop")
    can_redeem = serializers.BooleanField(help_text="You, now.")
    why_not = RefusalAnswer(source="refusal", allow_null=True)
    missing = serializers.IntegerField(help_text="Points that you lack.")

    def get_tier(self, item: Any) -> str:
        return item.tier.name if item.tier is not None else ""


class TierBody(Input):
    name = serializers.CharField(max_length=40)
    from_price = serializers.IntegerField(help_text="Points; up to before the next tier's.")
    colour = serializers.CharField(max_length=7, required=False, allow_blank=True, default="")


class TiersInput(Input):
    items = serializers.ListField(child=TierBody(), max_length=50)


class TierAnswer(Output):
    name = serializers.CharField()
    from_price = serializers.IntegerField()
    colour = serializers.CharField()


class TiersAnswer(Output):
    items = TierAnswer(many=True)


_TIERS = {"items": [{"name": "Bronze", "from_price": 5, "colour": "#b45309"}]}
_ITEM = {
    "id": 7,
    "key": "mug",
    "name": "Mug",
    "description": "Blue, round, 300 ml.",
    "kind": "merchandise",
    "category": "Merch",
    "price": 240,
    "tier": "Silver",
    "picture": "/files/eyJzIjoi…/",
    "sponsor": None,
    "left": 12,
    "limit_count": 1,
    "limit_period": "month",
    "starts_at": None,
    "ends_at": None,
    "is_drop": False,
    "can_redeem": False,
    "why_not": {
        "code": "not_enough_points",
        "text": "“Mug” costs 240 and you have 200: 40 more to go.",
        "until": None,
    },
    "missing": 40,
}


class ShopList(ApiView):
    @operation(
        "list_shop",
        summary="List the shop",
        description="What is on offer or about to be, in the community's order. A member reads of each whether they can redeem it now.",
        tag=TAG,
        query=ShopQuery,
        answer=ShopItemAnswer,
        paged=True,
        example=_ITEM,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int, int)
        limit = query["limit"]
        found = list_shop(
            member_id=self.caller.member_id,
            context=self.context,
            search=query["search"],
            category=query["category"],
            tier=query["tier"],
            after=None if place is None else (place[0], place[1]),
            limit=limit + 1,
        )
        return self.answer_page(cut(found, limit, lambda item: item.place), ShopItemAnswer)


class ShopDetail(ApiView):
    @operation(
        "get_shop_item",
        summary="Read one of the shop",
        description="As in the list; a reward that is not on offer does not exist here.",
        tag=TAG,
        answer=ShopItemAnswer,
        errors=(404,),
        example=_ITEM,
    )
    def get(self, request: Request, reward_id: int) -> Response:
        item: ShopItem = get_shop_item(
            reward_id=reward_id, member_id=self.caller.member_id, context=self.context
        )
        return Response(ShopItemAnswer(item).data)


class TierList(ApiView):
    @operation(
        "list_reward_tiers",
        summary="List the tiers",
        description="Steps of prices with names, the lowest first. A reward's tier follows from its price.",
        tag=TAG,
        answer=TiersAnswer,
        example=_TIERS,
    )
    def get(self, request: Request) -> Response:
        return Response(TiersAnswer({"items": list_tiers()}).data)

    @operation(
        "set_reward_tiers",
        summary="Change the tiers",
        description="Makes these the tiers, in place of those that are there. No tier at all is fine.",
        tag=TAG,
        body=TiersInput,
        answer=TiersAnswer,
        body_example=_TIERS,
        example=_TIERS,
    )
    def put(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            tiers = set_tiers(tiers=[dict(one) for one in body["items"]], actor=self.actor)
            return Response(TiersAnswer({"items": tiers}).data)

        return once(self, work)
