"""What tiers, supporters, payments and one's own support look like over REST, with an example of each."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from engagement.supporters.forms import (
    CURRENCIES,
    LEAST,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_PERK,
    MAX_PERKS,
    MAX_POINTS,
    MOST,
)
from engagement.supporters.models import DisputeState, Interval, SupportState, TierState

from .serializing import Input, Output, Paging, id_field

TAG: Final = "Supporters"
_KEY: Final = 26  # characters of a key
_MINOR: Final = "Minor units of the currency, such as cents."


class SupporterTierChange(Input):
    name = serializers.CharField(max_length=MAX_NAME, required=False)
    description = serializers.CharField(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    perks = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PERK), max_length=MAX_PERKS, required=False
    )
    amount = serializers.IntegerField(
        min_value=LEAST, max_value=MOST, required=False,
        help_text=f"{_MINOR} A change holds for whoever begins from then on.",
    )  # fmt: skip
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False, help_text="Likewise.")
    interval = serializers.ChoiceField(choices=Interval.values, required=False, help_text="Likewise.")
    role_id = serializers.CharField(
        max_length=20, required=False, allow_blank=True,
        help_text="Discord's role that is had while the support runs; empty: none.",
    )  # fmt: skip
    points = serializers.IntegerField(
        min_value=0, max_value=MAX_POINTS, required=False, help_text="Given once for each paid period."
    )


class SupporterTierInput(SupporterTierChange):
    name = serializers.CharField(max_length=MAX_NAME)
    amount = serializers.IntegerField(min_value=LEAST, max_value=MOST, help_text=_MINOR)
    currency = serializers.ChoiceField(choices=CURRENCIES)
    interval = serializers.ChoiceField(choices=Interval.values)


class SupporterTierSwitchInput(Input):
    state = serializers.ChoiceField(choices=[TierState.ON_SALE.value, TierState.RETIRED.value])


class SupporterTierMoveInput(Input):
    position = serializers.IntegerField(min_value=1, max_value=1_000, help_text="Counted from 1.")


class SupportOfferAnswer(Output):
    """What members can support with."""

    key = serializers.CharField(source="tier.key")
    name = serializers.CharField(source="tier.name")
    description = serializers.CharField(source="tier.description")
    perks = serializers.ListField(child=serializers.CharField(), source="tier.perks")
    amount = serializers.IntegerField(source="tier.amount", help_text=_MINOR)
    currency = serializers.CharField(source="tier.currency")
    interval = serializers.ChoiceField(source="tier.interval", choices=Interval.values)
    points = serializers.IntegerField(source="tier.points", help_text="For each paid period.")


class SupporterTierAnswer(SupportOfferAnswer):
    """A tier as the team keeps it."""

    role_id = serializers.CharField(source="tier.role_id")
    state = serializers.ChoiceField(source="tier.state", choices=TierState.values)
    position = serializers.IntegerField(source="tier.position")
    supporters = serializers.IntegerField(help_text="Who support with it now.")
    offered_at = serializers.DateTimeField(
        source="tier.offered_at", allow_null=True, help_text="When it was first on sale."
    )


class SupportOffersAnswer(Output):
    items = SupportOfferAnswer(many=True)


class SupporterTiersAnswer(Output):
    items = SupporterTierAnswer(many=True)


class SupporterQuery(Paging):
    state = serializers.ChoiceField(
        choices=SupportState.values, required=False, help_text="Only those in this state."
    )
    tier = serializers.CharField(max_length=_KEY, required=False, default="", help_text="A tier's key.")
    member_id = id_field("Only this member's.", required=False)
    search = serializers.CharField(
        max_length=80, required=False, default="", help_text="A word of the member's name begins with it."
    )


class SupporterAnswer(Output):
    """Who supports. Cards and mail addresses are the payment provider's, and told to nobody."""

    key = serializers.CharField()
    member_id = serializers.IntegerField()
    member_name = serializers.CharField(source="member.display_name")
    tier = serializers.CharField(source="tier.key")
    tier_name = serializers.CharField(source="tier.name")
    state = serializers.ChoiceField(choices=SupportState.values)
    amount = serializers.IntegerField(help_text=f"As agreed. {_MINOR}")
    currency = serializers.CharField()
    interval = serializers.ChoiceField(choices=Interval.values)
    begun_at = serializers.DateTimeField()
    period_end = serializers.DateTimeField(allow_null=True)
    cancel_at = serializers.DateTimeField(allow_null=True, help_text="It ends then, unless it is resumed.")
    late_since = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    next_tier = serializers.CharField(
        source="next_tier.key",
        default=None,
        allow_null=True,
        help_text="The tier from `period_end` on, where another one was chosen.",
    )
    next_amount = serializers.IntegerField(help_text="With it. 0: nothing was chosen.")


