"""Kinds of submissions: the forms that members hand in, ready-made packs of them, and what lets surveys in from outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.errors import SubmissionTypeChangedError
from engagement.submissions.freezing import frozen_ids, types_allowed
from engagement.submissions.limits import PERIODS
from engagement.submissions.models import SubmissionType
from engagement.submissions.selectors import OpenType, TypeLine, get_type, list_open_types, list_types
from engagement.submissions.shapes import AWARDS, MAX_POINTS, WHENS, FieldKind
from engagement.submissions.surveys import HOOK, PATH, USES, make_survey_link
from engagement.submissions.templates import PackPreview, install_pack, list_packs, remove_pack
from engagement.submissions.type_values import MAX_SLA, VALUES
from engagement.submissions.types import (
    archive_type,
    change_type,
    close_survey,
    create_type,
    renew_survey_secret,
    restore_type,
    switch_type,
)

from .frame import ApiView, StaleError, once
from .operations import operation
from .serializing import MAX_ID, Input, Output, id_field

TAG = "Submissions"


class SubmissionFieldShape(Input):
    """One question of a form."""

    key = serializers.CharField(
        max_length=40, help_text="What answers name it by: small letters, digits, underscores."
    )
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=[kind.value for kind in FieldKind])
    help = serializers.CharField(max_length=200, required=False, allow_blank=True)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]
    least = serializers.IntegerField(
        required=False, allow_null=True, help_text="Fewest characters, units, files or choices."
    )
    most = serializers.IntegerField(required=False, allow_null=True)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True, help_text="Of a number.")
    choices = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    many = serializers.BooleanField(required=False, help_text="Of a choice: several.")  # type: ignore[assignment]
    hosts = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, help_text="Of a link: only these sites."
    )
    when = serializers.ChoiceField(
        choices=[when for when in WHENS if when], required=False, help_text="Of a date."
    )
    others = serializers.BooleanField(required=False, help_text="Of a member: nobody's own self.")


class SubmissionCriterionShape(Input):
    """What a reviewer judges, from 0 to `most`."""

    key = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    help = serializers.CharField(max_length=200, required=False, allow_blank=True)
    weight = serializers.IntegerField(min_value=1, max_value=100, default=1)
    most = serializers.IntegerField(min_value=1, max_value=100, default=5)


class SubmissionAwardShape(Input):
    """Points: fixed, for each unit of a number, or in proportion to the rubric's score."""

    kind = serializers.ChoiceField(choices=AWARDS)
    points = serializers.IntegerField(min_value=0, max_value=MAX_POINTS)
    field = serializers.CharField(max_length=40, required=False, allow_blank=True, help_text="Of per_unit.")
    cap = serializers.IntegerField(min_value=0, max_value=MAX_POINTS, required=False, allow_null=True)


class SubmissionEligibilityShape(Input):
    """Whom it is for. What is left out asks nothing."""

    level = serializers.IntegerField(min_value=1, max_value=10_000, required=False, allow_null=True)
    roles = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, help_text="Any of these Discord roles."
    )
    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, help_text="Since they joined."
    )


class SubmissionReviewersShape(Input):
    """Who may review it beside those who may review everything."""

    roles = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    users = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID - 1), required=False
    )


class SubmissionTypeChange(Input):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    icon = serializers.CharField(max_length=40, required=False, allow_blank=True)
    fields = serializers.ListField(child=SubmissionFieldShape(), required=False)  # type: ignore[assignment]
    rubric = serializers.ListField(child=SubmissionCriterionShape(), required=False)
    award = SubmissionAwardShape(required=False)
    unique_links = serializers.BooleanField(
        required=False, help_text="Refuse a link that was handed in before; off: show it to reviewers."
    )
    previews = serializers.BooleanField(
        required=False, help_text="Reviewers see what the pages of its links are called."
    )
    limit_count = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, allow_null=True, help_text="Per member and period."
    )
    limit_period = serializers.ChoiceField(choices=PERIODS, required=False)
    eligibility = SubmissionEligibilityShape(required=False)
    reviewers = SubmissionReviewersShape(required=False)
    channel_id = serializers.CharField(
        max_length=20, required=False, allow_null=True, help_text="Discord's channel where it is reviewed."
    )
    sla_hours = serializers.IntegerField(
        min_value=1, max_value=MAX_SLA, required=False, allow_null=True, help_text="To be decided within."
    )
    automatic = serializers.BooleanField(
        required=False, help_text="Approved at once, unless it resembles an earlier one."
    )


