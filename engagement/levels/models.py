"""The tenant's curve (one row) and the names that its levels may have."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .curves import KINDS, QUADRATIC


class LevelSettings(models.Model):
    """The tenant's one row (id 1). `version` is another number after each change of the curve; 0: never changed."""

    version = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in KINDS], default=QUADRATIC)
    parameters = models.JSONField(default=dict)

    class Meta:
        db_table = "level_settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="level_settings_single_row")
        ]

    def __str__(self) -> str:
        return f"{self.kind} curve, version {self.version}"


class LevelName(models.Model):
    """What a community calls a level, such as “Regular”. A level without a name is called by its number."""

    level = models.PositiveIntegerField(primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        db_table = "level_name"
        ordering: ClassVar = ["level"]

    def __str__(self) -> str:
        return f"{self.name} ({self.level})"
