"""Ready-made kinds of submissions, in packs."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.templates import PackPreview, install_pack, list_packs, remove_pack

from .frame import ApiView, once
from .operations import operation
from .serializing import Input, Output
from .submission_type_shapes import TAG, TYPE, SubmissionTypeList
from .submission_types import describe_type


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


class SubmissionPackRemoved(Output):
    deleted = serializers.IntegerField(help_text="Kinds that nobody had handed in for.")
    archived = serializers.IntegerField()


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
        example={"items": [TYPE]},
    )
    def post(self, request: Request, pack: str) -> Response:
        keys = self.read_body()["keys"]

        def work() -> Response:
            made = install_pack(context=self.context, pack=pack, actor=self.actor, keys=keys)
            return Response({"items": [describe_type(self, one) for one in made]})

        return once(self, work)
