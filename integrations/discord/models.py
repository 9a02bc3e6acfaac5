"""What is to stand on Discord, what was sent there, and what Discord refused."""

from __future__ import annotations

from django.db import models

from saas.core import clock


class LevelRole(models.Model):
    """A Discord role that a level brings. EngageHub gives and takes these roles and no others."""

    class Keep(models.TextChoices):
        STACK = "stack", "Keep it at higher levels"
        HIGHEST = "highest", "Only while it is the highest reached"

    level = models.PositiveIntegerField()
    role_id = models.BigIntegerField(unique=True)
    keep = models.CharField(max_length=8, choices=Keep, default=Keep.STACK)

    class Meta:
        db_table = "level_role"

    def __str__(self) -> str:
        return f"level {self.level} → role {self.role_id}"


class Delivery(models.Model):
    """One message for one domain event. Discord itself forgets a nonce after a few minutes; this row does not."""

    class State(models.TextChoices):
        WAITING = "waiting", "To be sent"
        SENT = "sent", "Sent"
        REFUSED = "refused", "Discord refused it"
        UNSURE = "unsure", "The connection broke and nobody knows; not sent again"

    event_id = models.BigIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempted_at = models.DateTimeField(
        null=True, help_text="When a request went out that was not answered yet."
    )
    channel_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "discord_delivery"
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"event {self.event_id}: {self.state}"


class DiscordProblem(models.Model):
    """Something that the organiser has to put right in Discord. It goes when it works again."""

    key = models.CharField(max_length=60, unique=True, help_text="What it concerns, such as role:1234.")
    message = models.TextField(help_text="What happened, why, and what to do.")
    first_seen_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "discord_problem"

    def __str__(self) -> str:
        return self.key

    @property
    def kind(self) -> str:
        """What it concerns: `role` or `channel`."""
        return self.key.partition(":")[0]
