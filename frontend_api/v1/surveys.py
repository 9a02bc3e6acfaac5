"""Surveys that are filled in from outside: the secret of their tool, and links that are one member's."""

from __future__ import annotations

from datetime import timedelta

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.selectors import get_type
from engagement.submissions.surveys import HOOK, PATH, USES, make_survey_link
from engagement.submissions.types import (
    close_survey,
    renew_survey_secret,
)

from .frame import ApiView, once
from .operations import operation
from .serializing import Input, Output, id_field
from .submission_type_shapes import TAG


class SurveySecretAnswer(Output):
    secret = serializers.CharField(help_text="Shown this once. Sign what you send with it.")
    address = serializers.CharField(help_text="Where a survey tool posts its responses.")


class SurveyLinkInput(Input):
    member_id = id_field("Whose answers it takes.")
    use = serializers.ChoiceField(choices=USES, default="once", help_text="How often it counts.")
    hours = serializers.IntegerField(min_value=1, max_value=24 * 366, default=24 * 30)


class SurveyLinkAnswer(Output):
    address = serializers.CharField(help_text="Whoever has it answers in the member's name.")
    ticket = serializers.CharField(help_text="The address' own part, for a survey tool's hidden field.")
    member_id = serializers.IntegerField()
    use = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SurveySecret(ApiView):
    @operation(
        "renew_survey_secret",
        summary="Let a kind be filled in from outside",
        description="Makes a new secret; links and tools of the former one end at once. Survey tools sign with it what they post: "
        "as Standard Webhooks describes, or as Typeform and Tally do.",
        tag=TAG,
        answer=SurveySecretAnswer,
        errors=(404,),
        example={"secret": "pN3…", "address": "https://acme.engagehub.example/hooks/surveys/feedback/"},
    )
    def put(self, request: Request, submission_type_id: int) -> Response:
        secret = renew_survey_secret(type_id=submission_type_id, actor=self.actor)
        path = HOOK.format(get_type(type_id=submission_type_id).key)
        return Response(
            SurveySecretAnswer({"secret": secret, "address": request.build_absolute_uri(path)}).data
        )

    @operation(
        "close_survey",
        summary="No longer let a kind be filled in from outside",
        description="Its links and its secret are worth nothing from now on. Twice changes nothing.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, submission_type_id: int) -> Response:
        close_survey(type_id=submission_type_id, actor=self.actor)
        return Response(status=204)


class SurveyLinks(ApiView):
    @operation(
        "create_survey_link",
        summary="Make a survey link for a member",
        description="By it the kind is filled in without signing in, in the member's name, as often as `use` says.",
        tag=TAG,
        body=SurveyLinkInput,
        answer=SurveyLinkAnswer,
        status=201,
        errors=(404, 409),
        writes=True,
        body_example={"member_id": 12, "use": "once", "hours": 72},
        example={
            "address": "https://acme.engagehub.example/survey/eyJ…/",
            "ticket": "eyJ…",
            "member_id": 12,
            "use": "once",
            "expires_at": "2026-11-24T08:30:00Z",
        },
    )
    def post(self, request: Request, submission_type_id: int) -> Response:
        body = self.read_body()

        def work() -> Response:
            link = make_survey_link(
                context=self.context,
                type_id=submission_type_id,
                member_id=body["member_id"],
                actor=self.actor,
                use=body["use"],
                lasts=timedelta(hours=body["hours"]),
            )
            path = PATH.format(link.ticket)
            told = {
                "address": request.build_absolute_uri(path),
                "ticket": link.ticket,
                "member_id": link.member.pk,
                "use": link.use,
                "expires_at": link.expires_at,
            }
            return Response(SurveyLinkAnswer(told).data, status=201)

        return once(self, work)
