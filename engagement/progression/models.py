"""How far a member has come, and what the rules remember of them."""

from __future__ import annotations

from django.db import models


class MemberProgress(models.Model):
    """One hot row per member, changed by every batch that the member is in: narrow, and updated in place."""

    member_id = models.BigIntegerField(primary_key=True)
    level = models.IntegerField(default=0)
    usage = models.TextField(
        default="{}",
        help_text="What engagement.rules.evaluation remembers, as JSON text: the database never looks inside, and jsonb "
        "would be taken apart and put together again on every batch.",
    )
    last_active_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "member_progress"

    def __str__(self) -> str:
        return f"member {self.member_id}: level {self.level}"
