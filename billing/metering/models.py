"""Rows of what is sold by use. Imported by billing.models."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from saas.core import clock


class UsageSubscription(models.Model):
    """What a payer pays for use above the plans of all their communities. One that lives at most; Stripe's mirror."""

    payer = models.ForeignKey("billing.Payer", on_delete=models.PROTECT, related_name="usage_subscriptions")
    stripe_id = models.CharField(max_length=255, unique=True)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=24, help_text="Stripe's own word.")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    began_at = models.DateTimeField(help_text="At Stripe's; nothing from before is billed by it.")
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "usage_subscription"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payer"], condition=models.Q(ended_at=None), name="usage_subscription_one_a_payer"
            ),
        ]

    def __str__(self) -> str:
        return f"Usage of payer {self.payer_id}: {self.status}"


class SpendingCap(models.Model):
    """How much may be paid above a community's plan in a calendar month (UTC). No row: nothing.

    It holds for the payer of that time: whoever takes the plan over has agreed to nothing yet.
    """

    tenant = models.OneToOneField(
        "tenants.Tenant", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    payer = models.ForeignKey("billing.Payer", on_delete=models.CASCADE, null=True, related_name="+")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "spending_cap"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} a month for {self.tenant_id}"


class UsageMonth(models.Model):
    """What a community used of one meter in a calendar month (UTC). Counted under one lock a community.

    `included` is the most that a plan of the month included, so that a smaller plan never charges what was free before. Units above
    it are in `charged` (recorded for reporting) or in `spared` (above the cap: nobody pays them), and stay where they are.
    """

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    meter = models.CharField(max_length=20, help_text="A name of billing.plans.METERS.")
    month = models.DateField(help_text="Its first day.")
    included = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    charged = models.PositiveIntegerField(default=0)
    spared = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(
        null=True, help_text="Members who may earn; above them newcomers wait."
    )
    held_at = models.DateTimeField(null=True)
    warned = models.JSONField(default=dict, blank=True, help_text="Which warnings were sent, and when.")
    counted_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "usage_month"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "meter", "month"], name="usage_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} of {self.tenant_id} in {self.month:%Y-%m}: {self.used}"


class MeterReport(models.Model):
    """Units that are reported to Stripe's meter once, under `identifier`."""

    class State(models.TextChoices):
        WAITING = "waiting", "To be reported"
        SENT = "sent", "Reported"
        SPARED = "spared", "Not charged"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.SET_NULL, null=True, related_name="+")
    payer = models.ForeignKey("billing.Payer", on_delete=models.PROTECT, null=True, related_name="+")
    meter = models.CharField(max_length=20)
    units = models.PositiveIntegerField()
    identifier = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField(help_text="When they were used.")
    sent_as = models.DateTimeField(
        null=True, help_text="The moment that Stripe was told; fixed by the first try."
    )
    tried_at = models.DateTimeField(null=True, help_text="The first try.")
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, help_text="A worker has it in hand until then.")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "meter_report"
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="waiting"), name="meter_report_waiting"
            ),
            models.Index(fields=["tenant", "meter", "-at"], name="meter_report_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.units} {self.meter}: {self.identifier}"
