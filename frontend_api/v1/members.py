"""Members: searched, filtered and ordered as in the dashboard; registered by hand, changed, deleted and brought back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.analytics.directory import SORTS, STATES, DirectoryQuery, list_directory, sort_value
from engagement.analytics.selectors import get_profile
from engagement.members.errors import MemberChangedError
from engagement.members.models import Member, Visibility
from engagement.members.selectors import get_discord_id, get_member
from engagement.progression.people import (
    MemberFacts,
    change_member,
    delete_member,
    describe_member,
    register_member,
    restore_member,
)
from saas.core.ids import new_ulid

from .frame import ApiView, StaleError, once
from .operations import operation
from .paging import BadCursorError, cut, read_cursor
from .serializing import Input, Moment, Output, Paging, id_field

TAG = "Members"
WAITS = "Since when they wait for room in the community's plan: what they do is kept and counts later; null for everybody else."
ORDERS = sorted([*SORTS, *(f"-{name}" for name in SORTS)])


class MemberLine(Output):
    """A member in the list."""

    id = serializers.IntegerField(source="member_id")
    name = serializers.CharField()
    alias = serializers.CharField(help_text="The name on boards, for who chose one.")
    visibility = serializers.ChoiceField(choices=Visibility.values)
    avatar_url = serializers.CharField()
    joined_at = serializers.DateTimeField(help_text="Or when we first knew of them.")
    last_active_at = serializers.DateTimeField(allow_null=True)
    departed_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True, help_text=WAITS)
    is_bot = serializers.BooleanField()
    type = serializers.CharField(source="type_name", help_text="Empty where they have none.")
    email = serializers.CharField(help_text="As the team wrote it down.")
    discord_id = serializers.CharField(help_text="Empty where no account is known.")
    level = serializers.IntegerField()
    current = serializers.IntegerField(help_text="Points to spend.")
    lifetime = serializers.IntegerField(help_text="Points ever earned.")
    debt = serializers.IntegerField()


class MemberAnswer(Output):
    """A member with their figures."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    alias = serializers.CharField()
    visibility = serializers.ChoiceField(choices=Visibility.values)
    avatar_url = serializers.CharField()
    joined_at = serializers.DateTimeField(allow_null=True)
    last_active_at = serializers.DateTimeField(allow_null=True)
    departed_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True, help_text=WAITS)
    is_bot = serializers.BooleanField()
    type_id = serializers.IntegerField(allow_null=True)
    email = serializers.CharField()
    note = serializers.CharField(help_text="The team's own.")
    discord_id = serializers.CharField(help_text="Empty where no account is known.")
    level = serializers.IntegerField()
    level_name = serializers.CharField()
    to_next_level = serializers.IntegerField(
        allow_null=True, help_text="Points still missing; null at the highest."
    )
    current = serializers.IntegerField(help_text="Points to spend.")
    lifetime = serializers.IntegerField(help_text="Points ever earned.")
    debt = serializers.IntegerField()
    rank = serializers.IntegerField(allow_null=True, help_text="Of all time; null for who holds none.")


class MemberQuery(Paging):
    search = serializers.CharField(
        max_length=100,
        required=False,
        help_text="The beginning of a name or of a word in it, a Discord id, or an e-mail.",
    )
    state = serializers.MultipleChoiceField(
        choices=STATES,
        required=False,
        help_text="May be given more than once; left out: everybody but the deleted.",
    )
    visibility = serializers.MultipleChoiceField(
        choices=Visibility.values, required=False, help_text="How shown on boards."
    )
    type = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**62),
        max_length=20,
        required=False,
        help_text="Ids of member types; 0: none.",
    )
    role = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=20,
        required=False,
        help_text="Discord role ids.",
    )
    has_login = serializers.BooleanField(
        required=False, default=None, allow_null=True, help_text="Whether linked to a login."
    )
    min_level = serializers.IntegerField(
        min_value=0, max_value=10_000, required=False, help_text="This level or above."
    )
    max_level = serializers.IntegerField(
        min_value=0, max_value=10_000, required=False, help_text="This level or below."
    )
    min_points = serializers.IntegerField(
        min_value=-(10**15), max_value=10**15, required=False, help_text="Lifetime points, at least."
    )
    max_points = serializers.IntegerField(
        min_value=-(10**15), max_value=10**15, required=False, help_text="Lifetime points, at most."
    )
    joined_since = Moment(required=False, help_text="Joined then or later.")
    joined_until = Moment(required=False, help_text="Joined before.")
    active_since = Moment(required=False, help_text="Active then or later.")
    active_until = Moment(required=False, help_text="Last active before.")
    order = serializers.ChoiceField(
        choices=ORDERS, default="-points", help_text="By what; with a minus the other way round."
    )


