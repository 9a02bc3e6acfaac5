"""What redemptions and places in a queue look like over REST, with an example of each."""

from __future__ import annotations

from typing import Final

from rest_framework import serializers

from engagement.rewards.deciding import (
    MAX_TRACKING,
)
from engagement.rewards.models import RedemptionState, RewardKind
from engagement.rewards.states import MAX_REASON

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


OWN = {
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


REDEMPTION = OWN | {
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


PLACE = {"place": 4, "ahead": 1, "waiting": 9, "offered_until": None, "has_taken": False}


DRAW = {
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "seed": "test",
    "drawn_at": "2026-11-21T12:00:00Z",
    "entries": 40,
    "winners": [],
}
