"""A community's choices about what is announced, and what members were told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class LevelUp(models.TextChoices):
    CHANNEL = "channel", "In a channel"
    DM = "dm", "To the member alone"
    OFF = "off", "Not at all"


class SupportNews(models.TextChoices):
    CHANNEL = "channel", "On the dashboard and in the team’s channel"
    PAGE = "page", "On the dashboard alone"
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
    team_channel_id = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Discord's channel where the team is asked to decide. Empty: on the dashboard alone.",
    )
    notice_channel_id = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Where somebody who takes no direct messages is told that there is news. Empty: nowhere.",
    )
    support_news = models.CharField(
        max_length=7,
        choices=SupportNews,
        default=SupportNews.PAGE,
        db_default=SupportNews.PAGE.value,
        help_text="How the team hears who begins, changes and ends to support.",
    )
    thanks_channel_id = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Discord's channel in which who begins to support is thanked. Empty: nobody is thanked in public.",
    )
    thanks_text = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="As text, for the thanks."
    )
    affordable_upto = models.BigIntegerField(
        default=0, db_default=0, help_text="The last ledger entry that “you can afford” has looked at."
    )

    class Meta:
        db_table = "notification_settings"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="notification_settings_one_row")]

    def __str__(self) -> str:
        return f"level-ups: {self.level_up}"


class Notice(models.Model):
    """Something that a member was told: it stands on their page until it is read, and goes to Discord where that is possible.

    `key` makes it once for its cause; `kind` names its words (texts of notices.py), `facts` fill them.
    """

    key = models.CharField(max_length=120, unique=True)
    member_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    facts = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    sent_by = models.CharField(
        max_length=10,
        blank=True,
        db_default="",
        help_text="dm or channel; empty: it only stands on the page.",
    )

    class Meta:
        db_table = "notice"
        indexes: ClassVar = [
            models.Index(fields=["member_id", "-id"], name="notice_of_member"),
            models.Index(fields=["created_at"], name="notice_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for member {self.member_id}"
