"""What credit requests look like over REST: what is asked, what is answered, an example of each."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from engagement.credits.checks import MAX_NOTE, MAX_REASON, MOST
from engagement.credits.deciding import ACTS, MAX_AT_ONCE
from engagement.credits.figures import BUCKETS
from engagement.credits.flagging import words_of_flag
from engagement.credits.models import RequestState

from .serializing import MAX_ID, Input, Moment, Output, Paging, id_field

STATES = [state.value for state in RequestState]


class HistoryLine(Output):
    state = serializers.ChoiceField(choices=STATES)
    at = serializers.CharField(help_text="ISO 8601.")
    by = serializers.CharField()
    note = serializers.CharField()


class CreditRequestAnswer(Output):
    """A request and where it stands."""

    id = serializers.IntegerField(source="request.pk")
    type_id = serializers.IntegerField(source="request.type_id")
    type = serializers.CharField(source="request.type.key")
    member_id = serializers.IntegerField(source="request.member_id")
    member_name = serializers.CharField(source="member.display_name")
    amount = serializers.IntegerField(source="request.amount")
    granted = serializers.IntegerField(source="request.granted")
    state = serializers.ChoiceField(choices=STATES, source="request.state")
    reason = serializers.CharField(source="request.reason")
    note = serializers.CharField(source="request.note", help_text="Why it was decided so, or what is asked.")
    flags = serializers.SerializerMethodField(help_text="Why somebody should look twice.")
    overdue = serializers.BooleanField(help_text="It waits for longer than these credits say.")
    via = serializers.CharField(source="request.via")
    requested_at = serializers.DateTimeField(source="request.requested_at")
    decided_at = serializers.DateTimeField(source="request.decided_at", allow_null=True)
    decided_by = serializers.CharField(source="request.decided_by")
    history = HistoryLine(many=True, source="request.history")

    def get_flags(self, line: Any) -> list[str]:
        return [words_of_flag(flag) for flag in line.request.flags]


class OwnRequestAnswer(Output):
    """A request of one's own."""

    id = serializers.IntegerField(source="pk")
    type = serializers.CharField(source="type.key")
    amount = serializers.IntegerField()
    granted = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField()
    note = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class RequestQuery(Paging):
    state = serializers.MultipleChoiceField(
        choices=STATES, required=False, help_text="Only in these states; may be given more than once."
    )
    type_id = serializers.IntegerField(
        min_value=1, max_value=2**15 - 1, required=False, help_text="Only of this kind."
    )
    member_id = id_field("Only this member's.", required=False)
    flagged = serializers.BooleanField(required=False, help_text="Only suspicious ones.")
    overdue = serializers.BooleanField(required=False, help_text="Only those that wait for too long.")
    search = serializers.CharField(
        max_length=100, required=False, help_text="In members' names and in reasons."
    )
    since = Moment(required=False, help_text="Made then or later.")
    until = Moment(required=False, help_text="Made before.")
    oldest_first = serializers.BooleanField(required=False, default=False, help_text="As a queue.")


class RequestInput(Input):
    type = serializers.CharField(max_length=20, help_text="The key of the kind of credits.")
    amount = serializers.IntegerField(min_value=1, max_value=MOST, help_text="Whole credits.")
    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True, default="")
    member_id = id_field(
        "For whom: needed by API keys; people ask for themselves.",
        required=False,
        allow_null=True,
        default=None,
    )


class ApproveInput(Input):
    amount = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        allow_null=True,
        default=None,
        help_text="A part of it; left out: all.",
    )
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")


class RejectInput(Input):
    reason = serializers.CharField(max_length=MAX_NOTE, help_text="The member reads it.")


class AskInput(Input):
    question = serializers.CharField(max_length=MAX_NOTE, help_text="The member reads and answers it.")


class AnswerInput(Input):
    answer = serializers.CharField(max_length=MAX_REASON)


class UndoInput(Input):
    force = serializers.BooleanField(
        default=False, help_text="Take back what is spent already too; it stands as debt."
    )


class ManyInput(Input):
    request_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), min_length=1, max_length=MAX_AT_ONCE
    )
    act = serializers.ChoiceField(choices=ACTS)
    note = serializers.CharField(
        max_length=MAX_NOTE,
        required=False,
        allow_blank=True,
        default="",
        help_text="The reason of a rejection, or the question.",
    )


class OneResult(Output):
    request_id = serializers.IntegerField()
    done = serializers.BooleanField()
    code = serializers.CharField(help_text="Empty where it was done; else the kind of error.")
    message = serializers.CharField()


class ManyResults(Output):
    items = OneResult(many=True)


class FiguresQuery(Input):
    since = Moment(required=False, help_text="Left out: 90 days before the end.")
    until = Moment(required=False, help_text="Left out: now.")
    type_id = serializers.IntegerField(
        min_value=1, max_value=2**15 - 1, required=False, help_text="Of this kind alone."
    )
    period = serializers.ChoiceField(choices=BUCKETS, default="week", help_text="Of the lines by period.")


class FiguresLine(Output):
    requests = serializers.IntegerField()
    approved = serializers.IntegerField()
    rejected = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    waiting = serializers.IntegerField()
    by_rule = serializers.IntegerField(help_text="Of those approved.")
    approval_percent = serializers.IntegerField(
        allow_null=True, help_text="Of those decided; null where none is."
    )
    median_seconds = serializers.FloatField(allow_null=True, help_text="Until a person decided.")


class TypeFigures(FiguresLine):
    type_id = serializers.IntegerField()
    granted = serializers.IntegerField(help_text="Whole credits.")


class PeriodFigures(TypeFigures):
    first_day = serializers.DateField()


class FiguresAnswer(Output):
    """Of requests made in that time, as they stand now."""

    total = FiguresLine()
    types = TypeFigures(many=True)
    periods = PeriodFigures(many=True)


REQUEST = {
    "id": 41,
    "type_id": 1,
    "type": "ai",
    "member_id": 12,
    "member_name": "Grace",
    "amount": 200,
    "granted": 0,
    "state": "pending",
    "reason": "Pictures for the meetup",
    "note": "",
    "flags": ["Joined 2 days ago"],
    "overdue": False,
    "via": "rest",
    "requested_at": "2026-11-21T08:30:00Z",
    "decided_at": None,
    "decided_by": "",
    "history": [{"state": "pending", "at": "2026-11-21T08:30:00+00:00", "by": "Grace", "note": ""}],
}
GRANTED = REQUEST | {"state": "approved", "granted": 200, "decided_by": "Ada"}
LINE = {
    "requests": 10,
    "approved": 8,
    "rejected": 1,
    "cancelled": 0,
    "waiting": 1,
    "by_rule": 3,
    "approval_percent": 89,
    "median_seconds": 5400.0,
}
