"""Ready-made reasons for decisions."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.reasons import MAX_TEXT, OUTCOMES, delete_reason, list_reasons, save_reason

from .frame import ApiView, once
from .operations import operation
from .serializing import Input, Output
from .submission_shapes import TAG


class ReasonTemplateLine(Output):
    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)


class ReasonTemplateList(Output):
    items = ReasonTemplateLine(many=True)


class ReasonTemplateInput(Input):
    text = serializers.CharField(max_length=MAX_TEXT)
    outcome = serializers.ChoiceField(choices=OUTCOMES)


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
