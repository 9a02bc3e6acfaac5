"""The log's columns, and the tenants' table. Rows are written by saas.events.log and never changed."""

from __future__ import annotations

from django.db import models

from saas.core import clock

from .fields import TransactionIdField


class EventRow(models.Model):
    """One published domain event."""

    # The app's database role may add rows to such a table and read them, nothing else (tenants.grants).
    append_only = True

    xid = TransactionIdField()
    type = models.CharField(max_length=80)
    data = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(default=clock.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class TenantEvent(EventRow):
    class Meta:
        db_table = "domain_event"
        indexes = [models.Index(fields=["xid", "id"], name="domain_event_position")]
