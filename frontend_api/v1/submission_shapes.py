"""What submissions look like over REST, with an example."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from engagement.files.models import StoredFile
from engagement.files.selectors import file_address
from engagement.submissions.models import SubmissionState
from engagement.submissions.reviewing import (
    ACTS,
    MAX_AT_ONCE,
    MAX_REASON,
)
from engagement.submissions.selectors import QueueItem
from engagement.submissions.shapes import MAX_POINTS

from .serializing import MAX_ID, Input, Output, Paging, id_field

TAG = "Submissions"


STATES = [state.value for state in SubmissionState]


LISTED = [state for state in STATES if state != "draft"]


ADDRESS_LASTS = timedelta(hours=1)


class SubmissionFile(Output):
    """A file that was attached."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")


class AttachedFile(SubmissionFile):
    address = serializers.SerializerMethodField(help_text="Where it is had for an hour or two.")

    def get_address(self, file: StoredFile) -> str:
        view: Any = self.context["view"]
        path = file_address(view.context, file, lasts=ADDRESS_LASTS)
        return str(view.request.build_absolute_uri(path))


class SubmissionStep(Output):
    """What happened to it, once."""

    state = serializers.CharField()
    at = serializers.CharField(help_text="ISO 8601.")
    by = serializers.CharField()
    note = serializers.CharField()


class SubmissionLine(Output):
    """A submission in a list."""

    id = serializers.IntegerField(source="submission.pk")
    type_id = serializers.IntegerField(source="submission.type_id")
    type_name = serializers.CharField(source="submission.type.name")
    title = serializers.CharField()
    member_id = serializers.IntegerField(source="submission.member_id")
    member_name = serializers.CharField(source="name")
    state = serializers.ChoiceField(choices=STATES, source="submission.state")
    via = serializers.CharField(source="submission.via")
    submitted_at = serializers.DateTimeField(source="submission.submitted_at", allow_null=True)
    due_at = serializers.DateTimeField(source="submission.due_at", allow_null=True)
    is_overdue = serializers.BooleanField()
    claimed_by = serializers.SerializerMethodField(help_text="Who reviews it at the moment; empty: nobody.")
    resembles = serializers.ListField(
        child=serializers.IntegerField(), source="submission.like_ids", help_text="Earlier ones."
    )
    points = serializers.IntegerField(source="submission.points", help_text="Given by its approval.")
    reason = serializers.CharField(
        source="submission.reason", help_text="Of the decision; of needs_info the question."
    )
    decided_at = serializers.DateTimeField(source="submission.decided_at", allow_null=True)
    decided_by = serializers.CharField(source="submission.decided_by")

    def get_claimed_by(self, item: QueueItem) -> str:
        return item.submission.claimed_name if item.is_claimed else ""


class SubmissionLikeness(Output):
    id = serializers.IntegerField(source="item.submission.pk")
    title = serializers.CharField(source="item.title")
    member_id = serializers.IntegerField(source="item.submission.member_id")
    state = serializers.CharField(source="item.submission.state")
    how = serializers.CharField(source="likeness.words")


class LinkPreviewLine(Output):
    """What the page of a link said of itself when it was looked at."""

    url = serializers.CharField()
    host = serializers.CharField(source="facts.host", help_text="Where it led in the end.")
    title = serializers.CharField(source="facts.title")
    description = serializers.CharField(source="facts.description")
    site = serializers.CharField(source="facts.site")


class SubmissionAnswer(Output):
    """A submission with what was answered and attached, what it resembles, and what happened to it."""

    submission = SubmissionLine(source="item")
    form = serializers.ListField(
        child=serializers.DictField(),
        source="item.submission.form.fields",
        help_text="Its fields as they were then.",
    )
    rubric = serializers.ListField(child=serializers.DictField(), source="item.submission.form.rubric")
    answers = serializers.DictField(source="item.submission.answers")
    files = AttachedFile(many=True)
    previews = LinkPreviewLine(many=True)
    resembles = SubmissionLikeness(many=True, source="alike")
    scores = serializers.DictField(source="item.submission.scores")
    history = SubmissionStep(many=True, source="item.submission.history")