class MemberInput(Input):
    name = serializers.CharField(max_length=100)
    email = serializers.CharField(max_length=254, default="", allow_blank=True)
    type_id = id_field("A member type.", required=False, allow_null=True, default=None)
    joined_at = Moment(required=False, allow_null=True, default=None)
    note = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="The team's own; nobody else sees it."
    )


class MemberChange(Input):
    name = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Left alone for who has a Discord account: the name is Discord's.",
    )
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    type_id = id_field("A member type; null takes it away.", required=False, allow_null=True)
    joined_at = Moment(required=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


_SHARED: dict[str, Any] = {
    "id": 12,
    "name": "Ada",
    "alias": "",
    "visibility": "visible",
    "avatar_url": "",
    "joined_at": "2026-01-10T09:00:00Z",
    "last_active_at": "2026-11-21T08:30:00Z",
    "departed_at": None,
    "deleted_at": None,
    "waiting_since": None,
    "is_bot": False,
    "email": "",
    "discord_id": "80351110224678912",
    "level": 7,
    "current": 1284,
    "lifetime": 1284,
    "debt": 0,
}
_LINE = {**_SHARED, "type": ""}
_MEMBER = {**_SHARED, "type_id": None, "note": "", "level_name": "", "to_next_level": 40, "rank": 1}


class MemberList(ApiView):
    @operation(
        "list_members",
        summary="List members",
        description="Searched, filtered and ordered as in the dashboard.",
        tag=TAG,
        query=MemberQuery,
        answer=MemberLine,
        paged=True,
        example=_LINE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        sort, limit = query["order"].removeprefix("-"), query["limit"]
        rows = list_directory(
            _directory(query),
            sort=sort,
            descending=query["order"].startswith("-"),
            limit=limit + 1,
            after=_read_place(query.get("cursor", ""), sort),
        )
        return self.answer_page(cut(rows, limit, lambda row: _place_of(row, sort)), MemberLine)

    @operation(
        "register_member",
        summary="Register a member",
        description="Somebody without a Discord account. They can claim the points later with a code from the dashboard.",
        tag=TAG,
        body=MemberInput,
        answer=MemberAnswer,
        status=201,
        writes=True,
        body_example={"name": "Grace", "email": "grace@example.org", "note": "Met at the workshop"},
        example=_MEMBER,
    )
    def post(self, request: Request) -> Response:
        facts = MemberFacts(**self.read_body())

        def work() -> Response:
            member = register_member(
                facts=facts, request_key=new_ulid(), actor=self.actor, context=self.context
            )
            headers = {"Location": f"{request.path}/{member.pk}", "ETag": etag_of(member)}
            return Response(_describe(member), status=201, headers=headers)

        return once(self, work)


class MemberDetail(ApiView):
    @operation(
        "get_member",
        summary="Read a member",
        description="With points, level and rank, and the ETag that a change needs.",
        tag=TAG,
        answer=MemberAnswer,
        errors=(404,),
        example=_MEMBER,
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = get_member(member_id=member_id)
        return self.answer_versioned(_describe(member), etag_of(member))

    @operation(
        "change_member",
        summary="Change a member",
        description="What the team wrote down about them; what is left out stays.",
        tag=TAG,
        body=MemberChange,
        answer=MemberAnswer,
        errors=(404, 412, 428),
        body_example={"note": "Mentor since May"},
        example=_MEMBER | {"note": "Mentor since May"},
    )
    def patch(self, request: Request, member_id: int) -> Response:
        body = self.read_body()
        member = get_member(member_id=member_id)
        self.require_version(etag_of(member))
        facts = {
            "name": member.display_name,
            "email": member.email,
            "type_id": member.type_id,
            "joined_at": member.joined_at,
            "note": member.note,
        }
        try:
            member = change_member(
                member_id=member_id,
                facts=MemberFacts(**{**facts, **body}),
                expected=describe_member(member),
                actor=self.actor,
            )
        except MemberChangedError as error:
            raise StaleError(error.message, current=self.describe_current()) from error
        return self.answer_versioned(_describe(member), etag_of(member))

    @operation(
        "delete_member",
        summary="Delete a member",
        description="Takes them off boards, lists and search, for 30 days in which they can be brought back; then their name and "
        "accounts are erased. Repeating it changes nothing.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, member_id: int) -> Response:
        delete_member(member_id=member_id, actor=self.actor, context=self.context)
        return Response(status=204)

    def describe_current(self) -> Any:
        return _describe(get_member(member_id=self.kwargs["member_id"]))


class MemberRestore(ApiView):
    @operation(
        "restore_member",
        summary="Bring a deleted member back",
        description="With everything that they had. Repeating it changes nothing.",
        tag=TAG,
        answer=MemberAnswer,
        errors=(404,),
        writes=True,
        example=_MEMBER,
    )
    def post(self, request: Request, member_id: int) -> Response:
        def work() -> Response:
            member = restore_member(member_id=member_id, actor=self.actor, context=self.context)
            return Response(_describe(member), headers={"ETag": etag_of(member)})

        return once(self, work)


def etag_of(member: Member) -> str:
    """Another one after every change of what the team wrote down."""
    text = orjson.dumps(describe_member(member), option=orjson.OPT_SORT_KEYS)
    return f'"{hashlib.sha256(text).hexdigest()[:20]}"'


def _describe(member: Member) -> dict[str, Any]:
    profile = get_profile(member_id=member.pk)
    facts = {
        "id": member.pk,
        "name": member.display_name,
        "discord_id": str(get_discord_id(member_id=member.pk) or ""),
        "last_active_at": profile.last_active_at,
        "level": profile.level,
        "level_name": profile.level_name,
        "to_next_level": profile.to_next_level,
        "current": profile.current,
        "lifetime": profile.lifetime,
        "debt": profile.debt,
        "rank": profile.rank,
    }
    own = (
        "alias visibility avatar_url joined_at departed_at deleted_at waiting_since is_bot type_id email note"
    )
    facts |= {name: getattr(member, name) for name in own.split()}
    return dict(MemberAnswer(facts).data)


def _directory(query: dict[str, Any]) -> DirectoryQuery:
    return DirectoryQuery(
        text=query.get("search", "").strip(),
        states=tuple(sorted(query.get("state", ()))),
        level=(query.get("min_level"), query.get("max_level")),
        points=(query.get("min_points"), query.get("max_points")),
        joined=(query.get("joined_since"), query.get("joined_until")),
        active=(query.get("active_since"), query.get("active_until")),
        roles=tuple(query.get("role", ())),
        visibility=tuple(sorted(query.get("visibility", ()))),
        types=tuple(query.get("type", ())),
        login=query.get("has_login"),
    )


def _place_of(row: Any, sort: str) -> tuple[Any, int]:
    value = sort_value(row, sort)
    return (value.isoformat() if isinstance(value, datetime) else value, row.member_id)


def _read_place(cursor: str, sort: str) -> tuple[Any, int] | None:
    kind = int if sort in {"points", "level"} else str
    place = read_cursor(cursor, kind, int)
    if place is None:
        return None
    value, member_id = place
    if sort in {"joined", "active"}:
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise BadCursorError from error
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
    elif isinstance(value, str) and "\x00" in value:
        raise BadCursorError
    return value, member_id
