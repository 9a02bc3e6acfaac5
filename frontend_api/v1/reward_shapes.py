"""What rewards look like over REST, with an example."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from engagement.files.selectors import file_address
from engagement.rewards.facts import MAX_CATEGORY, MAX_DESCRIPTION, MAX_NAME, MOST
from engagement.rewards.kinds import KINDS
from engagement.rewards.models import Approval, LimitPeriod, RewardState

from .serializing import Input, Moment, Output, Paging

TAG = "Rewards"


COUNT: dict[str, Any] = {"min_value": 1, "max_value": MOST, "required": False, "allow_null": True}


STOCK: dict[str, Any] = COUNT | {"min_value": 0}


class RewardQuery(Paging):
    state = serializers.ChoiceField(
        choices=RewardState.values, required=False, help_text="Left out: all but the archived."
    )
    kind = serializers.ChoiceField(choices=list(KINDS), required=False, help_text="Of this kind alone.")
    category = serializers.CharField(max_length=40, required=False, default="", help_text="Exactly this one.")
    search = serializers.CharField(
        max_length=80, required=False, default="", help_text="In names; or a whole key."
    )


class FigureInput(Input):
    name = serializers.CharField(max_length=60)
    least = serializers.IntegerField(min_value=1, max_value=MOST)


class EligibilityInput(Input):
    """Who may redeem it. All that is given must hold; nothing: everybody."""

    level = serializers.IntegerField(
        min_value=1, max_value=10_000, required=False, help_text="From this level on."
    )
    days = serializers.IntegerField(
        min_value=1, max_value=36_500, required=False, help_text="In the community for so many days."
    )
    roles = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        max_length=50,
        help_text="Any of these Discord roles.",
    )
    types = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        max_length=50,
        help_text="Any of these member types, by number.",
    )
    figures = serializers.ListField(
        child=FigureInput(),
        required=False,
        max_length=10,
        help_text="Own figures, each with its least value.",
    )


class RewardChange(Input):
    name = serializers.CharField(max_length=MAX_NAME, required=False)
    description = serializers.CharField(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    category = serializers.CharField(max_length=MAX_CATEGORY, required=False, allow_blank=True)
    price = serializers.IntegerField(min_value=1, max_value=MOST, required=False, help_text="Points.")
    sponsor_id = serializers.IntegerField(help_text="null: none.", **COUNT)
    stock = serializers.IntegerField(help_text="Not yet handed out; null: no end.", **STOCK)
    low_stock = serializers.IntegerField(help_text="The team is told when so few are free.", **STOCK)
    limit_count = serializers.IntegerField(
        help_text="For each member and `limit_period`; null: no limit.", **COUNT
    )
    limit_period = serializers.ChoiceField(choices=LimitPeriod.values, required=False)
    eligibility = EligibilityInput(required=False)
    starts_at = Moment(required=False, allow_null=True)
    ends_at = Moment(required=False, allow_null=True)
    is_drop = serializers.BooleanField(required=False, help_text="Members queue for it from `starts_at` on.")
    approval = serializers.ChoiceField(choices=Approval.values, required=False)
    approval_above = serializers.IntegerField(help_text="With `approval` above: dearer ones wait.", **COUNT)
    settings = serializers.DictField(
        required=False, help_text="What its kind needs, such as {“role_id”: “80351110224678912”, “days”: 30}."
    )


class RewardInput(RewardChange):
    kind = serializers.ChoiceField(choices=list(KINDS), help_text="Stays for ever.")
    key = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Of tables and programs; stays for ever. Left out: made from the name.",
    )
    name = serializers.CharField(max_length=MAX_NAME)
    price = serializers.IntegerField(min_value=1, max_value=MOST, help_text="Points.")


class RewardAnswer(Output):
    """A reward as it is kept."""

    id = serializers.IntegerField(source="pk")
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    state = serializers.ChoiceField(choices=RewardState.values)
    frozen = serializers.SerializerMethodField(
        help_text="On offer, and over what the plan includes: not in the shop."
    )
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    price = serializers.IntegerField()
    picture = serializers.SerializerMethodField(
        help_text="A path on this community's site, good for a day or two; empty: none."
    )
    sponsor_id = serializers.IntegerField(allow_null=True)
    stock = serializers.IntegerField(allow_null=True)
    reserved = serializers.IntegerField(
        help_text="Of the stock, promised to redemptions that are not fulfilled yet."
    )
    low_stock = serializers.IntegerField(allow_null=True)
    limit_count = serializers.IntegerField(allow_null=True)
    limit_period = serializers.ChoiceField(choices=LimitPeriod.values)
    eligibility = serializers.DictField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    is_drop = serializers.BooleanField()
    approval = serializers.ChoiceField(choices=Approval.values)
    approval_above = serializers.IntegerField(allow_null=True)
    settings = serializers.DictField()
    position = serializers.IntegerField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)

    def get_picture(self, reward: Any) -> str:
        return file_address(self.context["here"], reward.picture_id) if reward.picture_id else ""

    def get_frozen(self, reward: Any) -> bool:
        return bool(reward.state == RewardState.ACTIVE and reward.pk >= self.context["frozen_from"])


class RestockInput(Input):
    more = serializers.IntegerField(min_value=-MOST, max_value=MOST, help_text="Less with a minus.")


BODY = {
    "kind": "custom",
    "name": "Coffee with the team",
    "price": 300,
    "settings": {"instructions": "We write to you."},
}


EXAMPLE = {
    "id": 7,
    "key": "coffee-with-the-team-01hx",
    "kind": "custom",
    "state": "draft",
    "frozen": False,
    "name": "Coffee with the team",
    "description": "",
    "category": "Time",
    "price": 300,
    "picture": "",
    "sponsor_id": None,
    "stock": 10,
    "reserved": 0,
    "low_stock": None,
    "limit_count": 1,
    "limit_period": "month",
    "eligibility": {"level": 5},
    "starts_at": None,
    "ends_at": None,
    "is_drop": False,
    "approval": "automatic",
    "approval_above": None,
    "settings": {"instructions": "We write to you."},
    "position": 3,
    "version": 1,
    "created_at": "2026-11-21T08:30:00Z",
    "changed_at": "2026-11-21T08:30:00Z",
    "archived_at": None,
}
