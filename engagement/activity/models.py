"""Facts from outside as stored, and the spells in which nobody listened."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now


class Activity(models.Model):
    """A fact from outside. Its id is its arrival number: rules judge in this order."""

    id = models.BigAutoField(primary_key=True)
    source_id = models.CharField(max_length=200)
    source = models.CharField(max_length=60)
    member_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    occurred_at = models.DateTimeField()
    arrived_at = models.DateTimeField(db_default=Now())
    attributes = models.JSONField(help_text="What rules and replay need as it was then. No text.")

    append_only = True  # provisioning grants the app's role no UPDATE and no DELETE

    class Meta:
        db_table = "activity"
        constraints: ClassVar = [models.UniqueConstraint(fields=["source_id"], name="activity_once")]
        indexes: ClassVar = [BrinIndex(fields=["occurred_at"], name="activity_occurred", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.type} {self.source_id}"


class HearingGap(models.Model):
    """A spell that the bot did not hear: from the last message it is sure of to the first one after."""

    shard_id = models.IntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    key = models.CharField(
        max_length=100, unique=True, help_text="The report's own id, so that a repeat changes nothing."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "hearing_gap"
        ordering: ClassVar = ["-started_at"]

    def __str__(self) -> str:
        return f"deaf from {self.started_at} to {self.ended_at}"
