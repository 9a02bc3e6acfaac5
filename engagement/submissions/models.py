"""Types of submissions, which are data, and the submissions."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now


class SubmissionType(models.Model):
    """A form that members fill in, what it is worth, and who looks at it.

    `fields`, `rubric` and `award` have the shapes of shapes.py. A version is what a submission was made by: changing the form
    raises it, and each submission keeps the form that it answered.
    """

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=500, blank=True, db_default="")
    icon = models.CharField(max_length=40, blank=True, db_default="")
    template = models.CharField(
        max_length=40, blank=True, db_default="", help_text="The ready-made type it came from."
    )
    pack = models.CharField(
        max_length=40, blank=True, db_default="", help_text="The pack it was installed with."
    )
    fields = models.JSONField()
    rubric = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    award = models.JSONField(
        help_text="Points: fixed, by a number field, or by the rubric's score; with a cap."
    )
    unique_links = models.BooleanField(default=True, db_default=True)
    previews = models.BooleanField(
        default=True, db_default=True, help_text="Reviewers see what the pages of its links are called."
    )
    limit_count = models.PositiveIntegerField(
        null=True, help_text="Per member and `limit_period`; empty: no limit."
    )
    limit_period = models.CharField(
        max_length=5, default="ever", db_default="ever", help_text="ever, day, week or month."
    )
    eligibility = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    reviewers = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="Discord roles and logins beside those who may review everything.",
    )
    channel_id = models.BigIntegerField(
        null=True, help_text="Discord's channel where it is reviewed; empty: the web alone."
    )
    sla_hours = models.PositiveIntegerField(null=True, help_text="To be decided within; empty: no promise.")
    automatic = models.BooleanField(
        default=False, db_default=False, help_text="Approved at once, unless it resembles an earlier one."
    )
    survey_secret = models.TextField(
        blank=True, db_default="", help_text="Sealed. Of types that are filled in from outside."
    )
    active = models.BooleanField(default=True, db_default=True)
    position = models.IntegerField(default=0, db_default=0)
    version = models.IntegerField(default=1, db_default=1)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "submission_type"

    def __str__(self) -> str:
        return self.name


class SubmissionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PENDING = "pending", "Waits for review"
    NEEDS_INFO = "needs_info", "Needs more information"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Submission(models.Model):
    """Something that a member handed in. `answers` by field key; `form` as it was then. `history` as [{state, at, by, note}].

    `marks` are digests of its links and the smallest of its text's shingles: what duplicates are found by. A decision is told to
    the member from `told_after` on, so that it can be taken back before.
    """

    key = models.CharField(max_length=120, unique=True, help_text="Of the request, which may come twice.")
    type = models.ForeignKey(
        SubmissionType, on_delete=models.PROTECT, related_name="submissions", db_index=False
    )
    member_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=SubmissionState)
    form = models.JSONField()
    answers = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    title = models.CharField(
        max_length=120, blank=True, db_default="", help_text="What lists call it: its first answer."
    )
    links = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), help_text="Normalised."
    )
    previews = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="What its links lead to; see previews.py.",
    )
    marks = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    like_ids = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Earlier ones that it resembles.",
    )
    via = models.CharField(max_length=8, help_text="web, rest, bot, survey.")
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="By the type's promise.")
    reminded = models.SmallIntegerField(default=0, db_default=0)
    claimed_by = models.CharField(max_length=60, blank=True, db_default="", help_text="kind:id of the actor.")
    claimed_name = models.CharField(max_length=120, blank=True, db_default="")
    claimed_until = models.DateTimeField(null=True)
    scores = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    points = models.IntegerField(default=0, db_default=0, help_text="Given by its approval; 0 otherwise.")
    reason = models.CharField(max_length=500, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True, db_default="")
    told_after = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    rounds = models.SmallIntegerField(
        default=0, db_default=0, help_text="How often its approval was taken back and given again."
    )
    message_id = models.BigIntegerField(null=True, help_text="Of the review message in Discord.")
    message_channel_id = models.BigIntegerField(null=True)
    history = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    class Meta:
        db_table = "submission"
        indexes: ClassVar = [
            models.Index(fields=["member_id", "-id"], name="submission_of_member"),
            models.Index(fields=["type", "member_id", "submitted_at"], name="submission_of_type"),
            models.Index(fields=["state", "submitted_at", "id"], name="submission_in_state"),
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="pending", due_at__isnull=False),
                name="submission_due",
            ),
            models.Index(
                fields=["told_after"],
                condition=models.Q(told_after__isnull=False, told_at__isnull=True),
                name="submission_untold",
            ),
            GinIndex(fields=["marks"], name="submission_marks"),
        ]

    def __str__(self) -> str:
        return f"{self.title} by member {self.member_id}: {self.state}"


class ReasonTemplate(models.Model):
    """A sentence that reviewers use again: of submissions, redemptions and credit requests alike."""

    text = models.CharField(max_length=300)
    outcome = models.CharField(max_length=10, help_text="approved, rejected or needs_info.")
    position = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "reason_template"

    def __str__(self) -> str:
        return self.text
