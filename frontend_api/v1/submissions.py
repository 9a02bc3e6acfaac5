"""Submissions: handed in with their files, listed, claimed, decided one by one or many at once, taken back; and reason templates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.files.errors import FileTooLargeError
from engagement.files.models import FileUse, StoredFile
from engagement.files.selectors import file_address
from engagement.files.services import RULES, store_file
from engagement.members.selectors import get_member
from engagement.submissions.handing_in import hand_in
from engagement.submissions.models import Submission, SubmissionState
from engagement.submissions.previews import previews_of
from engagement.submissions.reasons import MAX_TEXT, OUTCOMES, delete_reason, list_reasons, save_reason
from engagement.submissions.reviewing import (
    ACTS,
    MAX_AT_ONCE,
    MAX_REASON,
    approve_submission,
    ask_for_info,
    claim_submission,
    decide_many,
    reject_submission,
    release_claim,
    undo_decision,
)
from engagement.submissions.selectors import Detail, QueueItem, get_detail, get_submission, list_queue
from engagement.submissions.shapes import MAX_POINTS
from saas.core.errors import InvalidInputError
from saas.core.ids import new_ulid

from .frame import IDEMPOTENCY, ApiView, once
from .named import kinds_to_review, kinds_to_see, narrow_kinds, require_kind
from .notices import NotAMemberError
from .operations import operation
from .paging import cut, read_cursor
from .serializing import MAX_ID, Input, Output, Paging, id_field

TAG = "Submissions"
STATES = [state.value for state in SubmissionState]
_LISTED = [state for state in STATES if state != "draft"]
_ADDRESS_LASTS = timedelta(hours=1)


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
        path = file_address(view.context, file, lasts=_ADDRESS_LASTS)
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
        choices=_LISTED, required=False, help_text="Any of these; left out: all that were handed in."
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


class ReasonTemplateLine(Output):
    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)


class ReasonTemplateList(Output):
    items = ReasonTemplateLine(many=True)


class ReasonTemplateInput(Input):
    text = serializers.CharField(max_length=MAX_TEXT)
    outcome = serializers.ChoiceField(choices=OUTCOMES)


_LINE: dict[str, Any] = {
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
    "submission": _LINE,
    "form": [{"key": "title", "label": "What is it", "kind": "text", "required": True}],
    "rubric": [],
    "answers": {"title": "A gentle introduction to CRDTs"},
    "files": [],
    "previews": [],
    "resembles": [],
    "scores": {},
    "history": [{"state": "pending", "at": "2026-11-21T08:30:00+00:00", "by": "Ada", "note": ""}],
}
_APPROVED = EXAMPLE | {
    "submission": _LINE
    | {"state": "approved", "points": 20, "decided_by": "Bea", "decided_at": "2026-11-21T09:00:00Z"}
}


class FileBody(BaseParser):
    """The body is the file itself, kept with the view; what it parses to says which file it was."""

    media_type = "application/octet-stream"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = RULES[FileUse.ATTACHMENT].most
        data = stream.read(most + 1)
        if len(data) > most:
            raise FileTooLargeError(f"The file has more than {most // 1024**2} MB. Make it smaller.")
        assert parser_context is not None
        parser_context["view"].uploaded = data
        return {"sha256": hashlib.sha256(data).hexdigest()}


class UploadQuery(Input):
    member_id = id_field("Whose it is: programs name the member.", required=False)


class Submissions(ApiView):
    @operation(
        "list_submissions",
        summary="List submissions",
        description="Who waits longest first. Drafts are their members' alone. Whoever a kind names as its reviewer, without being on the "
        "team, sees what was handed in of those kinds.",
        tag=TAG,
        query=QueueQuery,
        answer=SubmissionLine,
        paged=True,
        example=_LINE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int, int)
        rows = list_queue(
            states=sorted(query.get("state", ())),
            type_ids=narrow_kinds(query.get("type_id"), kinds_to_see(self.caller, self.actor)),
            member_id=query.get("member_id"),
            search=query.get("search", ""),
            overdue=query["overdue"],
            alike=query["resembling"],
            newest_first=query["newest_first"],
            after=None if place is None else (_moment_of(place[0]), place[1]),
            limit=limit + 1,
        )
        return self.answer_page(cut(rows, limit, _place_of), SubmissionLine)

    @operation(
        "hand_in",
        summary="Hand something in",
        description="People hand in for themselves, programs for the member whom they name. Files are uploaded before. The same "
        "Idempotency-Key hands in once.",
        tag=TAG,
        body=HandInInput,
        answer=SubmissionAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example={"type_id": 3, "answers": {"title": "A gentle introduction to CRDTs"}, "member_id": 12},
        example=EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        member_id = whose(self, body["member_id"])
        sent = request.headers.get(IDEMPOTENCY)
        key = f"rest:{self.caller.label}:{sent}"[:120] if sent else f"rest:{new_ulid()}"
        if body["draft"] and self.caller.kind == "key":
            raise InvalidInputError("Drafts are for people; hand it in when it is whole.", field="draft")

        def work() -> Response:
            made = hand_in(
                context=self.context,
                member_id=member_id,
                type_id=body["type_id"],
                answers=body["answers"],
                key=key,
                via="rest",
                actor=self.actor,
                draft=body["draft"],
            )
            detail = get_detail(submission_id=made.pk, member_id=member_id)
            return Response(
                describe(self, detail), status=201, headers={"Location": f"{request.path}/{made.pk}"}
            )

        return once(self, work)


class SubmissionFiles(ApiView):
    parser_classes = (FileBody,)
    uploaded = b""

    @operation(
        "upload_submission_file",
        summary="Upload a file to hand in",
        description="The body is the file itself, as application/octet-stream, its name in X-File-Name; 10 MB at most. What it is, its bytes "
        "say. One that is not handed in within a day is forgotten.",
        tag=TAG,
        query=UploadQuery,
        answer=SubmissionFile,
        status=201,
        errors=(404, 413, 415),
        binary=True,
        writes=True,
        example={"id": 9, "name": "shot.webp", "content_type": "image/webp", "size": 48_120},
    )
    def post(self, request: Request) -> Response:
        member_id = whose(self, self.read_query().get("member_id"))
        get_member(member_id=member_id)

        def work() -> Response:
            _ = request.data
            name = request.headers.get("X-File-Name", "file")
            file = store_file(use=FileUse.ATTACHMENT, name=name, data=self.uploaded, owner_id=member_id)
            return Response(SubmissionFile(file).data, status=201)

        return once(self, work)


class SubmissionDetail(ApiView):
    @operation(
        "get_submission",
        summary="Read a submission",
        description="With answers, files, what it resembles, and what happened to it.",
        tag=TAG,
        answer=SubmissionAnswer,
        errors=(404,),
        example=EXAMPLE,
    )
    def get(self, request: Request, submission_id: int) -> Response:
        kinds = kinds_to_see(self.caller, self.actor)
        detail = get_detail(submission_id=submission_id)
        require_kind(kinds, detail.item.submission, "view_submissions")
        return Response(describe(self, detail, kinds))


class _Review(ApiView):
    """One act on one submission, answered with what it is then."""

    def check(self, submission_id: int) -> None:
        """That the caller reviews its kind. What kind it is never changes."""
        kinds = kinds_to_review(self.caller, self.actor)
        if kinds is not None:
            require_kind(kinds, get_submission(submission_id=submission_id))

    def do(self, submission_id: int, act: Callable[[], Submission]) -> Response:
        self.check(submission_id)

        def work() -> Response:
            act()
            kinds = kinds_to_see(self.caller, self.actor)
            return Response(describe(self, get_detail(submission_id=submission_id), kinds))

        return once(self, work)


class SubmissionClaim(_Review):
    @operation(
        "claim_submission",
        summary="Claim a submission",
        description="For fifteen minutes nobody else reviews it. Claiming again begins them anew.",
        tag=TAG,
        answer=SubmissionAnswer,
        errors=(404,),
        writes=True,
        example=EXAMPLE | {"submission": _LINE | {"claimed_by": "Bea"}},
    )
    def post(self, request: Request, submission_id: int) -> Response:
        return self.do(submission_id, lambda: claim_submission(submission_id=submission_id, actor=self.actor))

    @operation(
        "release_claim",
        summary="Give a claim back",
        description="One's own; where there is none, nothing happens.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, submission_id: int) -> Response:
        self.check(submission_id)
        release_claim(submission_id=submission_id, actor=self.actor)
        return Response(status=204)


class SubmissionApprove(_Review):
    @operation(
        "approve_submission",
        summary="Approve a submission",
        description="Gives its points once. The member is told ten seconds later, unless it is taken back by then. Nobody approves their own.",
        tag=TAG,
        body=SubmissionApproval,
        answer=SubmissionAnswer,
        errors=(403, 404),
        writes=True,
        body_example={"note": "Thank you."},
        example=_APPROVED,
    )
    def post(self, request: Request, submission_id: int) -> Response:
        body = self.read_body()
        return self.do(
            submission_id,
            lambda: approve_submission(
                context=self.context, submission_id=submission_id, actor=self.actor, **body
            ),
        )


class SubmissionReject(_Review):
    @operation(
        "reject_submission",
        summary="Reject a submission",
        description="With a reason that the member reads ten seconds later.",
        tag=TAG,
        body=SubmissionRefusal,
        answer=SubmissionAnswer,
        errors=(403, 404),
        writes=True,
        body_example={"reason": "The link does not open for us."},
        example=EXAMPLE
        | {"submission": _LINE | {"state": "rejected", "reason": "The link does not open for us."}},
    )
    def post(self, request: Request, submission_id: int) -> Response:
        body = self.read_body()
        return self.do(
            submission_id,
            lambda: reject_submission(
                context=self.context, submission_id=submission_id, actor=self.actor, **body
            ),
        )


class SubmissionAsk(_Review):
    @operation(
        "ask_about_submission",
        summary="Ask about a submission",
        description="It waits for the member's answer, and keeps its place in the queue.",
        tag=TAG,
        body=SubmissionQuestion,
        answer=SubmissionAnswer,
        errors=(403, 404),
        writes=True,
        body_example={"question": "Which part of it is yours?"},
        example=EXAMPLE
        | {"submission": _LINE | {"state": "needs_info", "reason": "Which part of it is yours?"}},
    )
    def post(self, request: Request, submission_id: int) -> Response:
        body = self.read_body()
        return self.do(
            submission_id,
            lambda: ask_for_info(context=self.context, submission_id=submission_id, actor=self.actor, **body),
        )


class SubmissionUndo(_Review):
    @operation(
        "undo_submission_decision",
        summary="Take back a decision on a submission",
        description="It waits for review again; points that it gave are taken back. Within ten seconds the member hears of neither.",
        tag=TAG,
        answer=SubmissionAnswer,
        errors=(403, 404),
        writes=True,
        example=EXAMPLE,
    )
    def post(self, request: Request, submission_id: int) -> Response:
        return self.do(
            submission_id,
            lambda: undo_decision(context=self.context, submission_id=submission_id, actor=self.actor),
        )


class SubmissionsDecide(ApiView):
    @operation(
        "decide_submissions",
        summary="Decide on many submissions",
        description="Each on its own, with a result for each: what one of them refuses stops none of the others.",
        tag=TAG,
        body=SubmissionDecisions,
        answer=SubmissionResults,
        writes=True,
        body_example={"submission_ids": [41, 42], "act": "reject", "reason": "This was counted before."},
        example={
            "items": [
                {
                    "submission_id": 41,
                    "done": True,
                    "state": "rejected",
                    "points": 0,
                    "title": "A gentle introduction to CRDTs",
                    "code": "",
                    "message": "",
                }
            ]
        },
    )
    def post(self, request: Request) -> Response:
        body, kinds = self.read_body(), kinds_to_review(self.caller, self.actor)

        def work() -> Response:
            results = decide_many(
                context=self.context,
                actor=self.actor,
                allowed=lambda one: kinds is None or one.type_id in kinds,
                **body,
            )
            return Response(SubmissionResults({"items": results}).data)

        return once(self, work)


class ReasonTemplates(ApiView):
    @operation(
        "list_reason_templates",
        summary="List reason templates",
        description="Sentences that reviewers use again, for submissions, rewards and credits alike.",
        tag=TAG,
        answer=ReasonTemplateList,
        example={"items": [{"id": 2, "text": "This was counted before.", "outcome": "rejected"}]},
    )
    def get(self, request: Request) -> Response:
        return Response(ReasonTemplateList({"items": list_reasons()}).data)

    @operation(
        "create_reason_template",
        summary="Write a reason template",
        description="One that is there already is answered as it is.",
        tag=TAG,
        body=ReasonTemplateInput,
        answer=ReasonTemplateLine,
        status=201,
        writes=True,
        body_example={"text": "This was counted before.", "outcome": "rejected"},
        example={"id": 2, "text": "This was counted before.", "outcome": "rejected"},
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        return once(
            self, lambda: Response(ReasonTemplateLine(save_reason(actor=self.actor, **body)).data, status=201)
        )


class ReasonTemplateDetail(ApiView):
    @operation(
        "delete_reason_template",
        summary="Delete a reason template",
        description="What was decided with it keeps its words.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, reason_id: int) -> Response:
        delete_reason(reason_id=reason_id, actor=self.actor)
        return Response(status=204)


def whose(view: ApiView, member_id: int | None) -> int:
    """Programs name the member; people hand in for themselves. Raises NotAMemberError, InvalidInputError."""
    if view.caller.kind == "key":
        if member_id is None:
            raise InvalidInputError("Name the member whose it is.", field="member_id")
        return member_id
    if view.caller.member_id is None:
        raise NotAMemberError
    if member_id not in (None, view.caller.member_id):
        raise InvalidInputError("You hand in for yourself alone. Leave `member_id` away.", field="member_id")
    return view.caller.member_id


def describe(view: ApiView, detail: Detail, kinds: Collection[int] | None = None) -> dict[str, Any]:
    """`kinds`: of which the reader may see what it resembles; None: of all."""
    alike = [one for one in detail.alike if kinds is None or one.item.submission.type_id in kinds]
    told = {"item": detail.item, "files": list(detail.files.values()), "alike": alike}
    told["previews"] = previews_of(detail.item.submission)
    return dict(SubmissionAnswer(told, context={"view": view}).data)


def _place_of(item: QueueItem) -> tuple[int, int]:
    moment, number = item.place
    return round(moment.timestamp() * 1_000_000), number


def _moment_of(microseconds: int) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(microseconds=max(0, min(microseconds, 2**53)))


__all__ = ["EXAMPLE", "SubmissionAnswer", "SubmissionLine", "describe"]
