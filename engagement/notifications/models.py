"""A community's choices about what is announced."""

from __future__ import annotations

from django.db import models


class LevelUp(models.TextChoices):
    CHANNEL = "channel", "In a channel"
    DM = "dm", "To the member alone"
    OFF = "off", "Not at all"


class NotificationSettings(models.Model):
    """The one row; its id is 1."""

    level_up = models.CharField(max_length=8, choices=LevelUp, default=LevelUp.CHANNEL)
    channel_id = models.BigIntegerField(
        null=True, blank=True, help_text="Discord's channel for level-ups. Empty: where the deed was done."
    )
    text = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="See texts.py. Empty: our own sentence.",
    )

    class Meta:
        db_table = "notification_settings"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="notification_settings_one_row")]

    def __str__(self) -> str:
        return f"level-ups: {self.level_up}"
