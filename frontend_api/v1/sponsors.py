"""Sponsors: who pays for rewards and is named on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.files.selectors import file_address
from engagement.rewards.errors import SponsorNotFoundError
from engagement.rewards.facts import MOST
from engagement.rewards.freezing import names_sponsors
from engagement.rewards.models import Sponsor
from engagement.rewards.sponsors import (
    FIELDS,
    MAX_NAME,
    MAX_NOTE,
    archive_sponsor,
    change_sponsor,
    count_sponsored,
    create_sponsor,
    is_sponsoring,
    restore_sponsor,
)
from saas.core import clock

from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Moment, Output, Paging

TAG = "Sponsors"


class SponsorChange(Input):
    name = serializers.CharField(max_length=MAX_NAME, required=False)
    url = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="Begins with https://."
    )
    starts_at = Moment(required=False, allow_null=True)
    ends_at = Moment(required=False, allow_null=True)
    budget = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, allow_null=True, help_text="Redemptions; null: no end."
    )
    note = serializers.CharField(
        max_length=MAX_NOTE, required=False, allow_blank=True, help_text="The team's own."
    )


class SponsorInput(SponsorChange):
    name = serializers.CharField(max_length=MAX_NAME)


class SponsorAnswer(Output):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    url = serializers.CharField()
    picture = serializers.SerializerMethodField(
        help_text="A path on this community's site, good for a day or two; empty: none."
    )
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    budget = serializers.IntegerField(allow_null=True)
    used = serializers.SerializerMethodField(
        help_text="Redemptions that it paid for, returned ones left out."
    )
    named = serializers.SerializerMethodField(help_text="Its time is on and its budget lasts.")
    note = serializers.CharField()
    archived_at = serializers.DateTimeField(allow_null=True)

    def get_picture(self, sponsor: Any) -> str:
        return file_address(self.context["here"], sponsor.picture_id) if sponsor.picture_id else ""

    def get_used(self, sponsor: Any) -> int:
        return int(self.context["used"].get(sponsor.pk, 0))

    def get_named(self, sponsor: Any) -> bool:
        used, in_plan = self.context["used"].get(sponsor.pk, 0), self.context["in_plan"]
        return is_sponsoring(sponsor, used, clock.now(), in_plan=in_plan)


EXAMPLE = {
    "id": 2,
    "name": "Initech",
    "url": "https://initech.example.com",
    "picture": "",
    "starts_at": None,
    "ends_at": "2026-12-31T23:00:00Z",
    "budget": 100,
    "used": 12,
    "named": True,
    "note": "",
    "archived_at": None,
}


def describe_sponsor(view: ApiView, sponsor: Sponsor) -> dict[str, Any]:
    return dict(SponsorAnswer(sponsor, context=_facts(view, [sponsor])).data)


def _facts(view: ApiView, sponsors: Iterable[Sponsor]) -> dict[str, Any]:
    """What SponsorAnswer needs beside the rows. One query."""
    context = view.context
    used = count_sponsored(one.pk for one in sponsors)
    return {"used": used, "here": context, "in_plan": names_sponsors(context)}


class _Nothing(Output):
    """The items are written by the view itself, which knows more."""


class SponsorList(ApiView):
    @operation(
        "list_sponsors",
        summary="List sponsors",
        description="Archived ones too, in the order in which they were added.",
        tag=TAG,
        query=Paging,
        answer=SponsorAnswer,
        paged=True,
        example=EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        rows = Sponsor.objects.order_by("pk")
        if place is not None:
            rows = rows.filter(pk__gt=place[0])
        page = cut(list(rows[: query["limit"] + 1]), query["limit"], lambda sponsor: (sponsor.pk,))
        answer = self.answer_page(page, _Nothing)
        facts = _facts(self, page.items)
        answer.data["items"] = SponsorAnswer(page.items, many=True, context=facts).data
        return answer

    @operation(
        "create_sponsor",
        summary="Add a sponsor",
        description="It is named on rewards whose `sponsor_id` it is. Its picture is uploaded then.",
        tag=TAG,
        body=SponsorInput,
        answer=SponsorAnswer,
        status=201,
        writes=True,
        body_example={"name": "Initech", "url": "https://initech.example.com", "budget": 100},
        example=EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        facts = {name: value for name, value in self.read_body().items() if name in FIELDS}

        def work() -> Response:
            sponsor = create_sponsor(context=self.context, facts=facts, actor=self.actor)
            return Response(
                describe_sponsor(self, sponsor),
                status=201,
                headers={"Location": f"{request.path}/{sponsor.pk}"},
            )

        return once(self, work)


class SponsorDetail(ApiView):
    @operation(
        "get_sponsor",
        summary="Read a sponsor",
        description="How long it pays, and how far its budget is.",
        tag=TAG,
        answer=SponsorAnswer,
        errors=(404,),
        example=EXAMPLE,
    )
    def get(self, request: Request, sponsor_id: int) -> Response:
        sponsor = Sponsor.objects.filter(pk=min(sponsor_id, 2**31 - 1)).first()
        if sponsor is None:
            raise SponsorNotFoundError
        return Response(describe_sponsor(self, sponsor))

    @operation(
        "change_sponsor",
        summary="Change a sponsor",
        description="Only what the body names. What it paid for stays attributed.",
        tag=TAG,
        body=SponsorChange,
        answer=SponsorAnswer,
        errors=(404, 409),
        body_example={"budget": 200},
        example=EXAMPLE | {"budget": 200},
    )
    def patch(self, request: Request, sponsor_id: int) -> Response:
        facts = {name: value for name, value in self.read_body().items() if name in FIELDS}
        return once(
            self,
            lambda: Response(
                describe_sponsor(
                    self,
                    change_sponsor(
                        context=self.context, sponsor_id=sponsor_id, facts=facts, actor=self.actor
                    ),
                )
            ),
        )


class SponsorArchive(ApiView):
    @operation(
        "archive_sponsor",
        summary="Archive a sponsor",
        description="It is named no longer; redemptions keep whom they were attributed to.",
        tag=TAG,
        answer=SponsorAnswer,
        errors=(404,),
        writes=True,
        example=EXAMPLE | {"archived_at": "2026-11-22T08:30:00Z", "named": False},
    )
    def post(self, request: Request, sponsor_id: int) -> Response:
        return once(
            self,
            lambda: Response(
                describe_sponsor(self, archive_sponsor(sponsor_id=sponsor_id, actor=self.actor))
            ),
        )


class SponsorRestore(ApiView):
    @operation(
        "restore_sponsor",
        summary="Restore a sponsor",
        description="Out of the archive; it is named again while its time is on and its budget lasts.",
        tag=TAG,
        answer=SponsorAnswer,
        errors=(404,),
        writes=True,
        example=EXAMPLE,
    )
    def post(self, request: Request, sponsor_id: int) -> Response:
        return once(
            self,
            lambda: Response(
                describe_sponsor(
                    self, restore_sponsor(context=self.context, sponsor_id=sponsor_id, actor=self.actor)
                )
            ),
        )
