"""How the economy is, over REST: what is owed, what came and went by week, what runs out, how rewards fare, what sponsors get."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.analytics.economy import get_economy
from engagement.analytics.forecast import CONFIDENCE
from engagement.analytics.funnel import (
    PERIOD,
    PERIODS,
    ItemFunnel,
    SponsorFunnel,
    get_items,
    item_value,
    list_sponsors,
    period_of,
)
from engagement.analytics.stock import StockLine, list_stock
from saas.core import clock
from tenants.gatekeeping import require_gate

from .frame import ApiView
from .operations import operation
from .paging import MAX_OFFSET, cut, read_cursor
from .serializing import Input, Output, Paging

TAG = "Economy"


class WorthAnswer(Output):
    """What the spendable points come to at a price."""

    price = serializers.IntegerField(help_text="Points.")
    rewards = serializers.IntegerField(help_text="Whole rewards, each member by themselves.")
    members = serializers.IntegerField(help_text="Who can afford one.")


class LiabilityAnswer(Output):
    spendable = serializers.IntegerField(help_text="Points that members could still spend.")
    departed = serializers.IntegerField(help_text="Of those, of members who left.")
    holders = serializers.IntegerField(help_text="Members who have any.")
    held = serializers.IntegerField(help_text="Taken for redemptions that are not fulfilled yet.")
    debt = serializers.IntegerField(help_text="What later earnings pay first.")
    on_offer = serializers.IntegerField(help_text="Rewards with a price that can be redeemed now.")
    cheapest = WorthAnswer(allow_null=True)
    median = WorthAnswer(allow_null=True)


class EconomyWeekAnswer(Output):
    """A week on the community's clock. Circulation grows by issued - taken_back - burnt + refunded."""

    start = serializers.DateField()
    issued = serializers.IntegerField()
    taken_back = serializers.IntegerField()
    burnt = serializers.IntegerField()
    refunded = serializers.IntegerField()
    active = serializers.IntegerField(help_text="Members who scored.")
    circulation = serializers.IntegerField(help_text="As the week ended, or now.")
    is_running = serializers.BooleanField()


class InflationAnswer(Output):
    """Percent, over `weeks` whole weeks."""

    weeks = serializers.IntegerField(help_text="Compared with as many before.")
    percent = serializers.FloatField(help_text="Growth of the points in circulation per active member.")
    circulation = serializers.FloatField(help_text="Growth of the points in circulation.")
    active = serializers.FloatField(help_text="Growth of the members who scored in a week.")
    per_member = serializers.FloatField(help_text="Growth of the points in circulation per member.")


class IssueCauseAnswer(Output):
    kind = serializers.CharField(help_text="rule, team, submission or import.")
    rule_id = serializers.IntegerField(help_text="0 where it is no rule.")
    name = serializers.CharField(help_text="Of the rule, as it is called now.")
    points = serializers.IntegerField(help_text="Issued in the whole weeks of the inflation.")
    awards = serializers.IntegerField()
    share = serializers.FloatField(help_text="Percent of all that was issued.")
    before = serializers.IntegerField(help_text="Issued in as many weeks before.")


class EconomyAnswer(Output):
    """Points are whole."""

    at = serializers.DateTimeField()
    circulation = serializers.IntegerField()
    liability = LiabilityAnswer()
    weeks = EconomyWeekAnswer(many=True)
    inflation = InflationAnswer(allow_null=True)
    causes = IssueCauseAnswer(many=True)


class OutlookAnswer(Output):
    """Weeks until nothing is left."""

    weekly = serializers.FloatField(help_text="Redemptions a week lately.")
    low = serializers.FloatField(help_text="The range's beginning.")
    middle = serializers.FloatField(help_text="As likely earlier as later.")
    high = serializers.FloatField(help_text="The range's end; 520 means ten years or more.")
    chance = serializers.FloatField(help_text="Of being sold out within four weeks, 0 to 1.")


class StockAnswer(Output):
    reward_id = serializers.IntegerField()
    name = serializers.CharField()
    free = serializers.IntegerField(help_text="Left to redeem.")
    weeks = serializers.FloatField(help_text="Of demand that the forecast is made of, 8 at most.")
    outlook = OutlookAnswer(allow_null=True, help_text="Null where nobody redeemed it lately.")


class PeriodQuery(Paging):
    days = serializers.ChoiceField(
        choices=PERIODS, default=PERIOD, help_text="The last so many days, today included."
    )


class SponsorQuery(Input):
    days = serializers.ChoiceField(
        choices=PERIODS, default=PERIOD, help_text="The last so many days, today included."
    )


class StepsAnswer(Output):
    seen = serializers.IntegerField(help_text="Times in a list.")
    opened = serializers.IntegerField(help_text="Times on its own.")
    redeemed = serializers.IntegerField()
    refused = serializers.IntegerField(
        help_text="Of those redeemed, rejected, cancelled or expired: the points came back."
    )
    fulfilled = serializers.IntegerField(help_text="Of those redeemed.")
    delivered = serializers.IntegerField(help_text="Of those fulfilled.")
    members = serializers.IntegerField(help_text="Who redeemed.")
    points = serializers.IntegerField(help_text="That stayed spent.")


class ItemFunnelAnswer(Output):
    reward_id = serializers.IntegerField()
    name = serializers.CharField()
    sponsor = serializers.CharField(help_text="Empty: none.")
    price = serializers.IntegerField()
    state = serializers.CharField()
    steps = StepsAnswer()


class SponsorReportAnswer(Output):
    sponsor_id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    budget = serializers.IntegerField(
        allow_null=True, help_text="Redemptions that it pays for; null: no end."
    )
    used = serializers.IntegerField(help_text="Of the budget, since ever.")
    left = serializers.IntegerField(allow_null=True)
    rewards = serializers.IntegerField(help_text="In the shop now.")
    steps = StepsAnswer()


