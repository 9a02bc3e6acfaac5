"""Entries of the ledger: every point with its reason; giving, taking and undoing by hand."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.analytics.explanations import KINDS
from engagement.analytics.selectors import explain_entry, list_entries
from engagement.progression.services import AdjustmentResult, adjust_points, undo_adjustment
from saas.core.errors import ConflictError
from saas.core.ids import new_ulid

from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Moment, Output, Paging, id_field

TAG = "Entries"
KIND_NAMES = sorted(set(KINDS.values()))
MAX_AMOUNT = 1_000_000_000


class NotByHandError(ConflictError):
    """Only what was given or taken by hand can be undone."""

    code = "not_by_hand"


class EntryLine(Output):
    """One line of the ledger, in words."""

    id = serializers.IntegerField(source="entry_id")
    member_id = serializers.IntegerField()
    member_name = serializers.CharField(help_text="As the member chose to be shown.")
    amount = serializers.IntegerField(help_text="Whole points; negative where they were taken.")
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    title = serializers.CharField()
    detail = serializers.CharField()
    rule_name = serializers.CharField()
    occurred_at = serializers.DateTimeField(help_text="When what caused it happened.")
    created_at = serializers.DateTimeField(help_text="When it was booked.")


class Reason(Output):
    what = serializers.CharField()
    text = serializers.CharField()


class EntryExplanation(Output):
    """Why an entry stands."""

    id = serializers.IntegerField(source="entry_id")
    member_id = serializers.IntegerField()
    amount = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    title = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    source_id = serializers.CharField(help_text="Of the activity that caused it; empty where none did.")
    adjustment_id = serializers.IntegerField(allow_null=True)
    reasons = serializers.SerializerMethodField()

    def get_reasons(self, entry: Any) -> list[dict[str, str]]:
        """In reading order: rule and version, amount, multiplier, limit, who."""
        return [{"what": what, "text": text} for what, text in entry.lines]


class EntryQuery(Paging):
    member = id_field("Only this member's.", required=False)
    kind = serializers.MultipleChoiceField(
        choices=KIND_NAMES, required=False, help_text="Only of these kinds; may be given more than once."
    )
    since = Moment(required=False, help_text="Only what was booked from then on.")
    until = Moment(required=False, help_text="Only what was booked before.")


class AdjustmentInput(Input):
    member_id = id_field("Whose points.")
    amount = serializers.IntegerField(
        min_value=-MAX_AMOUNT, max_value=MAX_AMOUNT, help_text="Whole points; below 0 takes them. Not 0."
    )
    reason = serializers.CharField(max_length=300, help_text="Why: the member and the audit see it.")


class AdjustmentAnswer(Output):
    """The member after it."""

    entry_id = serializers.IntegerField()
    member_id = serializers.IntegerField()
    amount = serializers.IntegerField()
    current = serializers.IntegerField(help_text="Points to spend.")
    lifetime = serializers.IntegerField(help_text="Points ever earned.")
    debt = serializers.IntegerField(
        help_text="What the balance could not cover; later earnings pay it first."
    )
    level = serializers.IntegerField()


_LINE = {
    "id": 901,
    "member_id": 12,
    "member_name": "Ada",
    "amount": 20,
    "kind": "award",
    "title": "Messages",
    "detail": "A message",
    "rule_name": "Messages",
    "occurred_at": "2026-11-21T08:30:00Z",
    "created_at": "2026-11-21T08:30:01Z",
}
_AFTER = {
    "entry_id": 902,
    "member_id": 12,
    "amount": 50,
    "current": 1334,
    "lifetime": 1334,
    "debt": 0,
    "level": 7,
}


class EntryList(ApiView):
    @operation(
        "list_entries",
        summary="List entries",
        description="Every line of the ledger, the newest first.",
        tag=TAG,
        query=EntryQuery,
        answer=EntryLine,
        paged=True,
        example=_LINE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        rows = list_entries(
            member_id=query.get("member"),
            kinds=query.get("kind", ()),
            since=query.get("since"),
            until=query.get("until"),
            limit=limit + 1,
            before_id=None if place is None else place[0],
        )
        return self.answer_page(cut(rows, limit, lambda row: (row.entry_id,)), EntryLine)

    @operation(
        "adjust_points",
        summary="Give or take points",
        description="With a reason that the member sees. Current and lifetime points, level and standings follow at once. Taking "
        "more than there is leaves a debt, which later earnings pay first.",
        tag=TAG,
        body=AdjustmentInput,
        answer=AdjustmentAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example={"member_id": 12, "amount": 50, "reason": "Helped at the workshop"},
        example=_AFTER,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            result = adjust_points(
                member_id=body["member_id"],
                amount=body["amount"],
                reason=body["reason"],
                actor=self.actor,
                idempotency_key=f"rest:{new_ulid()}",  # `once` guards the whole request
                context=self.context,
            )
            return _answer(result, status=201)

        return once(self, work)


class EntryDetail(ApiView):
    @operation(
        "explain_entry",
        summary="Explain an entry",
        description="Why it stands: the activity, the rule and its version, multiplier, limit, who did it.",
        tag=TAG,
        answer=EntryExplanation,
        errors=(404,),
        example={
            "id": 901,
            "member_id": 12,
            "amount": 20,
            "kind": "award",
            "title": "Messages",
            "occurred_at": "2026-11-21T08:30:00Z",
            "source_id": "discord:message:1234",
            "adjustment_id": None,
            "reasons": [{"what": "Rule", "text": "Messages, version 1"}],
        },
    )
    def get(self, request: Request, entry_id: int) -> Response:
        return Response(EntryExplanation(explain_entry(entry_id=entry_id)).data)


class EntryUndo(ApiView):
    @operation(
        "undo_entry",
        summary="Undo an adjustment",
        description="Books the opposite of an entry that was made by hand, once. The ledger keeps both lines.",
        tag=TAG,
        answer=AdjustmentAnswer,
        status=201,
        errors=(404,),
        writes=True,
        example=_AFTER | {"entry_id": 903, "amount": -50},
    )
    def post(self, request: Request, entry_id: int) -> Response:
        def work() -> Response:
            entry = explain_entry(entry_id=entry_id, with_older=True)
            if entry.adjustment_id is None:
                raise NotByHandError(
                    "Only what was given or taken by hand can be undone; this entry was not."
                )
            result = undo_adjustment(
                adjustment_id=entry.adjustment_id,
                actor=self.actor,
                idempotency_key=f"rest:{new_ulid()}",
                context=self.context,
            )
            return _answer(result, status=201)

        return once(self, work)


def _answer(result: AdjustmentResult, *, status: int) -> Response:
    return Response(AdjustmentAnswer(result).data, status=status)
