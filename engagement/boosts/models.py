"""A boost as stored. What follows from its fields — when it runs — is engagement.boosts.windows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Boost(models.Model):
    """Points times `percent` / 100 from `starts_at` to before `ends_at`, then each week again up to `repeats_until`.

    Never deleted, because entries name it; multiplier, scope and times are never changed.
    """

    key = models.CharField(
        max_length=100, unique=True, help_text="Of the request that made it, which may come twice."
    )
    name = models.CharField(max_length=60)
    percent = models.PositiveIntegerField(help_text="110 to 1000; 150 is × 1.5.")
    scope = models.JSONField(default=dict, help_text="See scope.py. Empty: everything.")
    timezone = models.CharField(
        max_length=64, help_text="The community's when it was made; weeks are counted in it."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    repeats_until = models.DateField(null=True, help_text="The last local day on which it may begin again.")
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=120, blank=True, db_default="")
    pauses = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="[[from, to], …] in milliseconds.",
    )
    announce = models.BooleanField(default=False, db_default=False)
    told_until = models.DateTimeField(help_text="Up to here its beginnings and ends were published.")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=120)

    class Meta:
        db_table = "boost"
        indexes: ClassVar = [models.Index(fields=["-starts_at", "-id"], name="boost_latest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(percent__gte=110, percent__lte=1000), name="boost_percent_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="boost_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} × {self.percent / 100:g}"
