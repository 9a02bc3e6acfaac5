"""Rules as stored: a rule has a name and a place in the order; what it says stands in its versions, which never change."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .ruleset import DEFAULT_REVERSAL_SECONDS


class Rule(models.Model):
    """One way to earn. Archived instead of deleted, because entries name its versions."""

    key = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    latest = models.OneToOneField(
        "RuleVersion", null=True, on_delete=models.PROTECT, related_name="latest_of"
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "rule"
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """What a rule said from one moment on. Written once; entries point here to explain themselves."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    definition = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120, help_text="Who wrote it, as they were called then.")

    class Meta:
        db_table = "rule_version"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class RulesState(models.Model):
    """The tenant's one row (id 1): `version` counts every change to its rules and boosts; and what holds for all of them."""

    version = models.BigIntegerField(default=0)
    reversal_seconds = models.PositiveIntegerField(default=DEFAULT_REVERSAL_SECONDS)
    excluded_channels = models.JSONField(default=list)
    excluded_categories = models.JSONField(default=list)
    excluded_roles = models.JSONField(default=list)

    class Meta:
        db_table = "rules_state"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="rules_state_single_row")
        ]

    def __str__(self) -> str:
        return f"rules at version {self.version}"
