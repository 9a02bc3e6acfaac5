"""What the caller handed in: for people, about themselves."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.handing_in import resubmit, save_draft, withdraw
from engagement.submissions.models import Submission
from engagement.submissions.selectors import QueueItem, get_detail, items_of, list_own

from .frame import once
from .notices import OwnView
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Paging
from .submission_shapes import EXAMPLE, STATES, SubmissionAnswer, SubmissionLine
from .submissions import describe

TAG = "You"


class OwnQuery(Paging):
    state = serializers.MultipleChoiceField(choices=STATES, required=False, help_text="Any of these.")


class AnswersInput(Input):
    answers = serializers.DictField(help_text="Field key → value, all of them.")


class _Own(OwnView):
    def tell(self, submission: Submission) -> Response:
        return Response(self.look(submission.pk))

    def look(self, submission_id: int) -> dict[str, Any]:
        detail = get_detail(submission_id=submission_id, member_id=self.member_id)
        return describe(self, replace(detail, item=for_its_member(detail.item)))


class OwnSubmissions(_Own):
    @operation(
        "list_own_submissions",
        summary="What you handed in",
        description="Drafts too, the newest first.",
        tag=TAG,
        query=OwnQuery,
        answer=SubmissionLine,
        paged=True,
        example=EXAMPLE["submission"],
        errors=(404,),
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        found = list_own(
            member_id=self.member_id,
            states=sorted(query.get("state", ())),
            before_id=place[0] if place else None,
            limit=limit + 1,
        )
        return self.answer_page(
            cut(
                [for_its_member(item) for item in items_of(found)], limit, lambda item: (item.submission.pk,)
            ),
            SubmissionLine,
        )


class OwnSubmission(_Own):
    @operation(
        "get_own_submission",
        summary="Read what you handed in",
        description="With your answers and what became of it.",
        tag=TAG,
        answer=SubmissionAnswer,
        errors=(404,),
        example=EXAMPLE,
    )
    def get(self, request: Request, submission_id: int) -> Response:
        return Response(self.look(submission_id))

    @operation(
        "save_own_draft",
        summary="Keep a draft",
        description="What it holds now, whole or not. Nobody else sees it.",
        tag=TAG,
        body=AnswersInput,
        answer=SubmissionAnswer,
        errors=(404, 409),
        body_example={"answers": {"title": "A gentle"}},
        example=EXAMPLE,
    )
    def put(self, request: Request, submission_id: int) -> Response:
        answers: Any = self.read_body()["answers"]
        _ = self.member_id
        return self.tell(
            save_draft(context=self.context, submission_id=submission_id, answers=answers, actor=self.actor)
        )


class OwnSubmissionAgain(_Own):
    @operation(
        "resubmit_own",
        summary="Hand in a draft, an answer or a correction",
        description="What waits for your answer keeps its place in the queue; what was rejected comes last again.",
        tag=TAG,
        body=AnswersInput,
        answer=SubmissionAnswer,
        errors=(404,),
        writes=True,
        body_example={"answers": {"title": "A gentle introduction to CRDTs"}},
        example=EXAMPLE,
    )
    def post(self, request: Request, submission_id: int) -> Response:
        answers: Any = self.read_body()["answers"]
        _ = self.member_id

        def work() -> Response:
            return self.tell(
                resubmit(context=self.context, submission_id=submission_id, answers=answers, actor=self.actor)
            )

        return once(self, work)


class OwnSubmissionWithdraw(_Own):
    @operation(
        "withdraw_own_submission",
        summary="Withdraw what you handed in",
        description="While it is not decided; a draft is discarded. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionAnswer,
        errors=(404,),
        writes=True,
        example=EXAMPLE | {"submission": EXAMPLE["submission"] | {"state": "withdrawn"}},
    )
    def post(self, request: Request, submission_id: int) -> Response:
        _ = self.member_id

        def work() -> Response:
            return self.tell(withdraw(context=self.context, submission_id=submission_id, actor=self.actor))

        return once(self, work)


def for_its_member(item: QueueItem) -> QueueItem:
    """Without what is the reviewers' own: who looks at it, and which of others' it resembles."""
    shown = copy(item.submission)
    shown.like_ids = []
    return replace(item, submission=shown, is_claimed=False)
