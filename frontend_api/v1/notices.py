"""What the caller was told: for people, about themselves."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.members.selectors import get_member
from engagement.notifications.models import Notice
from engagement.notifications.notice_kinds import NOTICE_KINDS, QUIETABLE, get_notice_kind
from engagement.notifications.notice_words import LANGUAGES, write_notice
from engagement.notifications.notices import choose_quiet, mark_all_read
from engagement.notifications.selectors import count_unread, list_notices
from saas.core.errors import NotFoundError

from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Output, Paging, id_field

TAG = "You"


class NotAMemberError(NotFoundError):
    """Who asks is known, but is no member of this community."""

    code = "not_a_member"

    def __init__(self) -> None:
        super().__init__("You are no member of this community, so nothing was told to you here.")


class NoticeLine(Output):
    """Something that you were told."""

    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=sorted(NOTICE_KINDS))
    text = serializers.SerializerMethodField()
    about = serializers.SerializerMethodField(
        help_text="What it is about; empty where that is nothing of its own."
    )
    about_id = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    sent_by = serializers.CharField(help_text="dm or channel where Discord was told as well.")

    def get_text(self, notice: Notice) -> str:
        view: Any = self.context["view"]
        return write_notice(
            notice.kind,
            notice.facts,
            language=view.language,
            points_name=view.context.points_name,
            when=lambda moment: moment.isoformat(timespec="seconds"),
        )

    def get_about(self, notice: Notice) -> str:
        return get_notice_kind(notice.kind).about

    def get_about_id(self, notice: Notice) -> int | None:
        found = notice.facts.get("id")
        return found if isinstance(found, int) else None


class NoticesQuery(Paging):
    language = serializers.ChoiceField(choices=sorted(LANGUAGES), default="en", help_text="Of the texts.")


class NoticesState(Output):
    """How much you have not read, and what you do not want to hear of."""

    unread = serializers.IntegerField()
    quiet = serializers.ListField(
        child=serializers.ChoiceField(choices=QUIETABLE),
        help_text="Optional kinds that are off; `dm` for no direct messages in Discord.",
    )


class NoticesRead(Input):
    upto = id_field("Only this one and older ones, so that what came meanwhile stays unread.", required=False)


class NoticesChoice(Input):
    quiet = serializers.ListField(child=serializers.ChoiceField(choices=QUIETABLE), max_length=len(QUIETABLE))


_LINE = {
    "id": 41,
    "kind": "redemption_approved",
    "text": "“Hoodie” is approved. You are told as soon as it is there.",
    "about": "redemption",
    "about_id": 12,
    "created_at": "2026-11-21T08:30:00Z",
    "read_at": None,
    "sent_by": "dm",
}
_STATE = {"unread": 2, "quiet": ["affordable"]}


class OwnView(ApiView):
    """About the one who asks."""

    @property
    def member_id(self) -> int:
        """Raises NotAMemberError."""
        if self.caller.member_id is None:
            raise NotAMemberError
        return self.caller.member_id

    def answer_state(self) -> Response:
        quiet = get_member(member_id=self.member_id).quiet
        return Response(NoticesState({"unread": count_unread(member_id=self.member_id), "quiet": quiet}).data)


class OwnNotices(OwnView):
    language = "en"

    @operation(
        "list_own_notices",
        summary="What you were told",
        description="The newest first, of the last 30 days.",
        tag=TAG,
        query=NoticesQuery,
        answer=NoticeLine,
        paged=True,
        example=_LINE,
        errors=(404,),
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        self.language = query["language"]
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        rows = list_notices(member_id=self.member_id, before=place[0] if place else None, limit=limit + 1)
        return self.answer_page(cut(rows, limit, lambda row: (row.pk,)), NoticeLine)


class OwnNoticesState(OwnView):
    @operation(
        "get_own_notices_state",
        summary="How much you have not read",
        description="And what you chose not to hear of.",
        tag=TAG,
        answer=NoticesState,
        example=_STATE,
        errors=(404,),
    )
    def get(self, request: Request) -> Response:
        return self.answer_state()

    @operation(
        "choose_own_notices",
        summary="Choose what you hear of",
        description="The whole list of what is off takes the former's place. What is decided about you is told in any case.",
        tag=TAG,
        body=NoticesChoice,
        answer=NoticesState,
        body_example={"quiet": ["affordable"]},
        example=_STATE,
        errors=(404,),
    )
    def put(self, request: Request) -> Response:
        choose_quiet(member_id=self.member_id, quiet=self.read_body()["quiet"])
        return self.answer_state()


class OwnNoticesRead(OwnView):
    @operation(
        "read_own_notices",
        summary="Mark your news as read",
        description="All of it, or all up to one.",
        tag=TAG,
        body=NoticesRead,
        answer=NoticesState,
        body_example={"upto": 41},
        example={"unread": 0, "quiet": []},
        errors=(404,),
        writes=True,
    )
    def post(self, request: Request) -> Response:
        return once(self, self._read)

    def _read(self) -> Response:
        mark_all_read(member_id=self.member_id, upto=self.read_body().get("upto"))
        return self.answer_state()
