"""The log and its seals.

What an entry tells of persons stands in columns that can be emptied (`ERASABLE`), together with its salt: the seal keeps a salted
digest of them, which then tells nothing any more and still fits the chain.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models.functions import Now

from saas.events.fields import TransactionIdField


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    DENIED = "denied", "Denied"


# In the order in which they are digested. Never reordered: old seals count on it.
ERASABLE: Final = ("actor_name", "address", "request_id", "target_name", "before", "after", "note")


class AuditEntry(models.Model):
    """One act. `before` and `after` hold only the fields that the act changed."""

    id = models.BigAutoField(primary_key=True)
    xid = TransactionIdField()
    occurred_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.DONE)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(default=0)
    actor_role = models.CharField(max_length=12, blank=True)
    via = models.CharField(max_length=8, blank=True)
    target_kind = models.CharField(max_length=30, blank=True)
    target_id = models.CharField(max_length=80, blank=True)
    salt = models.CharField(max_length=32, blank=True, help_text="Empty once the rest was erased.")
    actor_name = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=50, blank=True, help_text="The network it came from.")
    request_id = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    append_only = True  # provisioning grants the app's role no UPDATE and no DELETE

    class Meta:
        db_table = "audit_entry"
        indexes: ClassVar = [
            models.Index(fields=["xid", "id"], name="audit_entry_position"),
            models.Index(fields=["target_kind", "target_id", "-id"], name="audit_entry_target"),
            models.Index(fields=["actor_kind", "actor_id", "-id"], name="audit_entry_actor"),
            models.Index(fields=["action", "-id"], name="audit_entry_action"),
            models.Index(fields=["occurred_at"], name="audit_entry_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name or self.actor_kind}"

    @property
    def is_erased(self) -> bool:
        return not self.salt


class AuditSeal(models.Model):
    """The place of one entry in the chain. `chain` is the digest of the former seal's chain and of this entry's digest."""

    position = models.BigIntegerField(primary_key=True, db_column="id", help_text="From 1, without gaps.")
    # No foreign key: a seal outlives an entry that somebody removed, and tells of it.
    entry_id = models.BigIntegerField(unique=True)
    entry_xid = models.BigIntegerField(help_text="The entry's transaction: sealing goes on after it.")
    entry_digest = models.CharField(max_length=64)
    payload_digest = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())

    append_only = True

    class Meta:
        db_table = "audit_seal"

    def __str__(self) -> str:
        return f"{self.position}: {self.chain[:12]}"
