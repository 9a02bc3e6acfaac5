"""Boosts: points that count more for a while. Planning one says what it takes of the plan's hours; it never costs unasked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.boosts import quote_boost, start_boost
from engagement.boosts.models import Boost
from engagement.boosts.scope import PARTS
from engagement.boosts.selectors import BoostLine, get_boost, line_of, list_boosts_after
from engagement.boosts.services import MAX_NAME, BoostDraft, percent_of, stop_boost
from engagement.boosts.windows import STATES
from saas.core import clock
from saas.core.ids import new_ulid

from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Output, Paging

TAG = "Boosts"


class ScopeInput(Input):
    """What it is for. What is left out does not narrow it; of what is given, all must fit."""

    types = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        help_text="Activity types, or those of `rules`.",
    )
    rules = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, help_text="Rules by number."
    )
    channels = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text="Discord's ids, or those of `categories`.",
    )
    categories = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    roles = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, help_text="Any of these Discord roles."
    )
    member_types = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, help_text="Any of these, by number."
    )


class BoostInput(Input):
    name = serializers.CharField(max_length=MAX_NAME)
    multiplier = serializers.FloatField(
        min_value=1.1, max_value=10, help_text="1.1 to 10, with at most two decimals."
    )
    starts_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Left out: at once."
    )
    ends_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="This or `hours`."
    )
    hours = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=744,
        help_text="How long, instead of `ends_at`.",
    )
    repeats_until = serializers.DateField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The last day on which it begins again, each week.",
    )
    scope = ScopeInput(required=False, default=dict)
    announce = serializers.BooleanField(
        default=False, help_text="One message in the announcements' channel when it begins; pings nobody."
    )


class BoostAnswer(Output):
    """A boost and where it stands."""

    id = serializers.IntegerField(source="boost.pk")
    name = serializers.CharField(source="boost.name")
    state = serializers.ChoiceField(choices=STATES)
    multiplier = serializers.SerializerMethodField()
    scope = serializers.DictField(source="boost.scope", help_text="Empty: everything.")
    starts_at = serializers.DateTimeField(source="boost.starts_at", help_text="Of its first window.")
    ends_at = serializers.DateTimeField(source="boost.ends_at")
    timezone = serializers.CharField(
        source="boost.timezone", help_text="Whose clock the weeks are counted on."
    )
    repeats_until = serializers.DateField(source="boost.repeats_until", allow_null=True)
    window_starts_at = serializers.DateTimeField(
        source="from_at", help_text="Of the window that runs, else the next, else the last."
    )
    window_ends_at = serializers.DateTimeField(source="until_at")
    stopped_at = serializers.DateTimeField(source="boost.stopped_at", allow_null=True)
    announce = serializers.BooleanField(source="boost.announce")
    created_at = serializers.DateTimeField(source="boost.created_at")
    created_by = serializers.CharField(source="boost.created_by")

    def get_multiplier(self, line: Any) -> float:
        return float(line.boost.percent / 100)


class MonthAnswer(Output):
    starts_at = serializers.DateTimeField(help_text="A calendar month in UTC.")
    needed = serializers.IntegerField(help_text="Hours that the boost takes.")
    left = serializers.IntegerField(allow_null=True, help_text="Of the plan's, before it; null: unlimited.")
    over = serializers.IntegerField(help_text="Hours above the plan.")


class QuoteAnswer(Output):
    """What a boost would take, before it is planned."""

    hours = serializers.IntegerField()
    over = serializers.IntegerField(help_text="Hours above the plan.")
    cost = serializers.IntegerField(help_text="Of those, in minor units of `currency`.")
    currency = serializers.CharField()
    is_allowed = serializers.BooleanField(help_text="Whether it could be planned.")
    months = MonthAnswer(many=True)


_BODY = {
    "name": "Double weekend",
    "multiplier": 2,
    "starts_at": "2026-11-28T09:00:00Z",
    "ends_at": "2026-11-29T17:00:00Z",
    "scope": {"types": ["message"]},
}
_BOOST = {
    "id": 4,
    "name": "Double weekend",
    "state": "planned",
    "multiplier": 2.0,
    "scope": {"types": ["message"]},
    "starts_at": "2026-11-28T09:00:00Z",
    "ends_at": "2026-11-29T17:00:00Z",
    "timezone": "Europe/Berlin",
    "repeats_until": None,
    "window_starts_at": "2026-11-28T09:00:00Z",
    "window_ends_at": "2026-11-29T17:00:00Z",
    "stopped_at": None,
    "announce": False,
    "created_at": "2026-11-21T08:30:00Z",
    "created_by": "Ada",
}


class BoostList(ApiView):
    @operation(
        "list_boosts",
        summary="List boosts",
        description="Planned, running and former ones, the newest first.",
        tag=TAG,
        query=Paging,
        answer=BoostAnswer,
        paged=True,
        example=_BOOST,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        limit = query["limit"]
        found = list_boosts_after(before_id=place[0] if place else None, limit=limit + 1)
        return self.answer_page(cut(found, limit, lambda line: (line.boost.pk,)), BoostAnswer)

    @operation(
        "create_boost",
        summary="Plan a boost",
        description="Or start one at once, by leaving `starts_at` out. Of boosts that run at the same time the highest counts. It is refused "
        "above the hours that the plan includes; `boosts/quote` says beforehand what it takes.",
        tag=TAG,
        body=BoostInput,
        answer=BoostAnswer,
        status=201,
        writes=True,
        body_example=_BODY,
        example=_BOOST,
    )
    def post(self, request: Request) -> Response:
        draft = draft_of(self.read_body())
        sent = request.headers.get(IDEMPOTENCY)
        key = f"rest:{self.caller.label}:{sent}"[:100] if sent else f"rest:{new_ulid()}"

        def work() -> Response:
            boost = start_boost(context=self.context, draft=draft, actor=self.actor, key=key)
            return Response(_described(boost), status=201, headers={"Location": f"{request.path}/{boost.pk}"})

        return once(self, work)


class BoostDetail(ApiView):
    @operation(
        "get_boost",
        summary="Read a boost",
        description="Where it stands, and when it runs.",
        tag=TAG,
        answer=BoostAnswer,
        errors=(404,),
        example=_BOOST,
    )
    def get(self, request: Request, boost_id: int) -> Response:
        return Response(_described(get_boost(boost_id=boost_id)))


class BoostStop(ApiView):
    @operation(
        "stop_boost",
        summary="Stop a boost",
        description="Ends it now, or calls off one that is planned. What it gave stays. Stopping twice changes nothing.",
        tag=TAG,
        answer=BoostAnswer,
        errors=(404, 409),
        writes=True,
        example=_BOOST | {"state": "stopped", "stopped_at": "2026-11-28T12:00:00Z"},
    )
    def post(self, request: Request, boost_id: int) -> Response:
        def work() -> Response:
            boost = stop_boost(context=self.context, boost_id=boost_id, actor=self.actor)
            return Response(_described(boost))

        return once(self, work)


class BoostQuoteView(ApiView):
    @operation(
        "preview_boost",
        summary="Ask what a boost would take",
        description="Hours by month, what is left of the plan's, what is above it and its cost. Changes nothing.",
        tag=TAG,
        body=BoostInput,
        answer=QuoteAnswer,
        body_example=_BODY,
        example={
            "hours": 32,
            "over": 20,
            "cost": 200,
            "currency": "usd",
            "is_allowed": False,
            "months": [{"starts_at": "2026-11-01T00:00:00Z", "needed": 32, "left": 12, "over": 20}],
        },
    )
    def post(self, request: Request) -> Response:
        quote = quote_boost(context=self.context, draft=draft_of(self.read_body()))
        return Response(QuoteAnswer(quote).data)


def draft_of(body: dict[str, Any]) -> BoostDraft:
    """Raises InvalidBoostError."""
    hours = body["hours"]
    return BoostDraft(
        name=body["name"],
        percent=percent_of(body["multiplier"]),
        scope={part: body["scope"][part] for part in PARTS if part in body["scope"]},
        starts_at=body["starts_at"],
        ends_at=body["ends_at"],
        lasts=None if hours is None else timedelta(hours=hours),
        repeats_until=body["repeats_until"],
        announce=body["announce"],
    )


def _described(boost: Boost) -> dict[str, Any]:
    line: BoostLine = line_of(boost, clock.now())
    return dict(BoostAnswer(line).data)
