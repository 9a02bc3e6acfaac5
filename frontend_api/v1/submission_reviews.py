"""Deciding on submissions: by the team, and by whom a kind names."""

from __future__ import annotations

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.models import Submission
from engagement.submissions.reviewing import (
    approve_submission,
    ask_for_info,
    claim_submission,
    decide_many,
    reject_submission,
    release_claim,
    undo_decision,
)
from engagement.submissions.selectors import get_detail, get_submission

from .frame import ApiView, once
from .named import kinds_to_review, kinds_to_see, require_kind
from .operations import operation
from .submission_shapes import (
    APPROVED,
    EXAMPLE,
    LINE,
    TAG,
    SubmissionAnswer,
    SubmissionApproval,
    SubmissionDecisions,
    SubmissionQuestion,
    SubmissionRefusal,
    SubmissionResults,
)
from .submissions import describe


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
        example=EXAMPLE | {"submission": LINE | {"claimed_by": "Bea"}},
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
        example=APPROVED,
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
        | {"submission": LINE | {"state": "rejected", "reason": "The link does not open for us."}},
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
        | {"submission": LINE | {"state": "needs_info", "reason": "Which part of it is yours?"}},
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