class SubmissionTypeInput(SubmissionTypeChange):
    key = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Its own for ever; made of the name when left out.",
    )
    active = serializers.BooleanField(default=True, help_text="Whether it takes submissions at once.")


class SubmissionTypeAnswer(Output):
    """A kind of submission."""

    id = serializers.IntegerField(source="type.pk")
    key = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    description = serializers.CharField(source="type.description")
    icon = serializers.CharField(source="type.icon")
    form = serializers.ListField(child=serializers.DictField(), source="type.fields", help_text="Its fields.")
    rubric = serializers.ListField(child=serializers.DictField(), source="type.rubric")
    award = serializers.DictField(source="type.award")
    unique_links = serializers.BooleanField(source="type.unique_links")
    previews = serializers.BooleanField(source="type.previews")
    limit_count = serializers.IntegerField(source="type.limit_count", allow_null=True)
    limit_period = serializers.ChoiceField(choices=PERIODS, source="type.limit_period")
    eligibility = serializers.DictField(source="type.eligibility")
    reviewers = serializers.DictField(source="type.reviewers")
    channel_id = serializers.SerializerMethodField(help_text="Empty: the web alone.")
    sla_hours = serializers.IntegerField(source="type.sla_hours", allow_null=True)
    automatic = serializers.BooleanField(source="type.automatic")
    is_survey = serializers.SerializerMethodField(help_text="Whether it is filled in from outside.")
    template = serializers.CharField(source="type.template", help_text="The ready-made one it came from.")
    pack = serializers.CharField(source="type.pack")
    active = serializers.BooleanField(source="type.active")
    frozen = serializers.BooleanField(help_text="Over what the plan includes: it takes nothing for now.")
    version = serializers.IntegerField(source="type.version")
    archived_at = serializers.DateTimeField(source="type.archived_at", allow_null=True)

    def get_channel_id(self, line: TypeLine) -> str:
        return str(line.type.channel_id or "")

    def get_is_survey(self, line: TypeLine) -> bool:
        return bool(line.type.survey_secret)


class OpenSubmissionTypeAnswer(Output):
    """A kind of submission as members see it."""

    id = serializers.IntegerField(source="type.pk")
    key = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    description = serializers.CharField(source="type.description")
    form = serializers.ListField(child=serializers.DictField(), source="type.fields", help_text="Its fields.")
    most_points = serializers.IntegerField(help_text="What one of it gives at most.")
    limit = serializers.CharField(help_text="Such as “twice a week”; empty without one.")
    can_hand_in = serializers.BooleanField(help_text="You, now.")
    why_not = serializers.CharField(help_text="level, role, membership or limit; empty where you can.")
    words = serializers.CharField(help_text="The same in a sentence.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="When you can again, after a limit.")


class SubmissionPackItem(Output):
    key = serializers.CharField(source="template.key")
    name = serializers.CharField(source="template.name")
    description = serializers.CharField(source="template.description")
    most_points = serializers.IntegerField()
    state = serializers.ChoiceField(choices=("new", "there", "archived"))
    turns_on = serializers.BooleanField(help_text="Whether it would take submissions at once.")


class SubmissionPackAnswer(Output):
    """A pack of ready-made kinds, and what installing it would do."""

    key = serializers.CharField(source="pack.key")
    name = serializers.CharField(source="pack.name")
    description = serializers.CharField(source="pack.description")
    is_installed = serializers.BooleanField()
    room = serializers.IntegerField(
        help_text="How many more kinds the plan lets take submissions; large where there is no limit."
    )
    items = SubmissionPackItem(many=True)


class SubmissionPackChoice(Input):
    keys = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        allow_null=True,
        default=None,
        help_text="Of its kinds only these; left out: all.",
    )


class SubmissionPackList(Output):
    items = SubmissionPackAnswer(many=True)


class SubmissionTypeList(Output):
    items = SubmissionTypeAnswer(many=True)


class OpenSubmissionTypeList(Output):
    items = OpenSubmissionTypeAnswer(many=True)


class SubmissionPackRemoved(Output):
    deleted = serializers.IntegerField(help_text="Kinds that nobody had handed in for.")
    archived = serializers.IntegerField()


class SubmissionTypeState(Input):
    active = serializers.BooleanField()


class TypesQuery(Input):
    archived = serializers.BooleanField(default=False, help_text="Those in the archive instead.")


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


