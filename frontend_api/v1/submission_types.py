"""Kinds of submissions: the forms that members hand in."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.submissions.errors import SubmissionTypeChangedError
from engagement.submissions.freezing import frozen_ids, types_allowed
from engagement.submissions.models import SubmissionType
from engagement.submissions.selectors import OpenType, TypeLine, get_type, list_open_types, list_types
from engagement.submissions.type_values import VALUES
from engagement.submissions.types import (
    archive_type,
    change_type,
    create_type,
    restore_type,
    switch_type,
)

from .frame import ApiView, StaleError, once
from .operations import operation
from .submission_type_shapes import (
    BODY,
    OPEN,
    TAG,
    TYPE,
    OpenSubmissionTypeList,
    SubmissionTypeAnswer,
    SubmissionTypeChange,
    SubmissionTypeInput,
    SubmissionTypeList,
    SubmissionTypeState,
    TypesQuery,
)


class SubmissionTypes(ApiView):
    @operation(
        "list_submission_types",
        summary="List kinds of submissions",
        description="In their order, as they are kept; there are few, so they come at once.",
        tag=TAG,
        query=TypesQuery,
        answer=SubmissionTypeList,
        example={"items": [TYPE]},
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
        body_example=BODY,
        example=TYPE,
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
            headers = {"Location": f"{request.path}/{made.pk}", "ETag": etag_of(made)}
            return Response(describe_type(self, made), status=201, headers=headers)

        return once(self, work)


class OpenSubmissionTypes(ApiView):
    @operation(
        "list_open_submission_types",
        summary="List what can be handed in",
        description="Kinds that take submissions, and whether you can hand in for each now.",
        tag=TAG,
        answer=OpenSubmissionTypeList,
        example={"items": [OPEN]},
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
        example=TYPE,
    )
    def get(self, request: Request, submission_type_id: int) -> Response:
        found = get_type(type_id=submission_type_id)
        return self.answer_versioned(describe_type(self, found), etag_of(found))

    @operation(
        "change_submission_type",
        summary="Change a kind of submission",
        description="What was handed in keeps the form that it answered.",
        tag=TAG,
        body=SubmissionTypeChange,
        answer=SubmissionTypeAnswer,
        errors=(404, 409, 412, 428),
        body_example={"sla_hours": 24},
        example=TYPE | {"sla_hours": 24, "version": 2},
    )
    def patch(self, request: Request, submission_type_id: int) -> Response:
        values = _values_of(self.read_body())
        found = get_type(type_id=submission_type_id)
        self.require_version(etag_of(found))
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
        return self.answer_versioned(describe_type(self, made), etag_of(made))

    @operation(
        "archive_submission_type",
        summary="Archive a kind of submission",
        description="It takes nothing more. What was handed in stays, and what waits is decided. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionTypeAnswer,
        errors=(404,),
        example=TYPE | {"active": False, "archived_at": "2026-11-21T08:30:00Z"},
    )
    def delete(self, request: Request, submission_type_id: int) -> Response:
        return Response(describe_type(self, archive_type(type_id=submission_type_id, actor=self.actor)))

    def describe_current(self) -> Any:
        return describe_type(self, get_type(type_id=self.kwargs["submission_type_id"]))


class SubmissionTypeRestore(ApiView):
    @operation(
        "restore_submission_type",
        summary="Bring a kind of submission back",
        description="From the archive, switched off. Twice changes nothing.",
        tag=TAG,
        answer=SubmissionTypeAnswer,
        errors=(404, 409),
        writes=True,
        example=TYPE | {"active": False},
    )
    def post(self, request: Request, submission_type_id: int) -> Response:
        return once(
            self,
            lambda: Response(describe_type(self, restore_type(type_id=submission_type_id, actor=self.actor))),
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
        example=TYPE | {"active": False},
    )
    def post(self, request: Request, submission_type_id: int) -> Response:
        active = self.read_body()["active"]

        def work() -> Response:
            made = switch_type(
                context=self.context, type_id=submission_type_id, active=active, actor=self.actor
            )
            return Response(describe_type(self, made))

        return once(self, work)


def _values_of(body: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in body.items() if name in VALUES}
    channel = values.get("channel_id")
    if isinstance(channel, str):
        values["channel_id"] = int(channel) if channel.isascii() and channel.isdigit() else channel
    return values


def etag_of(found: SubmissionType) -> str:
    return f'"{found.pk}-{found.version}"'


def describe_type(view: ApiView, found: SubmissionType) -> dict[str, Any]:
    frozen = found.pk in frozen_ids(
        SubmissionType.objects.only("pk", "active", "archived_at"), types_allowed(view.context)
    )
    return dict(SubmissionTypeAnswer(TypeLine(found, frozen, 0, 0)).data)
