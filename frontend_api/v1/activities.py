"""Activities: what a community's own programs report, and what was booked of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.activity.reports import MAX_BATCH, Receipt, Report, send_reports
from engagement.analytics.activities import get_activity, list_activities
from engagement.analytics.selectors import explain_message

from .entries import EntryExplanation
from .frame import ApiView, once
from .operations import FieldProblem, operation
from .paging import cut, read_cursor
from .problems import describe
from .serializing import Input, Moment, Output, Paging, id_field

TAG = "Activities"


class SubjectInput(Input):
    """Whose activity it is, in one of three ways. Somebody who is not a member yet becomes one."""

    provider = serializers.CharField(
        max_length=20, required=False, help_text="Where external_id comes from, such as discord."
    )
    external_id = serializers.CharField(max_length=100, required=False, help_text="The person's id there.")
    member_id = id_field("The member's id here.", required=False)
    email = serializers.EmailField(max_length=254, required=False, help_text="Only its SHA-256 is kept.")
    email_sha256 = serializers.CharField(
        max_length=64, required=False, help_text="The SHA-256 of the address in small letters, in hex."
    )


class ActivityInput(Input):
    id = serializers.CharField(
        max_length=120,
        help_text="Your own name of the fact, such as order-1234. However often it is sent, it counts once.",
    )
    type = serializers.CharField(
        max_length=40, help_text="Your own word, such as lesson_completed, which your rules name."
    )
    subject = SubjectInput(help_text="Whose it is.")
    name = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="How to show somebody who is not a member yet.",
    )
    occurred_at = Moment(required=False, help_text="At most 30 days ago; left out: now.")
    channel = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Where, for rules that only count in certain channels.",
    )
    attributes = serializers.DictField(
        required=False,
        help_text="Up to 20 names with a text, a number, or true or false. Kept with the activity.",
    )


class BatchInput(Input):
    # Each is checked by itself, so that one that is wrong does not hold up its neighbours.
    activities = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=MAX_BATCH,
        help_text=f"1 to {MAX_BATCH} activities.",
    )


class ActivityReceipt(Output):
    id = serializers.CharField(help_text="Yours.")
    source_id = serializers.CharField(
        help_text="Ours: ask for it under /activities/{source_id}.", allow_null=True
    )
    status = serializers.ChoiceField(choices=["accepted", "refused"])
    code = serializers.CharField(allow_null=True, help_text="Why it was refused.")
    detail = serializers.CharField(allow_null=True)
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


class BatchReceipt(Output):
    accepted = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ActivityReceipt(many=True, help_text="One for each, in the order sent.")


class ActivityAnswer(Output):
    """An activity as it was booked."""

    source_id = serializers.CharField()
    source = serializers.CharField(help_text="Who told: discord:<server>, key:<API key>, tenant:<community>.")  # type: ignore[assignment]
    member_id = serializers.IntegerField()
    type = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    arrived_at = serializers.DateTimeField()
    channel = serializers.CharField()
    attributes = serializers.DictField(source="data")
    points = serializers.IntegerField(help_text="What it earned, less what was taken back.")


class ActivityExplanation(Output):
    source_id = serializers.CharField()
    points = serializers.IntegerField()
    note = serializers.CharField(help_text="Why it earned nothing; empty where it did.")
    entries = EntryExplanation(many=True)


class ActivityQuery(Paging):
    member = id_field("Only this member's.", required=False)
    type = serializers.CharField(max_length=40, required=False, help_text="Only of this type.")
    source = serializers.CharField(
        max_length=60, required=False, help_text="Only from this source, such as key:12."
    )  # type: ignore[assignment]
    since = Moment(required=False, help_text="Only what happened from then on.")
    until = Moment(required=False, help_text="Only what happened before.")


_REPORT = {
    "id": "lesson-77-of-4711",
    "type": "lesson_completed",
    "subject": {"provider": "academy", "external_id": "4711"},
    "name": "Ada",
    "attributes": {"lesson": "Loops", "score": 0.9},
}
_RECEIPT: dict[str, Any] = {
    "id": "lesson-77-of-4711",
    "source_id": "api:lesson-77-of-4711",
    "status": "accepted",
    "code": None,
    "detail": None,
}
_ANSWER = {
    "source_id": "api:lesson-77-of-4711",
    "source": "key:12",
    "member_id": 31,
    "type": "lesson_completed",
    "occurred_at": "2026-11-21T08:30:00Z",
    "arrived_at": "2026-11-21T08:30:01Z",
    "channel": "",
    "attributes": {"lesson": "Loops", "score": 0.9},
    "points": 20,
}


class ActivityList(ApiView):
    @operation(
        "list_activities",
        summary="List activities",
        description="What was heard and booked, the newest first by arrival.",
        tag=TAG,
        query=ActivityQuery,
        answer=ActivityAnswer,
        paged=True,
        example=_ANSWER,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        rows = list_activities(
            member_id=query.get("member"),
            type=query.get("type", ""),
            source=query.get("source", ""),
            since=query.get("since"),
            until=query.get("until"),
            limit=limit + 1,
            before=None if place is None else place[0],
        )
        return self.answer_page(cut(rows, limit, lambda row: (row.number,)), ActivityAnswer)

    @operation(
        "send_activity",
        summary="Report an activity",
        description="Something that a member did outside of Discord. It counts within about a second, by the rules that name its "
        "type, and once, however often you send it: `id` is your own name of the fact. The answer is 202; ask for "
        "/activities/{source_id} to see what it earned.",
        tag=TAG,
        body=ActivityInput,
        answer=ActivityReceipt,
        status=202,
        writes=True,
        body_example=_REPORT,
        example=_RECEIPT,
    )
    def post(self, request: Request) -> Response:
        report = _report(self.read_body())

        def work() -> Response:
            receipt = send_reports(reports=[report], source=_source(self))[0]
            if receipt.error is not None:
                raise receipt.error
            return Response(_tell(report.id, receipt), status=202)

        return once(self, work)


class ActivityBatch(ApiView):
    @operation(
        "send_activities",
        summary="Report many activities",
        description=f"Up to {MAX_BATCH} in one request, with a result for each in the order sent: one that is wrong does not hold "
        "up the others. Where none is right the answer is still 202; look at `refused`.",
        tag=TAG,
        body=BatchInput,
        answer=BatchReceipt,
        status=202,
        writes=True,
        body_example={"activities": [_REPORT]},
        example={"accepted": 1, "refused": 0, "results": [_RECEIPT]},
    )
    def post(self, request: Request) -> Response:
        items = self.read_body()["activities"]
        return once(self, lambda: self._send(items))

    def _send(self, items: list[dict[str, Any]]) -> Response:
        results: list[dict[str, Any] | None] = []
        reports: list[Report] = []
        for item in items:
            try:
                reports.append(_report(self._checked(ActivityInput, item)))
                results.append(None)
            except serializers.ValidationError as error:
                results.append(_refuse(_id_of(item), error))
        receipts = iter(zip(reports, send_reports(reports=reports, source=_source(self)), strict=True))
        told = [result or _tell_next(receipts) for result in results]
        accepted = sum(1 for line in told if line["status"] == "accepted")
        return Response({"accepted": accepted, "refused": len(told) - accepted, "results": told}, status=202)


class ActivityDetail(ApiView):
    @operation(
        "get_activity",
        summary="Read an activity",
        description="As it was booked, with what it earned. What was just sent is here within about a second.",
        tag=TAG,
        answer=ActivityAnswer,
        errors=(404,),
        example=_ANSWER,
    )
    def get(self, request: Request, source_id: str) -> Response:
        return Response(ActivityAnswer(get_activity(source_id=source_id)).data)


class ActivityWhy(ApiView):
    @operation(
        "explain_activity",
        summary="Explain an activity",
        description="Entry by entry what it earned and why, or why it earned nothing.",
        tag=TAG,
        answer=ActivityExplanation,
        errors=(404,),
        example={
            "source_id": "api:lesson-77-of-4711",
            "points": 0,
            "note": "It earned nothing: no rule rewards this, or the place or a role is left out.",
            "entries": [],
        },
    )
    def get(self, request: Request, source_id: str) -> Response:
        get_activity(source_id=source_id)
        told = explain_message(source_id=source_id)
        facts = {"source_id": source_id, "points": told.total, "note": told.note, "entries": told.entries}
        return Response(ActivityExplanation(facts).data)


def _source(view: ApiView) -> str:
    """Who tells: the key, or for a person of the team the community itself."""
    return view.caller.label if view.caller.kind == "key" else f"tenant:{view.context.tenant_id}"


def _report(data: dict[str, Any]) -> Report:
    subject = data["subject"]
    return Report(
        id=data["id"],
        type=data["type"],
        provider=subject.get("provider", ""),
        external_id=subject.get("external_id", ""),
        member_id=subject.get("member_id"),
        email=subject.get("email", ""),
        email_digest=subject.get("email_sha256", ""),
        name=data.get("name", ""),
        occurred_at=data.get("occurred_at"),
        channel=data.get("channel", ""),
        attributes=data.get("attributes", {}),
    )


def _tell_next(receipts: Any) -> dict[str, Any]:
    report, receipt = next(receipts)
    return _tell(report.id, receipt)


def _tell(id: str, receipt: Receipt) -> dict[str, Any]:
    if receipt.error is not None:
        return _refuse(id, receipt.error)
    return {"id": id, "source_id": receipt.source_id, "status": "accepted", "code": None, "detail": None}


def _refuse(id: str, error: Exception) -> dict[str, Any]:
    problem = describe(error)
    assert problem is not None
    return {
        "id": id,
        "source_id": None,
        "status": "refused",
        "code": problem.code,
        "detail": problem.detail,
        "errors": problem.errors,
    }


def _id_of(item: dict[str, Any]) -> str:
    sent = item.get("id")
    return sent[:120] if isinstance(sent, str) else ""