class QueueQuery(Paging):
    state = serializers.MultipleChoiceField(
        choices=LISTED, required=False, help_text="Any of these; left out: all that were handed in."
    )
    type_id = id_field("Of this kind.", required=False)
    member_id = id_field("Of this member.", required=False)
    search = serializers.CharField(
        max_length=100, required=False, help_text="In the title, or how a member's name begins."
    )
    overdue = serializers.BooleanField(default=False, help_text="Longer than promised alone.")
    resembling = serializers.BooleanField(
        default=False, help_text="Those that resemble an earlier one alone."
    )
    newest_first = serializers.BooleanField(default=False, help_text="Instead of who waits longest.")


class HandInInput(Input):
    type_id = id_field("What it is.")
    answers = serializers.DictField(
        help_text="Field key → value: text, whole number, choice (several: a list), link, ids of files, ISO date, id of a member."
    )
    member_id = id_field(
        "Whose it is: programs name the member.", required=False, allow_null=True, default=None
    )
    draft = serializers.BooleanField(default=False, help_text="Keep it for later instead; people alone.")


class SubmissionApproval(Input):
    scores = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        help_text="Criterion → score, where there is a rubric.",
    )
    points = serializers.IntegerField(
        min_value=0,
        max_value=MAX_POINTS,
        required=False,
        allow_null=True,
        help_text="Instead of what follows from the award; never more than that can give.",
    )
    note = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True)


class SubmissionRefusal(Input):
    reason = serializers.CharField(max_length=MAX_REASON, help_text="The member reads it.")


class SubmissionQuestion(Input):
    question = serializers.CharField(max_length=MAX_REASON, help_text="The member reads it, and answers.")


class SubmissionDecisions(Input):
    submission_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), min_length=1, max_length=MAX_AT_ONCE
    )
    act = serializers.ChoiceField(choices=ACTS)
    reason = serializers.CharField(
        max_length=MAX_REASON, default="", allow_blank=True, help_text="Needed to reject and to ask."
    )
    points = serializers.IntegerField(
        min_value=0, max_value=MAX_POINTS, required=False, allow_null=True, default=None
    )


class SubmissionResult(Output):
    submission_id = serializers.IntegerField()
    done = serializers.BooleanField()
    state = serializers.CharField(help_text="As it is now, where it is known.")
    points = serializers.IntegerField()
    title = serializers.CharField()
    code = serializers.CharField(help_text="The kind of error; empty where it was done.")
    message = serializers.CharField()


class SubmissionResults(Output):
    items = SubmissionResult(many=True)


LINE: dict[str, Any] = {
    "id": 41,
    "type_id": 3,
    "type_name": "Resource share",
    "title": "A gentle introduction to CRDTs",
    "member_id": 12,
    "member_name": "Ada",
    "state": "pending",
    "via": "bot",
    "submitted_at": "2026-11-21T08:30:00Z",
    "due_at": "2026-11-23T08:30:00Z",
    "is_overdue": False,
    "claimed_by": "",
    "resembles": [],
    "points": 0,
    "reason": "",
    "decided_at": None,
    "decided_by": "",
}


EXAMPLE: dict[str, Any] = {
    "submission": LINE,
    "form": [{"key": "title", "label": "What is it", "kind": "text", "required": True}],
    "rubric": [],
    "answers": {"title": "A gentle introduction to CRDTs"},
    "files": [],
    "previews": [],
    "resembles": [],
    "scores": {},
    "history": [{"state": "pending", "at": "2026-11-21T08:30:00+00:00", "by": "Ada", "note": ""}],
}


APPROVED = EXAMPLE | {
    "submission": LINE
    | {"state": "approved", "points": 20, "decided_by": "Bea", "decided_at": "2026-11-21T09:00:00Z"}
}


class UploadQuery(Input):
    member_id = id_field("Whose it is: programs name the member.", required=False)
