"""Payout accounts, and which support at Stripe is whose. Imported by billing.models."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import OuterRef, Subquery

from saas.core import clock
from saas.core.ids import new_ulid
from tenants.models import Membership

from .requirements import describe_required


class PayoutAccounts(models.QuerySet["PayoutAccount"]):
    def with_owner(self) -> PayoutAccounts:
        """Each with who owns its community now, read in the same query: `can_sell` asks for it."""
        owner = Membership.objects.filter(tenant_id=OuterRef("tenant_id"), role=Membership.Role.OWNER)
        return self.annotate(read_owner=Subquery(owner.values("user_id")[:1]))


class PayoutAccount(models.Model):
    """An account of a community at Stripe's, as Stripe last told it (`seen_at`). `stripe_id` is empty until Stripe has it.

    One stands: where money goes. One may be next: it stands as soon as it can take payments. Those that stood before, or were called
    off, are kept for the books. The one that stands is confirmed for whom connected it and for `confirmed_for`; who owns the community
    is looked up when it counts, so that from the moment of a transfer on it is confirmed for nobody else.
    """

    class State(models.TextChoices):
        STANDING = "standing", "Money goes there"
        NEXT = "next", "Is being connected"
        FORMER = "former", "Money went there"
        DROPPED = "dropped", "Called off"

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="payout_accounts")
    state = models.CharField(
        max_length=8, choices=State, default=State.STANDING, db_default=State.STANDING.value
    )
    user = models.ForeignKey(
        "tenants.User", on_delete=models.SET_NULL, null=True, related_name="+", help_text="Who set it up."
    )
    confirmed_for = models.ForeignKey(
        "tenants.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The owner who goes on with an account that somebody else set up.",
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
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it stopped to stand, or was called off."
    )

    objects = PayoutAccounts.as_manager()

    class Meta:
        db_table = "payout_account"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="standing"), name="payout_account_one_stands"
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="next"), name="payout_account_one_next"
            ),
        ]

    def __str__(self) -> str:
        return f"payouts of {self.tenant_id}: {self.state}"

    @property
    def owner_id(self) -> int | None:
        """Who owns the community. A query, unless it was read `with_owner`."""
        if "read_owner" in self.__dict__:
            found: int | None = self.__dict__["read_owner"]
            return found
        rows = Membership.objects.filter(tenant_id=self.tenant_id, role=Membership.Role.OWNER)
        return rows.values_list("user_id", flat=True).first()

    @property
    def can_take(self) -> bool:
        """Whether Stripe lets payments go there."""
        return bool(self.stripe_id) and self.charges_enabled and self.transfers == "active"

    @property
    def is_confirmed(self) -> bool:
        """Whether the community's owner connected it, or goes on with it knowingly."""
        return self.owner_id is not None and self.owner_id in {self.user_id, self.confirmed_for_id}

    @property
    def can_sell(self) -> bool:
        """Whether members can begin to pay this community now."""
        return self.can_take and self.is_confirmed

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
    next_tier = models.CharField(
        max_length=26, blank=True, default="", db_default="", help_text="The one from the next period on."
    )
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
