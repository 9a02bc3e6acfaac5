"""Tiers, who supports, and what was paid, as stored. Amounts are minor units of their currency."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.db.models.functions import Now

from engagement.members.models import Member
from saas.core.ids import new_ulid

GRACE: Final = timedelta(days=14)  # so long after a failed payment benefits go on while it is tried again


class TierState(models.TextChoices):
    DRAFT = "draft", "Draft"
    ON_SALE = "on_sale", "On sale"
    RETIRED = "retired", "Sold no more"


class Interval(models.TextChoices):
    MONTH = "month", "a month"
    YEAR = "year", "a year"


class SupportState(models.TextChoices):
    ACTIVE = "active", "Supports"
    LATE = "late", "A payment is late"
    ENDED = "ended", "Ended"


class DisputeState(models.TextChoices):
    """Of a payment that its payer's bank asks about or takes back. One that was won leaves no mark."""

    NONE = "", "Not disputed"
    INQUIRY = "inquiry", "The bank asks"
    OPEN = "open", "Disputed"
    LOST = "lost", "Charged back"


class SupporterTier(models.Model):
    """What members can pay for. Amount, currency and interval hold for whoever begins; name, perks, role and points for everybody."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=500, blank=True, db_default="")
    perks = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    amount = models.PositiveIntegerField(help_text="Minor units for each month or year.")
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=5, choices=Interval)
    role_id = models.CharField(
        max_length=20, blank=True, db_default="", help_text="Discord's, had while the support runs."
    )
    points = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Given once for each paid period."
    )
    position = models.IntegerField(default=0, db_default=0, help_text="Smaller stands further up.")
    state = models.CharField(max_length=7, choices=TierState, default=TierState.DRAFT, db_default="draft")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    offered_at = models.DateTimeField(null=True, help_text="When it was first on sale.")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "supporter_tier"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=100, amount__lte=1_000_000),
                name="supporter_tier_amount_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(points__lte=100_000), name="supporter_tier_points_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Supporter(models.Model):
    """One member's paying for one tier, from its beginning to its end. `roles` says of each role that came with it whether it is ours
    to take away (“ours”) or the member had it before (“had”)."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    reference = models.CharField(max_length=64, unique=True, help_text="Its name where the money is taken.")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="supports", db_index=False)
    tier = models.ForeignKey(SupporterTier, on_delete=models.PROTECT, related_name="supporters")
    state = models.CharField(max_length=6, choices=SupportState)
    amount = models.PositiveIntegerField(help_text="Agreed: minor units for each month or year.")
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=5, choices=Interval)
    begun_at = models.DateTimeField()
    period_end = models.DateTimeField(null=True)
    cancel_at = models.DateTimeField(null=True, help_text="It ends then, unless it is resumed.")
    next_tier = models.ForeignKey(
        SupporterTier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    next_amount = models.PositiveIntegerField(
        default=0, db_default=0, help_text="With next_tier, from the next period on: minor units."
    )
    late_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    roles = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        db_table = "supporter"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member"], condition=~models.Q(state="ended"), name="supporter_one_a_member"
            ),
            models.CheckConstraint(
                condition=models.Q(state="ended", ended_at__isnull=False)
                | (~models.Q(state="ended") & models.Q(ended_at=None)),
                name="supporter_ends_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["member", "-begun_at"], name="supporter_of_member"),
            models.Index(fields=["state", "-begun_at", "-id"], name="supporter_in_state"),
            models.Index(fields=["-begun_at", "-id"], name="supporter_latest"),
        ]

    def __str__(self) -> str:
        return f"member {self.member_id} supports with {self.amount} {self.currency}: {self.state}"

    def runs(self, now: datetime) -> bool:
        """Whether benefits go on: also while a late payment is tried again, for GRACE at most."""
        if self.state == SupportState.LATE:
            return self.late_since is None or now < self.late_since + GRACE
        return self.state == SupportState.ACTIVE


class SupporterPayment(models.Model):
    """One paid period. `fee` is what the platform keeps of it, less what went back; `points` what the period is worth, given when
    `points_given`, and taken back `points_rounds` times before. `disputed` is what the payer's bank holds back or took."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    reference = models.CharField(
        max_length=64, unique=True, help_text="The invoice's name where the money is taken."
    )
    supporter = models.ForeignKey(Supporter, on_delete=models.PROTECT, related_name="payments")
    tier = models.ForeignKey(SupporterTier, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveIntegerField()
    fee = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    points = models.PositiveIntegerField(default=0, db_default=0)
    points_given = models.BooleanField(default=False, db_default=False)
    points_rounds = models.PositiveSmallIntegerField(default=0, db_default=0)
    refunded = models.PositiveIntegerField(default=0, db_default=0, help_text="Minor units that went back.")
    refunded_at = models.DateTimeField(null=True)
    dispute = models.CharField(
        max_length=7, choices=DisputeState, blank=True, default=DisputeState.NONE, db_default=""
    )
    disputed = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units that the payer's bank took back."
    )
    disputed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "supporter_payment"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("amount")),
                name="supporter_payment_refunds_what_it_has",
            ),
            models.CheckConstraint(
                condition=models.Q(disputed__lte=models.F("amount") - models.F("refunded")),
                name="supporter_payment_disputes_what_it_has",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-paid_at", "-id"], name="supporter_payment_latest")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} of supporter {self.supporter_id}"

    @property
    def is_refunded(self) -> bool:
        return 0 < self.amount == self.refunded

    @property
    def is_disputed(self) -> bool:
        """Whether the bank has the money back; a mere inquiry leaves it where it is."""
        return self.dispute in (DisputeState.OPEN, DisputeState.LOST)