_FIELD = {"key": "title", "label": "What is it", "kind": "text", "required": True}
_AWARD: dict[str, Any] = {"kind": "fixed", "points": 20, "field": "", "cap": None}
_BODY = {
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "fields": [_FIELD, {"key": "link", "label": "Link", "kind": "link"}],
    "award": {"kind": "fixed", "points": 20},
    "limit_count": 5,
    "limit_period": "week",
    "sla_hours": 48,
}
_TYPE = {
    "id": 3,
    "key": "resource_share",
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "icon": "bookmark",
    "form": [_FIELD],
    "rubric": [],
    "award": _AWARD,
    "unique_links": True,
    "previews": True,
    "limit_count": 5,
    "limit_period": "week",
    "eligibility": {},
    "reviewers": {},
    "channel_id": "",
    "sla_hours": 48,
    "automatic": False,
    "is_survey": False,
    "template": "resource_share",
    "pack": "content",
    "active": True,
    "frozen": False,
    "version": 1,
    "archived_at": None,
}
_OPEN = {
    "id": 3,
    "key": "resource_share",
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "form": [_FIELD],
    "most_points": 20,
    "limit": "5 times a week",
    "can_hand_in": True,
    "why_not": "",
    "words": "",
    "next_at": None,
}
_PACK = {
    "key": "content",
    "name": "Content",
    "description": "For communities that make things.",
    "is_installed": False,
    "room": 3,
    "items": [
        {
            "key": "resource_share",
            "name": "Resource share",
            "description": "Something worth everybody's time.",
            "most_points": 20,
            "state": "new",
            "turns_on": True,
        }
    ],
}


