"""A run brings one other bot's members over: the run, its rows, and its file until that has been read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from tenants.fields import SharedReference

from .words import EXISTING, KEEPS, SOURCES, STATES


class ImportRun(models.Model):
    """One attempt to bring levels over, from the choice of the bot to the undoing. Kept for ever; its rows too."""

    source = models.CharField(max_length=12, choices=[(name, title) for name, title in SOURCES.items()])
    state = models.CharField(max_length=10, choices=[(name, title) for name, title in STATES.items()])
    file_name = models.CharField(max_length=200, blank=True, default="")
    file_size = models.BigIntegerField(default=0, help_text="Bytes.")
    mapping = models.JSONField(default=dict, help_text="CSV: field → column. Roles: Discord role id → level.")
    sample = models.JSONField(
        default=dict, help_text="What the organiser maps: the columns and first lines of a CSV."
    )
    keep = models.CharField(max_length=5, choices=[(name, title) for name, title in KEEPS.items()])
    existing = models.CharField(max_length=7, choices=[(name, title) for name, title in EXISTING.items()])
    curve = models.JSONField(
        null=True, help_text="The other bot's curve as kind and parameters, where known."
    )
    curve_before = models.JSONField(
        null=True, help_text="Where the curve was taken over: ours before, and the version that was set."
    )
    role_rewards = models.JSONField(default=list, help_text="[{role_id, level, keep, accepted}]")
    facts = models.JSONField(default=list, help_text="What else the file told, as [label, text].")
    rows = models.IntegerField(default=0, help_text="Lines that name a member.")
    errors = models.IntegerField(default=0, help_text="Lines that could not be read.")
    done = models.IntegerField(default=0, help_text="Rows handled in the state that the run is in.")
    position = models.BigIntegerField(default=0, help_text="The id of the last row handled in that state.")
    results = models.JSONField(default=dict, help_text="What was done, in numbers.")
    problem = models.TextField(blank=True, default="", help_text="What went wrong, why, and what to do.")
    secret = models.TextField(blank=True, default="", help_text="An API key, encrypted, until it was used.")
    created_by = SharedReference("tenants.User", null=True)
    created_by_name = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True, help_text="When applying began.")
    finished_at = models.DateTimeField(null=True, help_text="When applying, or its cancelling, ended.")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "import_run"

    def __str__(self) -> str:
        return f"import {self.pk} from {self.source}: {self.state}"

    @property
    def source_name(self) -> str:
        return SOURCES[self.source]

    @property
    def state_name(self) -> str:
        return STATES[self.state]


class ImportRow(models.Model):
    """One line: a member as the other bot knew them, and after applying what was done."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, db_index=False)
    line = models.IntegerField()
    external_id = models.CharField(max_length=100)
    name = models.CharField(max_length=100, blank=True, db_default="")
    avatar_url = models.CharField(max_length=500, blank=True, db_default="")
    old_xp = models.BigIntegerField(null=True)
    old_level = models.IntegerField(null=True)
    error = models.CharField(max_length=300, blank=True, db_default="", help_text="Empty for a good line.")
    member_id = models.BigIntegerField(null=True, help_text="Whom it was applied to.")
    created = models.BooleanField(db_default=False, help_text="Applying it made the member.")
    amount = models.BigIntegerField(null=True, help_text="Points booked.")
    points_before = models.BigIntegerField(null=True)
    level_before = models.IntegerField(null=True)
    level_after = models.IntegerField(null=True)

    class Meta:
        db_table = "import_row"
        indexes: ClassVar = [
            models.Index(fields=["run", "line"], name="import_row_line"),
            models.Index(fields=["run", "id"], name="import_row_order"),
            models.Index(fields=["run", "line"], condition=~models.Q(error=""), name="import_row_error"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "external_id"], condition=models.Q(error=""), name="import_row_member_once"
            )
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.external_id}"


class ImportChunk(models.Model):
    """A piece of an uploaded file, compressed. Any process can read it; it goes when the file has been read."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, db_index=False)
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "import_chunk"
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "number"], name="import_chunk_once")]

    def __str__(self) -> str:
        return f"piece {self.number} of import {self.run_id}"
