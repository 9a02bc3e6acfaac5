"""Who pays, for what, and what Stripe told us [public schema].

Invariants: Stripe is right about money and our rows are its mirror, written from objects that were fetched under the lock of
the row; a tenant has at most one subscription that has not ended; an event of Stripe's is stored once, whatever comes of it.
"""

from __future__ import annotations

from django.db import models

from saas.core import clock
from saas.core.ids import new_ulid
from tenants.models import Tenant, User


class Payer(models.Model):
    """A person or a company that pays for one community or for many: one customer at Stripe's.

    `stripe_id` is empty until the first checkout. The currency is fixed by the first subscription, as Stripe has it.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        COMPANY = "company", "Company"

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="payers", help_text="Who manages it."
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    name = models.CharField(max_length=100, blank=True, help_text="The company's; empty for a person.")
    email = models.EmailField(blank=True, help_text="Where invoices go.")
    currency = models.CharField(max_length=3, blank=True)
    stripe_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "payer"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(kind="person"), name="payer_one_person"
            ),
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(kind="company"), name="payer_one_a_company"
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.user)


class Subscription(models.Model):
    """A plan that somebody pays for one community, as Stripe last told it (`seen_at`)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="subscriptions")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="subscriptions")
    stripe_id = models.CharField(max_length=64, unique=True)
    plan = models.CharField(max_length=20, help_text="A key of billing.plans.")
    interval = models.CharField(max_length=5, default="month", help_text="month or year")
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=1, help_text="Cohorts, where the plan is sold by them.")
    status = models.CharField(max_length=24, help_text="Stripe's own word.")
    by_invoice = models.BooleanField(default=False)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    has_method = models.BooleanField(
        default=False, help_text="Stripe has something to charge when the trial ends."
    )
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="It ends then, unless it is resumed.")
    ended_at = models.DateTimeField(null=True, blank=True)
    unpaid_since = models.DateTimeField(null=True, blank=True, help_text="The grace began then.")
    first_unpaid = models.BooleanField(
        default=False,
        db_default=False,
        help_text="What is open is the first payment that was ever due after the trial.",
    )
    next_plan = models.CharField(max_length=20, blank=True, help_text="What was chosen for the next period.")
    next_interval = models.CharField(max_length=5, blank=True)
    next_quantity = models.PositiveIntegerField(default=0, db_default=0)
    schedule_id = models.CharField(max_length=64, blank=True)
    reminded = models.JSONField(default=dict, blank=True, help_text="Which reminders were sent, and when.")
    seen_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "subscription"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(ended_at=None), name="subscription_one_a_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} for {self.tenant_id}: {self.status}"


class StripeEvent(models.Model):
    """An event of Stripe's, stored before anything is done about it. `stripe_id` is its own, so a repeat is known."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Nothing to do"
        FAILED = "failed", "Failed"

    stripe_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=255, blank=True)
    customer_id = models.CharField(max_length=255, blank=True, db_index=True)
    live = models.BooleanField(default=False)
    made_at = models.DateTimeField(help_text="At Stripe's.")
    received_at = models.DateTimeField(default=clock.now)
    payload = models.JSONField(help_text="As it came; read for its ids alone.")
    state = models.CharField(max_length=9, choices=State, default=State.RECEIVED)
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker has it in hand until then."
    )
    error = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "stripe_event"
        indexes = [models.Index(fields=["state", "-received_at"], name="stripe_event_state")]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class Reconciliation(models.Model):
    """One hourly comparison of Stripe with our rows. `findings`: the first of them, as billing.reconciling.Finding."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    subscriptions = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "reconciliation"

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}: {self.found} findings"


class BillingAttempt(models.Model):
    """Something that is asked of Stripe for a community: a checkout, a change, a move.

    The row is committed before Stripe is called, and `key` is the idempotency key of the call: whatever becomes of the answer,
    asking again with the same row changes nothing twice.
    """

    class Kind(models.TextChoices):
        CHECKOUT = "checkout", "Checkout"
        CHANGE = "change", "Change of plan"
        CANCEL = "cancel", "Cancellation"
        RESUME = "resume", "Resumption"
        UNDO = "undo", "Planned change undone"
        INVOICE = "invoice", "Plan by invoice"
        MOVE = "move", "Offered to another payer"
        COVER = "cover", "Offered a retainer's place"
        ASIDE = "aside", "Planned change set aside"

    class State(models.TextChoices):
        OPEN = "open", "Nobody knows yet"
        DONE = "done", "Done"
        FAILED = "failed", "Came to nothing"

    key = models.CharField(max_length=26, unique=True, default=new_ulid, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    wanted = models.JSONField(default=dict, help_text="What was asked for, in our words.")
    actor = models.JSONField(default=dict, help_text="Who asked, as the audit log is to name them.")
    stripe_id = models.CharField(max_length=100, null=True, unique=True, help_text="Of the Checkout session.")
    url = models.TextField(blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_attempt"
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="open"), name="billing_attempt_open"
            ),
            models.Index(fields=["tenant", "-created_at"], name="billing_attempt_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.tenant_id}: {self.state}"


class TrialClaim(models.Model):
    """A trial is had once: `holder` is `tenant:<id>` or `guild:<Discord id>`, so that neither founding anew nor moving a server
    to another community gives a second one. It outlives the community."""

    holder = models.CharField(max_length=40, unique=True)
    attempt = models.ForeignKey(
        BillingAttempt, on_delete=models.SET_NULL, null=True, related_name="trial_claims"
    )
    claimed_by = models.BigIntegerField(
        null=True, help_text="The community that had it for this holder, also when it is gone."
    )
    claimed_at = models.DateTimeField(default=clock.now)
    used = models.BooleanField(default=False, help_text="Off: claimed by a checkout that is still open.")

    class Meta:
        db_table = "trial_claim"

    def __str__(self) -> str:
        return self.holder


# What members pay and what is sold by use have their models in modules of their own.
from .income.models import PayoutAccount, SupportCheckout, SupportCustomer, SupportSubscription  # noqa: E402
from .metering.models import MeterReport, SpendingCap, UsageMonth, UsageSubscription  # noqa: E402
from .retainers.models import Retainer, RetainerPlace  # noqa: E402

__all__ = [
    "BillingAttempt",
    "MeterReport",
    "Payer",
    "PayoutAccount",
    "Reconciliation",
    "Retainer",
    "RetainerPlace",
    "SpendingCap",
    "StripeEvent",
    "Subscription",
    "SupportCheckout",
    "SupportCustomer",
    "SupportSubscription",
    "TrialClaim",
    "UsageMonth",
    "UsageSubscription",
]
