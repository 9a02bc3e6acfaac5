"""How far a member has come, and what the rules remember of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


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


class HeldActivity(models.Model):
    """An activity that is stored and not judged yet, because its member waits for room. Gone once it is judged.

    A takeback has a row for each such member whose activity it takes back.
    """

    pk = models.CompositePrimaryKey("member_id", "activity_id")
    member_id = models.BigIntegerField()
    activity_id = models.BigIntegerField()

    class Meta:
        db_table = "held_activity"

    def __str__(self) -> str:
        return f"activity {self.activity_id} of member {self.member_id}"


class BulkAct(models.Model):
    """One act on many members, with a result for each. Kept, so that it can be looked at and undone."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    key = models.UUIDField(unique=True, help_text="Made with the form: sent twice, it is one act.")
    act = models.CharField(max_length=10)
    amount = models.BigIntegerField(null=True, help_text="Whole points, of giving and taking.")
    reason = models.CharField(max_length=300, blank=True)
    actor = models.JSONField(help_text="Who did it, as the audit log remembers them.")
    undone_by = models.JSONField(null=True)
    total = models.IntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bulk_act"

    def __str__(self) -> str:
        return f"{self.act} on {self.total}: {self.state}"


class BulkItem(models.Model):
    """What became of one member in a bulk act."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        UNCHANGED = "unchanged", "Was so already"
        FAILED = "failed", "Refused"
        UNDONE = "undone", "Undone"
        STUCK = "stuck", "Could not be undone"

    bulk = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="items", db_index=False)
    member_id = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    message = models.CharField(max_length=300, blank=True)
    before = models.JSONField(null=True, help_text="What undoing needs.")

    class Meta:
        db_table = "bulk_item"
        constraints: ClassVar = [models.UniqueConstraint(fields=["bulk", "member_id"], name="bulk_item_once")]
        indexes: ClassVar = [models.Index(fields=["bulk", "state", "id"], name="bulk_item_state")]

    def __str__(self) -> str:
        return f"member {self.member_id}: {self.state}"
