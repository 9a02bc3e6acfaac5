"""Kinds of credits: the community's own currencies, their limits, and who may decide on requests for them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.credits.approvers import QuotaState, add_approver, list_approvers, remove_approver
from engagement.credits.automatic import MAX_DAYS, MAX_LEVEL
from engagement.credits.checks import MOST
from engagement.credits.models import CreditType
from engagement.credits.periods import PERIODS
from engagement.credits.selectors import TypeLine, list_types
from engagement.credits.types import (
    TypeDraft,
    archive_type,
    change_type,
    create_type,
    describe,
    draft_of,
    get_type_by_id,
    list_frozen_types,
    restore_type,
)

from .frame import ApiView, once
from .operations import operation
from .serializing import Input, Output, id_field

TAG = "Credits"
_AMOUNT: dict[str, Any] = {"min_value": 1, "max_value": MOST, "required": False, "allow_null": True}


class AutomaticInput(Input):
    """What grants itself; every condition that is named must hold. Empty: nothing does."""

    most = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, help_text="Up to this amount. Needed by the others."
    )
    min_days = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS, required=False, help_text="A member for so many days."
    )
    min_points = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, help_text="Points ever earned."
    )
    min_level = serializers.IntegerField(
        min_value=1, max_value=MAX_LEVEL, required=False, help_text="The level that they are on, or higher."
    )
    min_granted = serializers.IntegerField(
        min_value=1, max_value=1_000, required=False, help_text="Requests for these credits granted before."
    )
    no_rejections = serializers.BooleanField(required=False, help_text="None rejected before.")
    member_types = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        max_length=20,
        help_text="Any of these, by number.",
    )
    plans = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        max_length=20,
        help_text="While the community is on any of these plans.",
    )


class CreditTypeChange(Input):
    name = serializers.CharField(max_length=40, required=False)
    unit = serializers.CharField(max_length=30, required=False, help_text="In the plural, such as “credits”.")
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    requestable = serializers.BooleanField(required=False)
    least = serializers.IntegerField(min_value=1, max_value=MOST, required=False, help_text="Of one request.")
    most = serializers.IntegerField(help_text="Of one request; null: no limit.", **_AMOUNT)
    period = serializers.ChoiceField(choices=PERIODS, required=False)
    period_amount = serializers.IntegerField(
        help_text="What a member may ask for and get in a period; null: no limit.", **_AMOUNT
    )
    period_requests = serializers.IntegerField(
        min_value=1,
        max_value=1_000,
        required=False,
        allow_null=True,
        help_text="Requests in a period; null: no limit.",
    )
    needs_reason = serializers.BooleanField(required=False)
    automatic = AutomaticInput(required=False)
    mail_above = serializers.IntegerField(
        min_value=0,
        max_value=MOST,
        required=False,
        allow_null=True,
        help_text="Approvers get a mail for requests of more; null: for none.",
    )
    low_balance = serializers.IntegerField(
        help_text="Members are told when they have less; null: never.", **_AMOUNT
    )
    escalate_hours = serializers.IntegerField(
        min_value=1,
        max_value=2_160,
        required=False,
        allow_null=True,
        help_text="Requests that wait for longer are brought up again; null: none.",
    )


class CreditTypeInput(CreditTypeChange):
    key = serializers.CharField(max_length=20, help_text="As members type it, such as ai. It stays.")
    name = serializers.CharField(max_length=40)


class CreditTypeAnswer(Output):
    """A kind of credits. `frozen`: over the plan's limit, so that nobody can request it; balances stay spendable."""

    id = serializers.IntegerField(source="type.pk")
    key = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    unit = serializers.CharField(source="type.unit")
    description = serializers.CharField(source="type.description")
    requestable = serializers.BooleanField(source="type.requestable")
    frozen = serializers.BooleanField()
    least = serializers.IntegerField(source="type.least")
    most = serializers.IntegerField(source="type.most", allow_null=True)
    period = serializers.ChoiceField(choices=PERIODS, source="type.period")
    period_amount = serializers.IntegerField(source="type.period_amount", allow_null=True)
    period_requests = serializers.IntegerField(source="type.period_requests", allow_null=True)
    needs_reason = serializers.BooleanField(source="type.needs_reason")
    automatic = serializers.DictField(source="type.automatic")
    mail_above = serializers.IntegerField(source="type.mail_above", allow_null=True)
    low_balance = serializers.IntegerField(source="type.low_balance", allow_null=True)
    escalate_hours = serializers.IntegerField(source="type.escalate_hours", allow_null=True)
    archived_at = serializers.DateTimeField(source="type.archived_at", allow_null=True)
    created_at = serializers.DateTimeField(source="type.created_at")


