"""What an organiser decided about the bot's commands."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class CommandSetting(models.Model):
    """One command, or with an empty name all that have no row of their own."""

    command = models.CharField(
        max_length=60, unique=True, blank=True, help_text="“points give”; empty: every command."
    )
    channel_ids = models.JSONField(
        default=list, help_text="Where it answers, threads included; empty: everywhere."
    )
    uses = models.PositiveSmallIntegerField(help_text="How often one member may use it within `seconds`.")
    seconds = models.PositiveIntegerField()
    enabled = models.BooleanField(
        default=True, db_default=True, help_text="Off: the bot says that it is switched off."
    )

    class Meta:
        db_table = "command_setting"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(uses__gte=1), name="command_uses_positive"),
            models.CheckConstraint(condition=models.Q(seconds__gte=1), name="command_seconds_positive"),
        ]

    def __str__(self) -> str:
        return self.command or "every command"
