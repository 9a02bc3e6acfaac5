"""Points that people gave or took by hand."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Adjustment(models.Model):
    """Why an entry was made by a person. Written once, together with its entry, under its idempotency key."""

    idempotency_key = models.CharField(max_length=200, unique=True)
    member_id = models.BigIntegerField(db_index=True)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    actor_kind = models.CharField(max_length=10, help_text="discord, user or system.")
    actor_id = models.BigIntegerField(help_text="The provider's id of who did it; 0 for the system.")
    actor_name = models.CharField(max_length=100)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    created_at = models.DateTimeField(db_default=Now())

    append_only = True  # provisioning grants the app's role no UPDATE and no DELETE

    class Meta:
        db_table = "adjustment"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="adjustment_moves_something")
        ]

    def __str__(self) -> str:
        return f"{self.amount:+} by {self.actor_name}: {self.reason}"
