"""Usage: what of that which is sold by use was used this month, and what it costs. Shown before it costs."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.usage import UsageLine, get_usage, use_nothing

from .frame import ApiView
from .operations import operation
from .serializing import Output

TAG = "Usage"


class UsageLineAnswer(Output):
    meter = serializers.CharField(help_text="boost_hours or active_members.")
    unit = serializers.CharField()
    included = serializers.IntegerField(help_text="Units a month that the plan includes.")
    used = serializers.IntegerField()
    allowed = serializers.IntegerField(
        help_text="Where it ends: included, and what the owner's cap pays for."
    )
    above = serializers.IntegerField(help_text="Of those used, how many are above the plan.")
    charged = serializers.IntegerField(help_text="Of those above, how many cost something.")
    unit_price = serializers.IntegerField(help_text="Minor units.")
    cost = serializers.IntegerField(help_text="So far, in minor units.")
    projected_used = serializers.IntegerField(
        help_text="By the month's end: boosts as planned, members at this month's pace."
    )
    projected_cost = serializers.IntegerField(
        help_text="By the month's end, never above the cap, in minor units."
    )
    counted_at = serializers.DateTimeField(
        allow_null=True, help_text="Members are counted daily, near their number hourly."
    )


class UsageAnswer(Output):
    """Of the running calendar month in UTC. Money in minor units of `currency`."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    currency = serializers.CharField()
    cap = serializers.IntegerField(help_text="What the owner allows above the plan a month; 0: nothing.")
    cap_in_force = serializers.BooleanField(help_text="Not in a trial, nor while a bill is open.")
    cost = serializers.IntegerField()
    projected_cost = serializers.IntegerField()
    sold = serializers.BooleanField(
        help_text="Whether more than the plan includes can be bought. False under a retainer: what it includes is all there is, "
        "and nothing above it costs."
    )
    lines = UsageLineAnswer(many=True)


_EXAMPLE = {
    "starts_at": "2026-11-01T00:00:00Z",
    "ends_at": "2026-12-01T00:00:00Z",
    "currency": "usd",
    "cap": 500,
    "cap_in_force": True,
    "cost": 30,
    "projected_cost": 80,
    "sold": True,
    "lines": [
        {
            "meter": "boost_hours",
            "unit": "hour",
            "included": 60,
            "used": 63,
            "allowed": 110,
            "above": 3,
            "charged": 3,
            "unit_price": 10,
            "cost": 30,
            "projected_used": 68,
            "projected_cost": 80,
            "counted_at": "2026-11-21T12:01:00Z",
        }
    ],
}


class UsageView(ApiView):
    @operation(
        "get_usage",
        summary="Read what was used",
        description="What the plan includes, what was used of it this month, what is above it and what that costs, so far and by the "
        "month's end. Without a paid plan nothing is sold by use, and there are no lines.",
        tag=TAG,
        answer=UsageAnswer,
        example=_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        usage = get_usage(self.context.tenant_id) or use_nothing()
        totals = {"cost": usage.cost, "projected_cost": usage.projected_cost, "cap_in_force": usage.in_force}
        facts = {name: getattr(usage, name) for name in ("starts_at", "ends_at", "currency", "cap", "sold")}
        return Response(
            UsageAnswer({**facts, **totals, "lines": [_describe(line) for line in usage.lines]}).data
        )


def _describe(line: UsageLine) -> dict[str, Any]:
    facts = {one.name: getattr(line, one.name) for one in fields(line)}
    return {**facts, "meter": line.meter.name, "unit": line.meter.unit}