class CreditTypeList(Output):
    items = CreditTypeAnswer(many=True)


class ApproverInput(Input):
    name = serializers.CharField(max_length=120, help_text="Shown in lists.")
    user_id = id_field("A login. This or `role_id`.", required=False, allow_null=True, default=None)
    role_id = id_field("A Discord role.", required=False, allow_null=True, default=None)
    quota = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        allow_null=True,
        default=None,
        help_text="What they may grant in a period; null: as much as they like.",
    )
    period = serializers.ChoiceField(choices=PERIODS, default="month")


class ApproverAnswer(Output):
    id = serializers.IntegerField(source="approver.pk")
    name = serializers.CharField(source="approver.name")
    user_id = serializers.IntegerField(source="approver.user_id", allow_null=True)
    role_id = serializers.CharField(source="approver.role_id", allow_null=True)
    quota = serializers.IntegerField(source="approver.quota", allow_null=True)
    period = serializers.CharField(source="approver.period")
    used = serializers.IntegerField(help_text="Granted in the period around now.")
    left = serializers.IntegerField(allow_null=True, help_text="Null: no quota.")
    resets_at = serializers.DateTimeField()


class ApproverList(Output):
    items = ApproverAnswer(many=True)


_TYPE = {
    "id": 1,
    "key": "ai",
    "name": "AI",
    "unit": "credits",
    "description": "For pictures and texts.",
    "requestable": True,
    "frozen": False,
    "least": 10,
    "most": 500,
    "period": "month",
    "period_amount": 1000,
    "period_requests": None,
    "needs_reason": True,
    "automatic": {"most": 50, "min_days": 30, "min_level": 5},
    "mail_above": 250,
    "low_balance": 20,
    "escalate_hours": 48,
    "archived_at": None,
    "created_at": "2026-11-21T08:30:00Z",
}
_BODY = {"key": "ai", "name": "AI", "least": 10, "most": 500, "automatic": {"most": 50, "min_days": 30}}
_APPROVER = {
    "id": 3,
    "name": "Cleo",
    "user_id": 12,
    "role_id": None,
    "quota": 1000,
    "period": "month",
    "used": 250,
    "left": 750,
    "resets_at": "2026-12-01T00:00:00Z",
}


class CreditTypes(ApiView):
    @operation(
        "list_credit_types",
        summary="List the kinds of credits",
        description="By age, archived ones last.",
        tag=TAG,
        answer=CreditTypeList,
        example={"items": [_TYPE]},
    )
    def get(self, request: Request) -> Response:
        lines = list_types(context=self.context, with_archived=True)
        return Response(CreditTypeList({"items": lines}).data)

    @operation(
        "create_credit_type",
        summary="Make a kind of credits",
        description="A currency of the community's own, beside points. The plan says how many there can be.",
        tag=TAG,
        body=CreditTypeInput,
        answer=CreditTypeAnswer,
        status=201,
        writes=True,
        body_example=_BODY,
        example=_TYPE,
    )
    def post(self, request: Request) -> Response:
        draft = TypeDraft(**self.read_body())

        def work() -> Response:
            made = create_type(context=self.context, draft=draft, actor=self.actor)
            headers = {"Location": f"{request.path}/{made.pk}", "ETag": etag_of(made)}
            return Response(self.describe(made), status=201, headers=headers)

        return once(self, work)

    def describe(self, row: CreditType) -> Any:
        return _describe(self, row)