class SupporterSumsAnswer(Output):
    """What came of a support, over all its payments."""

    benefits_until = serializers.DateTimeField(
        source="grace_ends_at", allow_null=True, help_text="While a payment is late."
    )
    charged_back = serializers.BooleanField(
        help_text="The payment for the period that runs is disputed, so its role and points are withheld."
    )
    payments = serializers.IntegerField(source="count")
    paid = serializers.IntegerField(source="amount", help_text=f"Altogether. {_MINOR}")
    fee = serializers.IntegerField(help_text="The platform's part of it.")
    refunded = serializers.IntegerField(help_text="What went back.")
    disputed = serializers.IntegerField(help_text="What banks took back.")
    net = serializers.IntegerField(help_text="What reached the community and stayed.")


class SupporterDetailAnswer(SupporterAnswer, SupporterSumsAnswer):
    """One support with its sums."""


class SupporterPaymentQuery(Paging):
    tier = serializers.CharField(max_length=_KEY, required=False, default="", help_text="A tier's key.")
    supporter = serializers.CharField(
        max_length=_KEY, required=False, default="", help_text="A supporter's key."
    )
    member_id = id_field("Only this member's.", required=False)
    refunded = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only those that were given back, or only those that were not.",
    )


class SupporterPaymentAnswer(Output):
    key = serializers.CharField()
    supporter = serializers.CharField(source="supporter.key")
    member_id = serializers.IntegerField(source="supporter.member_id")
    member_name = serializers.CharField(source="supporter.member.display_name")
    tier = serializers.CharField(source="tier.key")
    amount = serializers.IntegerField(help_text=_MINOR)
    fee = serializers.IntegerField(help_text="The platform's part of it.")
    refunded = serializers.IntegerField(help_text="What went back.")
    dispute = serializers.ChoiceField(
        choices=DisputeState.values,
        help_text="By the bank of who paid: inquiry, open, lost, or empty. One that was won leaves no mark.",
    )
    disputed = serializers.IntegerField(help_text="What the bank took back.")
    disputed_at = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    paid_at = serializers.DateTimeField()
    period_start = serializers.DateTimeField(allow_null=True)
    period_end = serializers.DateTimeField(allow_null=True)
    refunded_at = serializers.DateTimeField(allow_null=True)


class SupporterRefundInput(Input):
    end = serializers.BooleanField(
        required=False, default=False, help_text="The support ends as well, at once."
    )


class SupportChoiceInput(Input):
    tier = serializers.CharField(max_length=_KEY, help_text="The key of a tier on sale.")


class SupportAddressAnswer(Output):
    url = serializers.URLField(help_text="The payment provider's page, to be opened by the member.")