class SponsorListAnswer(Output):
    first = serializers.DateField()
    last = serializers.DateField()
    sponsors = SponsorReportAnswer(many=True)


_STEPS: Final = {
    "seen": 410,
    "opened": 96,
    "redeemed": 12,
    "refused": 1,
    "fulfilled": 11,
    "delivered": 9,
    "members": 12,
    "points": 2_750,
}
_SPONSOR: Final = {
    "sponsor_id": 3,
    "name": "Roastery",
    "url": "https://roastery.example",
    "starts_at": None,
    "ends_at": "2026-12-31T22:59:00Z",
    "budget": 100,
    "used": 31,
    "left": 69,
    "rewards": 2,
    "steps": _STEPS,
}
_WEEK: Final = {
    "start": "2026-11-09",
    "issued": 5_210,
    "taken_back": 40,
    "burnt": 1_900,
    "refunded": 100,
    "active": 84,
    "circulation": 48_230,
    "is_running": False,
}
_ECONOMY: Final = {
    "at": "2026-11-21T12:00:00Z",
    "circulation": 48_900,
    "liability": {
        "spendable": 47_100,
        "departed": 2_300,
        "holders": 312,
        "held": 450,
        "debt": 20,
        "on_offer": 14,
        "cheapest": {"price": 50, "rewards": 820, "members": 260},
        "median": {"price": 250, "rewards": 131, "members": 74},
    },
    "weeks": [_WEEK],
    "inflation": {"weeks": 4, "percent": 6.2, "circulation": 14.0, "active": 7.3, "per_member": 9.9},
    "causes": [
        {
            "kind": "rule",
            "rule_id": 2,
            "name": "Message",
            "points": 12_400,
            "awards": 9_120,
            "share": 61.3,
            "before": 10_950,
        }
    ],
}


class EconomyView(ApiView):
    @operation(
        "get_economy",
        summary="Read how the economy is",
        description="What members could still spend, what was issued and burnt in each week, whether points lose their worth, and which "
        "rules issue them; as far back as the plan shows history.",
        tag=TAG,
        answer=EconomyAnswer,
        example=_ECONOMY,
    )
    def get(self, request: Request) -> Response:
        return Response(EconomyAnswer(get_economy(context=self.context)).data)


class StockView(ApiView):
    @operation(
        "list_stock_forecasts",
        summary="Read when rewards run out",
        description="Those that run out first come first. Demand of the last 8 weeks is carried on; the range from `low` to `high` holds what "
        f"happens in {CONFIDENCE:.0%} of cases, wider where demand comes in bursts. Seasons, announcements and new prices are not known to it.",
        tag=TAG,
        query=Paging,
        answer=StockAnswer,
        paged=True,
        example={
            "reward_id": 4,
            "name": "Mug",
            "free": 9,
            "weeks": 8.0,
            "outlook": {"weekly": 2.5, "low": 2.1, "middle": 3.4, "high": 5.6, "chance": 0.64},
        },
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        begin = min(max(place[0], 0), MAX_OFFSET) if place else 0
        found = list_stock(now=clock.now(), limit=query["limit"] + 1, offset=begin)
        return self.answer_page(
            cut(
                [_Numbered(line, begin + at + 1) for at, line in enumerate(found)], query["limit"], _place_of
            ),
            StockAnswer,
        )


class _Numbered:
    """A line that knows where the list goes on after it."""

    def __init__(self, line: StockLine, number: int) -> None:
        self.reward_id, self.name, self.free, self.weeks = (
            line.reward_id,
            line.name,
            line.free,
            round(line.weeks, 2),
        )
        self.outlook = None
        if line.outlook is not None:
            self.outlook = {name: round(value, 3) for name, value in asdict(line.outlook).items()}
        self.number = number


def _place_of(line: _Numbered) -> tuple[int]:
    return (line.number,)


class RewardFunnelView(ApiView):
    @operation(
        "list_reward_funnel",
        summary="Read how rewards fare",
        description="Of each reward, how often it was seen, opened, redeemed, fulfilled and delivered; the most redeemed first.",
        tag=TAG,
        query=PeriodQuery,
        answer=ItemFunnelAnswer,
        paged=True,
        example={
            "reward_id": 4,
            "name": "Mug",
            "sponsor": "Roastery",
            "price": 250,
            "state": "active",
            "steps": _STEPS,
        },
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int, int)
        period = period_of(query["days"], context=self.context)
        found = get_items(period, limit=query["limit"] + 1, after=place and (place[0], place[1])).items
        page = cut(found, query["limit"], _place_of_item)
        return self.answer_page(page, ItemFunnelAnswer)


def _place_of_item(item: ItemFunnel) -> tuple[Any, int]:
    return item_value(item, "redeemed"), item.reward_id


class SponsorReportView(ApiView):
    @operation(
        "get_sponsor_report",
        summary="Read what sponsors get",
        description="Of each sponsor, how often its rewards were seen, opened, redeemed and delivered, by how many members, and what is left of "
        "its budget. Names no member.",
        tag=TAG,
        query=SponsorQuery,
        answer=SponsorListAnswer,
        errors=(403,),
        example={"first": "2026-10-25", "last": "2026-11-21", "sponsors": [_SPONSOR]},
    )
    def get(self, request: Request) -> Response:
        require_gate("sponsors", self.context)
        period = period_of(self.read_query()["days"], context=self.context)
        sponsors: list[SponsorFunnel] = list_sponsors(period)
        return Response(
            SponsorListAnswer({"first": period.first, "last": period.last, "sponsors": sponsors}).data
        )