class SubmissionTypes(ApiView):
    @operation(
        "list_submission_types",
        summary="List kinds of submissions",
        description="In their order, as they are kept; there are few, so they come at once.",
        tag=TAG,
        query=TypesQuery,
        answer=SubmissionTypeList,
        example={"items": [_TYPE]},
    )
    def get(self, request: Request) -> Response:
        lines = list_types(context=self.context, archived=self.read_query()["archived"])
        return Response(SubmissionTypeList({"items": lines}).data)

    @operation(
        "create_submission_type",
        summary="Make a kind of submission",
        description="A form, what it is worth, and who reviews it. An active one needs room in the plan. With a `key` that exists, that one "
        "is answered and nothing is changed.",
        tag=TAG,
        body=SubmissionTypeInput,
        answer=SubmissionTypeAnswer,
        status=201,
        writes=True,
        body_example=_BODY,
        example=_TYPE,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            made = create_type(
                context=self.context,
                values=_values_of(body),
                actor=self.actor,
                key=body.get("key", ""),
                active=body["active"],
            )
            headers = {"Location": f"{request.path}/{made.pk}", "ETag": _etag_of(made)}
            return Response(_describe(self, made), status=201, headers=headers)

        return once(self, work)


class OpenSubmissionTypes(ApiView):
    @operation(
        "list_open_submission_types",
        summary="List what can be handed in",
        description="Kinds that take submissions, and whether you can hand in for each now.",
        tag=TAG,
        answer=OpenSubmissionTypeList,
        example={"items": [_OPEN]},
    )
    def get(self, request: Request) -> Response:
        found: list[OpenType] = list_open_types(member_id=self.caller.member_id, context=self.context)
        return Response(OpenSubmissionTypeList({"items": found}).data)


class SubmissionTypeDetail(ApiView):
    @operation(
        "get_submission_type",
        summary="Read a kind of submission",
        description="With its form, rubric and award. Its ETag is what a change has to name.",
        tag=TAG,
        answer=SubmissionTypeAnswer,
        errors=(404,),
        example=_TYPE,
    )
    def get(self, request: Request, submission_type_id: int) -> Response:
        found = get_type(type_id=submission_type_id)
        return self.answer_versioned(_describe(self, found), _etag_of(found))

    @operation(
        "change_submission_type",
        summary="Change a kind of submission",
        description="What was handed in keeps the form that it answered.",
        tag=TAG,
        body=SubmissionTypeChange,
        answer=SubmissionTypeAnswer,
        errors=(404, 409, 412, 428),
        body_example={"sla_hours": 24},
        example=_TYPE | {"sla_hours": 24, "version": 2},
    )
    def patch(self, request: Request, submission_type_id: int) -> Response:
        values = _values_of(self.read_body())
        found = get_type(type_id=submission_type_id)
        self.require_version(_etag_of(found))
        try:
            made = change_type(
                context=self.context,
                type_id=submission_type_id,
                values=values,
                actor=self.actor,
                expected_version=found.version,
            )
        except SubmissionTypeChangedError as error:
            raise StaleError(error.message, current=self.describe_current()) from error
        return self.answer_versioned(_describe(self, made), _etag_of(made))

    @operation(
        "archive_submission_type",
        summary="Archive a kind of submission",
        description="It takes nothing more. What was handed in stays, and what waits is decided. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionTypeAnswer,
        errors=(404,),
        example=_TYPE | {"active": False, "archived_at": "2026-11-21T08:30:00Z"},
    )
    def delete(self, request: Request, submission_type_id: int) -> Response:
        return Response(_describe(self, archive_type(type_id=submission_type_id, actor=self.actor)))

    def describe_current(self) -> Any:
        return _describe(self, get_type(type_id=self.kwargs["submission_type_id"]))


class SubmissionTypeRestore(ApiView):
    @operation(
        "restore_submission_type",
        summary="Bring a kind of submission back",
        description="From the archive, switched off. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionTypeAnswer,
        errors=(404, 409),
        writes=True,
        example=_TYPE | {"active": False},
    )
    def post(self, request: Request, submission_type_id: int) -> Response:
        return once(
            self,
            lambda: Response(_describe(self, restore_type(type_id=submission_type_id, actor=self.actor))),
        )


class SubmissionTypeSwitch(ApiView):
    @operation(
        "switch_submission_type",
        summary="Switch a kind of submission on or off",
        description="Off, it takes nothing; what waits is decided all the same. On needs room in the plan.",
        tag=TAG,
        body=SubmissionTypeState,
        answer=SubmissionTypeAnswer,
        errors=(404,),
        writes=True,
        body_example={"active": False},
        example=_TYPE | {"active": False},
    )
    def post(self, request: Request, submission_type_id: int) -> Response:
        active = self.read_body()["active"]

        def work() -> Response:
            made = switch_type(
                context=self.context, type_id=submission_type_id, active=active, actor=self.actor
            )
            return Response(_describe(self, made))

        return once(self, work)


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


class SubmissionPacks(ApiView):
    @operation(
        "list_submission_packs",
        summary="List packs of ready-made kinds",
        description="What each holds, and what installing it now would do.",
        tag=TAG,
        answer=SubmissionPackList,
        example={"items": [_PACK]},
    )
    def get(self, request: Request) -> Response:
        packs: list[PackPreview] = list_packs(context=self.context)
        return Response(SubmissionPackList({"items": packs}).data)


class SubmissionPackDetail(ApiView):
    @operation(
        "remove_submission_pack",
        summary="Take a pack out",
        description="Kinds that nobody handed in for are deleted, the others archived. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionPackRemoved,
        errors=(404,),
        example={"deleted": 5, "archived": 1},
    )
    def delete(self, request: Request, pack: str) -> Response:
        return Response(SubmissionPackRemoved(remove_pack(pack=pack, actor=self.actor)).data)


class SubmissionPackInstall(ApiView):
    @operation(
        "install_submission_pack",
        summary="Install a pack",
        description="As many of its kinds as the plan has room for take submissions at once, the others are there, switched off. What is "
        "there already stays as it is.",
        tag=TAG,
        body=SubmissionPackChoice,
        answer=SubmissionTypeList,
        errors=(404,),
        writes=True,
        body_example={},
        example={"items": [_TYPE]},
    )
    def post(self, request: Request, pack: str) -> Response:
        keys = self.read_body()["keys"]

        def work() -> Response:
            made = install_pack(context=self.context, pack=pack, actor=self.actor, keys=keys)
            return Response({"items": [_describe(self, one) for one in made]})

        return once(self, work)


def _values_of(body: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in body.items() if name in VALUES}
    channel = values.get("channel_id")
    if isinstance(channel, str):
        values["channel_id"] = int(channel) if channel.isascii() and channel.isdigit() else channel
    return values


def _etag_of(found: SubmissionType) -> str:
    return f'"{found.pk}-{found.version}"'


def _describe(view: ApiView, found: SubmissionType) -> dict[str, Any]:
    frozen = found.pk in frozen_ids(
        SubmissionType.objects.only("pk", "active", "archived_at"), types_allowed(view.context)
    )
    return dict(SubmissionTypeAnswer(TypeLine(found, frozen, 0, 0)).data)