class OwnSupportAnswer(Output):
    """One's own support: the one that runs, or the last."""

    tier = serializers.CharField(source="tier.key")
    tier_name = serializers.CharField(source="tier.name")
    state = serializers.ChoiceField(source="supporter.state", choices=SupportState.values)
    amount = serializers.IntegerField(source="supporter.amount", help_text=f"As agreed. {_MINOR}")
    currency = serializers.CharField(source="supporter.currency")
    interval = serializers.ChoiceField(source="supporter.interval", choices=Interval.values)
    begun_at = serializers.DateTimeField(source="supporter.begun_at")
    period_end = serializers.DateTimeField(source="supporter.period_end", allow_null=True)
    cancel_at = serializers.DateTimeField(source="supporter.cancel_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="supporter.ended_at", allow_null=True)
    next_tier = serializers.CharField(
        source="supporter.next_tier.key",
        default=None,
        allow_null=True,
        help_text="The tier from `period_end` on, where another one was chosen.",
    )
    next_amount = serializers.IntegerField(
        source="supporter.next_amount", help_text="With it. 0: nothing was chosen."
    )
    benefits_until = serializers.DateTimeField(
        source="grace_ends_at", allow_null=True, help_text="While a payment is late."
    )
    payments = serializers.IntegerField()
    paid = serializers.IntegerField(help_text=f"Altogether, less what went back. {_MINOR}")


class SupportPreviewAnswer(Output):
    """What a change costs, by the payment provider's own figures."""

    later = serializers.BooleanField(help_text="It begins at `next_at`, and nothing is charged now.")
    due_now = serializers.IntegerField(help_text=_MINOR)
    currency = serializers.CharField()
    next_amount = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)
    credit = serializers.IntegerField(
        help_text="For what is left of the period that was paid, within due_now."
    )


_TIER: Final = "01JD8Z3Q5T7V9X1B3D5F7H9K1M"
BODY: Final[dict[str, Any]] = {
    "name": "Friend of the studio",
    "description": "Keeps the lights on.",
    "perks": ["Sketches a week early", "Your name in the credits"],
    "amount": 500,
    "currency": "eur",
    "interval": "month",
    "points": 100,
}
OFFER: Final[dict[str, Any]] = {"key": _TIER, **BODY}
TIER: Final[dict[str, Any]] = OFFER | {
    "role_id": "",
    "state": "on_sale",
    "position": 1,
    "supporters": 12,
    "offered_at": "2026-09-01T10:00:00Z",
}
SUPPORTER: Final[dict[str, Any]] = {
    "key": "01JD8Z6W0C2E4G6J8M0P2R4T6V",
    "member_id": 12,
    "member_name": "Grace",
    "tier": _TIER,
    "tier_name": "Friend of the studio",
    "state": "active",
    "amount": 500,
    "currency": "eur",
    "interval": "month",
    "begun_at": "2026-09-03T08:30:00Z",
    "period_end": "2026-12-03T08:30:00Z",
    "cancel_at": None,
    "late_since": None,
    "ended_at": None,
    "next_tier": None,
    "next_amount": 0,
}
DETAIL: Final[dict[str, Any]] = SUPPORTER | {
    "benefits_until": None,
    "charged_back": False,
    "payments": 3,
    "paid": 1500,
    "fee": 75,
    "refunded": 0,
    "disputed": 0,
    "net": 1425,
}
PAYMENT: Final[dict[str, Any]] = {
    "key": "01JD8ZB4Y6A8C0E2G4J6M8P0R2",
    "supporter": SUPPORTER["key"],
    "member_id": 12,
    "member_name": "Grace",
    "tier": _TIER,
    "amount": 500,
    "fee": 25,
    "refunded": 0,
    "dispute": "",
    "disputed": 0,
    "disputed_at": None,
    "currency": "eur",
    "paid_at": "2026-11-03T08:31:00Z",
    "period_start": "2026-11-03T08:30:00Z",
    "period_end": "2026-12-03T08:30:00Z",
    "refunded_at": None,
}
OWN: Final[dict[str, Any]] = {
    "tier": _TIER,
    "tier_name": "Friend of the studio",
    "state": "active",
    "amount": 500,
    "currency": "eur",
    "interval": "month",
    "begun_at": "2026-09-03T08:30:00Z",
    "period_end": "2026-12-03T08:30:00Z",
    "cancel_at": None,
    "ended_at": None,
    "next_tier": None,
    "next_amount": 0,
    "benefits_until": None,
    "payments": 3,
    "paid": 1500,
}
PREVIEW: Final[dict[str, Any]] = {
    "later": False,
    "due_now": 320,
    "currency": "eur",
    "next_amount": 1000,
    "next_at": "2026-12-03T08:30:00Z",
    "credit": 180,
}