class CreditTypeDetail(ApiView):
    @operation(
        "get_credit_type",
        summary="Read a kind of credits",
        description="With the ETag that a change needs.",
        tag=TAG,
        answer=CreditTypeAnswer,
        errors=(404,),
        example=_TYPE,
    )
    def get(self, request: Request, credit_type_id: int) -> Response:
        row = get_type_by_id(credit_type_id)
        return self.answer_versioned(_describe(self, row), etag_of(row))

    @operation(
        "change_credit_type",
        summary="Change a kind of credits",
        description="What is left out stays; the key always does. Requests that wait are judged as they were made.",
        tag=TAG,
        body=CreditTypeChange,
        answer=CreditTypeAnswer,
        errors=(404, 412, 428),
        body_example={"most": 500},
        example=_TYPE,
    )
    def patch(self, request: Request, credit_type_id: int) -> Response:
        row = get_type_by_id(credit_type_id)
        self.require_version(etag_of(row))
        draft = replace(draft_of(row), **self.read_body())
        row = change_type(context=self.context, type_id=credit_type_id, draft=draft, actor=self.actor)
        return self.answer_versioned(_describe(self, row), etag_of(row))

    def describe_current(self) -> Any:
        return _describe(self, get_type_by_id(self.kwargs["credit_type_id"]))


class CreditTypeArchive(ApiView):
    @operation(
        "archive_credit_type",
        summary="Archive a kind of credits",
        description="Nobody can request it any more. What members have stays theirs and can be spent. Twice changes nothing.",
        tag=TAG,
        answer=CreditTypeAnswer,
        errors=(404,),
        writes=True,
        example=_TYPE | {"archived_at": "2026-11-21T08:30:00Z"},
    )
    def post(self, request: Request, credit_type_id: int) -> Response:
        def work() -> Response:
            row = archive_type(context=self.context, type_id=credit_type_id, actor=self.actor)
            return Response(_describe(self, row))

        return once(self, work)


class CreditTypeRestore(ApiView):
    @operation(
        "restore_credit_type",
        summary="Bring a kind of credits back",
        description="Where the plan has room for it.",
        tag=TAG,
        answer=CreditTypeAnswer,
        errors=(404,),
        writes=True,
        example=_TYPE,
    )
    def post(self, request: Request, credit_type_id: int) -> Response:
        def work() -> Response:
            row = restore_type(context=self.context, type_id=credit_type_id, actor=self.actor)
            return Response(_describe(self, row))

        return once(self, work)


class Approvers(ApiView):
    @operation(
        "list_credit_approvers",
        summary="List who is trusted to decide",
        description="People and Discord roles beside the moderators, with what is left of their quota.",
        tag=TAG,
        answer=ApproverList,
        errors=(404,),
        example={"items": [_APPROVER]},
    )
    def get(self, request: Request, credit_type_id: int) -> Response:
        get_type_by_id(credit_type_id)
        return Response(
            ApproverList({"items": list_approvers(context=self.context, type_id=credit_type_id)}).data
        )

    @operation(
        "set_credit_approver",
        summary="Trust somebody to decide",
        description="A login or a Discord role may decide on requests for these credits, up to a quota. Named again, the quota changes.",
        tag=TAG,
        body=ApproverInput,
        answer=ApproverAnswer,
        status=201,
        errors=(404,),
        writes=True,
        body_example={"name": "Cleo", "user_id": 12, "quota": 1000},
        example=_APPROVER,
    )
    def post(self, request: Request, credit_type_id: int) -> Response:
        body = self.read_body()

        def work() -> Response:
            made = add_approver(type_id=credit_type_id, actor=self.actor, **body)
            return Response(_quota_of(self, credit_type_id, made.pk), status=201)

        return once(self, work)


class ApproverDetail(ApiView):
    @operation(
        "remove_credit_approver",
        summary="Trust somebody no longer",
        description="What they decided stays.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, credit_type_id: int, approver_id: int) -> Response:
        remove_approver(approver_id=approver_id, type_id=credit_type_id, actor=self.actor)
        return Response(status=204)


def etag_of(row: CreditType) -> str:
    """Of everything that can be changed, and of being archived."""
    facts = {**describe(row), "archived": row.archived_at is not None}
    return f'"{hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"'


def _describe(view: ApiView, row: CreditType) -> Any:
    frozen = list_frozen_types(CreditType.objects.only("pk", "archived_at"), view.context)
    return CreditTypeAnswer(TypeLine(row, row.pk in frozen)).data


def _quota_of(view: ApiView, type_id: int, approver_id: int) -> Any:
    states: list[QuotaState] = list_approvers(context=view.context, type_id=type_id)
    return ApproverAnswer(next(state for state in states if state.approver.pk == approver_id)).data
