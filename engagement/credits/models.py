"""Credit types, requests, moves outside of requests, and who may decide how much."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from tenants.fields import SharedReference


class CreditType(models.Model):
    """A currency of the community, such as “AI” or “Lead”. Never deleted, because entries name it."""

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(max_length=20, unique=True, help_text="As members type it.")
    name = models.CharField(max_length=40)
    unit = models.CharField(
        max_length=30, default="credits", db_default="credits", help_text="In the plural."
    )
    description = models.CharField(max_length=300, blank=True, db_default="")
    requestable = models.BooleanField(default=True, db_default=True)
    least = models.PositiveIntegerField(default=1, db_default=1, help_text="Of one request.")
    most = models.PositiveIntegerField(null=True, help_text="Of one request; empty: no limit.")
    period = models.CharField(
        max_length=5, default="month", db_default="month", help_text="day, week or month."
    )
    period_amount = models.PositiveIntegerField(
        null=True, help_text="Granted and asked for, per member and period."
    )
    period_requests = models.PositiveIntegerField(null=True)
    needs_reason = models.BooleanField(default=False, db_default=False)
    automatic = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="See automatic.py. Empty: never.",
    )
    mail_above = models.PositiveIntegerField(
        null=True, help_text="Approvers get a mail for requests of more."
    )
    low_balance = models.PositiveIntegerField(null=True, help_text="The member is told when they have less.")
    escalate_hours = models.PositiveIntegerField(null=True, help_text="Older requests are brought up again.")
    channel_id = models.BigIntegerField(null=True, help_text="Discord's channel where requests are decided.")
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "credit_type"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id__gte=1), name="credit_type_is_no_points")
        ]

    def __str__(self) -> str:
        return self.name


class RequestState(models.TextChoices):
    PENDING = "pending", "Waits for a decision"
    NEEDS_INFO = "needs_info", "Needs more information"
    APPROVED = "approved", "Granted"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"


class CreditRequest(models.Model):
    """Somebody asks for credits. `history` as [{state, at, by, note}], the oldest first."""

    key = models.CharField(max_length=120, unique=True, help_text="Of the request, which may come twice.")
    type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="requests", db_index=False)
    member_id = models.BigIntegerField()
    amount = models.PositiveIntegerField()
    reason = models.CharField(max_length=500, blank=True, db_default="")
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.PENDING)
    granted = models.PositiveIntegerField(default=0, db_default=0)
    note = models.CharField(max_length=300, blank=True, db_default="", help_text="Why it was decided so.")
    flags = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Why somebody should look twice.",
    )
    via = models.CharField(max_length=8, help_text="web, rest, bot.")
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True, db_default="")
    escalated_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    mailed_for = models.BigIntegerField(
        null=True, help_text="The event for which approvers got their mail, so that it goes out once."
    )
    told_by = models.CharField(max_length=10, blank=True, db_default="", help_text="dm, in_app or channel.")
    message_id = models.BigIntegerField(null=True, help_text="Of the message in Discord with its buttons.")
    message_channel_id = models.BigIntegerField(null=True)
    history = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    class Meta:
        db_table = "credit_request"
        indexes: ClassVar = [
            models.Index(fields=["member_id", "-id"], name="credit_request_of_member"),
            models.Index(fields=["state", "requested_at", "id"], name="credit_request_in_state"),
            models.Index(fields=["type", "member_id", "requested_at"], name="credit_request_of_type"),
            models.Index(fields=["requested_at", "id"], name="credit_request_time"),
            models.Index(
                fields=["type", "requested_at"],
                condition=models.Q(state="pending"),
                name="credit_request_waiting",
            ),
            models.Index(
                fields=["requested_at", "id"],
                condition=models.Q(state="pending") & ~models.Q(flags=[]),
                name="credit_request_flagged",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for member {self.member_id}: {self.state}"


class CreditMove(models.Model):
    """Credits that were granted (> 0), revoked or spent (< 0) outside of a request. Written once, with its entry."""

    key = models.CharField(max_length=200, unique=True)
    type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="moves", db_index=False)
    member_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=8, help_text="grant, revoke, spend or undo.")
    reason = models.CharField(max_length=300)
    actor_name = models.CharField(max_length=120)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    created_at = models.DateTimeField(db_default=Now())

    append_only = True  # provisioning grants the app's role no UPDATE and no DELETE

    class Meta:
        db_table = "credit_move"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="credit_move_moves_something")
        ]
        indexes: ClassVar = [models.Index(fields=["member_id", "-id"], name="credit_move_of_member")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+} for member {self.member_id}"


class CreditApprover(models.Model):
    """Somebody who may decide on requests of a type up to a quota, without being on the team's moderators."""

    type = models.ForeignKey(CreditType, on_delete=models.CASCADE, related_name="approvers", db_index=False)
    user_id = SharedReference("tenants.User", null=True)
    role_id = models.BigIntegerField(null=True, help_text="A Discord role, in place of a login.")
    name = models.CharField(max_length=120)
    quota = models.PositiveIntegerField(
        null=True, help_text="Credits that they may grant per period; empty: no limit."
    )
    period = models.CharField(max_length=5, default="month", db_default="month")
    used = models.PositiveIntegerField(default=0, db_default=0)
    used_from = models.DateField(null=True, help_text="The first day of the period that `used` counts.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "credit_approver"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(user_id__isnull=False) ^ models.Q(role_id__isnull=False),
                name="credit_approver_is_one",
            )
        ]

    def __str__(self) -> str:
        return self.name
