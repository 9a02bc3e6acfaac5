"""Submissions: handed in with their files, listed, looked at. Deciding on them is submission_reviews."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.files.errors import FileTooLargeError
from engagement.files.models import FileUse
from engagement.files.services import RULES, store_file
from engagement.members.selectors import get_member
from engagement.submissions.handing_in import hand_in
from engagement.submissions.previews import previews_of
from engagement.submissions.selectors import Detail, QueueItem, get_detail, list_queue
from saas.core.errors import InvalidInputError
from saas.core.ids import new_ulid

from .frame import IDEMPOTENCY, ApiView, once
from .named import kinds_to_see, narrow_kinds, require_kind
from .notices import NotAMemberError
from .operations import operation
from .paging import cut, read_cursor
from .submission_shapes import (
    EXAMPLE,
    LINE,
    TAG,
    HandInInput,
    QueueQuery,
    SubmissionAnswer,
    SubmissionFile,
    SubmissionLine,
    UploadQuery,
)


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
        example=LINE,
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
