"""Payout accounts, and which support at Stripe is whose. Imported by billing.models."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from saas.core import clock
from saas.core.ids import new_ulid

from .requirements import describe_required


class PayoutAccount(models.Model):
    """A community's own account at Stripe's, as Stripe last told it (`seen_at`). `stripe_id` is empty until Stripe has it."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="payout_account")
    user = models.ForeignKey(
        "tenants.User", on_delete=models.SET_NULL, null=True, related_name="+", help_text="Who set it up."
    )
    stripe_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    country = models.CharField(max_length=2)
    details_submitted = models.BooleanField(default=False)
    charges_enabled = models.BooleanField(default=False)
    payouts_enabled = models.BooleanField(default=False)
    transfers = models.CharField(max_length=10, blank=True, help_text="Stripe's word of the capability.")
    currently_due = models.JSONField(
        default=list, blank=True, help_text="Stripe's names of what it still asks for."
    )
    disabled_reason = models.CharField(max_length=60, blank=True, help_text="Stripe's own word.")
    seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "payout_account"

    def __str__(self) -> str:
        return f"payouts of {self.tenant_id}"

    @property
    def can_sell(self) -> bool:
        """Whether members can pay this community now."""
        return bool(self.stripe_id) and self.charges_enabled and self.transfers == "active"

    @property
    def required(self) -> list[str]:
        """What Stripe still asks for, in plain words."""
        return describe_required(self.currently_due)


class SupportCustomer(models.Model):
    """A member of one community as Stripe's customer. Somebody in two communities is two customers, and in one community one for each
    currency that they pay in, since Stripe ties a customer to a currency."""

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    member_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    stripe_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "support_customer"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "member_id", "currency"], name="support_customer_one_a_member"
            )
        ]

    def __str__(self) -> str:
        return f"member {self.member_id} of {self.tenant_id}"


class SupportCheckout(models.Model):
    """A page of Stripe's on which a member can begin to support. Committed before Stripe is asked; `key` is its idempotency key.

    `wanted` is what is sold there: tier, amount, currency, interval, fee (percent) and account.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Paid"
        CLOSED = "closed", "Came to nothing"

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    customer = models.ForeignKey(SupportCustomer, on_delete=models.CASCADE, related_name="checkouts")
    wanted = models.JSONField(default=dict)
    stripe_id = models.CharField(max_length=100, null=True, unique=True)
    url = models.TextField(blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "support_checkout"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(state="open"), name="support_checkout_one_open"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="open"), name="support_checkout_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.wanted.get('tier')} for {self.customer_id}: {self.state}"


class SupportSubscription(models.Model):
    """Which support at Stripe is whose, and its terms as Stripe last told them. What the community sees is engagement.supporters."""

    customer = models.ForeignKey(SupportCustomer, on_delete=models.CASCADE, related_name="subscriptions")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="support_subscriptions"
    )
    stripe_id = models.CharField(max_length=64, unique=True)
    account_id = models.CharField(max_length=64, help_text="Stripe's, of where the money goes.")
    status = models.CharField(max_length=24, help_text="Stripe's own word.")
    tier = models.CharField(max_length=26, help_text="A key of the community's tiers.")
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=5)
    fee = models.DecimalField(max_digits=5, decimal_places=2, help_text="Percent that the platform keeps.")
    period_end = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True)
    late_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    gross = models.BigIntegerField(default=0, help_text="Paid so far, in minor units.")
    fees = models.BigIntegerField(default=0, help_text="What the platform keeps of it, less what went back.")
    refunded = models.BigIntegerField(default=0)
    disputes = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="Stripe’s word for each dispute whose money is where it belongs.",
    )
    refused = models.BooleanField(
        default=False,
        help_text="It could not stand, such as a second one: it was ended and its money given back.",
    )
    seen_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "support_subscription"
        indexes: ClassVar = [
            models.Index(
                fields=["tenant"], condition=models.Q(ended_at=None), name="support_subscription_running"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id} for {self.tenant_id}: {self.status}"
