"""A retainer and the communities that it covers. Imported by billing.models."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from saas.core import clock
from saas.core.ids import new_ulid


class Retainer(models.Model):
    """What was agreed, and how it stands as Stripe last told it (`seen_at`). `stripe_id` is empty until Stripe has it."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    payer = models.ForeignKey("billing.Payer", on_delete=models.PROTECT, related_name="retainers")
    plan = models.CharField(max_length=20, help_text="A key of billing.plans: what each community has.")
    interval = models.CharField(max_length=5, help_text="month or year")
    currency = models.CharField(max_length=3)
    amount = models.PositiveIntegerField(help_text="Minor units for each month or year, for all together.")
    places = models.PositiveIntegerField(help_text="So many communities at once.")
    days_until_due = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField(
        null=True, blank=True, help_text="Agreed ahead; empty: it began at once."
    )
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Agreed; empty: it renews until ended.")
    planned = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="Other terms from the next period on: billing.retainers.terms.Deal.",
    )
    revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Rises with each other terms that Stripe tells."
    )
    note = models.CharField(max_length=200, blank=True)
    stripe_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    schedule_id = models.CharField(
        max_length=64, blank=True, db_default="", help_text="Stripe's, until it begins."
    )
    status = models.CharField(
        max_length=24, blank=True, help_text="Stripe's own word; not_started: agreed ahead."
    )
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True)
    unpaid_since = models.DateTimeField(null=True, blank=True, help_text="The grace began then.")
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "retainer"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payer"], condition=models.Q(ended_at=None), name="retainer_one_a_payer"
            ),
            models.CheckConstraint(condition=models.Q(places__gte=1), name="retainer_covers_some"),
        ]

    def __str__(self) -> str:
        return f"Retainer of payer {self.payer_id}: {self.places} × {self.plan}"


class RetainerPlace(models.Model):
    """A community that a retainer covers, from `joined_at` until it left."""

    retainer = models.ForeignKey(Retainer, on_delete=models.PROTECT, related_name="covered")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(default=clock.now)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "retainer_place"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(left_at=None), name="retainer_place_one_a_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} under retainer {self.retainer_id}"
