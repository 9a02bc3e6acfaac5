"""The list of redemptions, declared: what it shows, what it is narrowed and sorted by, what can be done with several at once."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse

from engagement.analytics.redemptions import (
    RedemptionRow,
    RedemptionSearch,
    describe_redemptions,
    search_redemptions,
)
from engagement.rewards.models import RedemptionState, Reward, RewardKind, Sponsor
from frontend_api.dashboard.parts.cells import Face, Link, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter, Span
from frontend_api.dashboard.parts.lists import (
    BulkAct,
    Column,
    Empty,
    ListKind,
    ListQuery,
    QuerySetSource,
    Sort,
)
from tenants.context import TenantContext

STATE_KINDS: Final = {
    RedemptionState.REQUESTED: "warn",
    RedemptionState.APPROVED: "accent",
    RedemptionState.FULFILLED: "good",
    RedemptionState.DELIVERED: "good",
}
_MOST_CHOICES: Final = 200  # of rewards and sponsors to narrow to
_VIA: Final = {"web": "Shop page", "bot": "Discord", "rest": "API"}


def build_redemptions_list(context: TenantContext, *, acts: tuple[BulkAct, ...] = ()) -> ListKind:
    """The list with this community's rewards and sponsors. Two queries."""
    points = context.points_name.capitalize()
    rewards = Reward.objects.order_by("archived_at", "name", "pk")[:_MOST_CHOICES]
    sponsors = Sponsor.objects.order_by("name", "pk")[:_MOST_CHOICES]
    return ListKind(
        key="redemptions",
        name="redemptions",
        source=QuerySetSource(lambda query: search_redemptions(read_search(query)), describe_redemptions),
        search="Search by reward, member or number",
        columns=_columns(points),
        sorts=(Sort("when", "moment", "requested_at"), Sort("price", "number")),
        sort="-when",
        filters=(
            Filter("state", "State", "choice", tuple(Choice(*one) for one in RedemptionState.choices)),
            Filter("reward", "Reward", "choice", tuple(Choice(str(one.pk), one.name) for one in rewards)),
            Filter("kind", "Kind", "choice", tuple(Choice(*one) for one in RewardKind.choices)),
            Filter("sponsor", "Sponsor", "choice", tuple(Choice(str(one.pk), one.name) for one in sponsors)),
            Filter("days", "Requested", "days"),
            Filter("price", points, "number"),
        ),
        acts=acts,
        empty=Empty(
            "ticket",
            "Nobody has redeemed anything yet",
            "As soon as a member redeems a reward, it stands here with what is to be done.",
            reverse("shop"),
            "Open the shop",
        ),
        row_name=lambda row: f"{row.redemption.reward_name} for {row.member_name}",
    )


def read_search(query: ListQuery) -> RedemptionSearch:
    """The list's filters as the selector knows them."""
    values = query.values
    days, price = _ends(values.get("days")), _ends(values.get("price"))
    return RedemptionSearch(
        text=query.text,
        states=values.get("state", ()),
        kinds=values.get("kind", ()),
        reward_ids=[int(one) for one in values.get("reward", ())],
        sponsor_ids=[int(one) for one in values.get("sponsor", ())],
        since=days[0],
        until=days[1],
        least=price[0],
        most=price[1],
        ids=values.get("ids"),
    )


def list_ids(query: ListQuery, *, limit: int) -> list[int]:
    """The ids of all that the list, as narrowed, holds: those that waited longest first."""
    found = search_redemptions(read_search(query)).order_by("pk")
    return list(found.values_list("pk", flat=True)[:limit])


def show_state(state: str) -> Tag:
    return Tag(RedemptionState(state).label, STATE_KINDS.get(RedemptionState(state), ""))


def _columns(points: str) -> tuple[Column, ...]:
    return (
        Column("reward", "Reward", lambda row: Link(row.redemption.reward_name, address_of(row.pk))),
        Column("member", "Member", _show_member),
        Column("state", "State", lambda row: show_state(row.redemption.state)),
        Column("price", points, lambda row: row.price, sort="price", number=True),
        Column("when", "Requested", lambda row: row.requested_at, sort="when"),
        Column("sponsor", "Sponsor", lambda row: row.sponsor_name, shown=False),
        Column("kind", "Kind", lambda row: RewardKind(row.redemption.kind).label, shown=False),
        Column("via", "From", lambda row: _VIA.get(row.redemption.via, row.redemption.via), shown=False),
        Column("decided", "Decided", lambda row: row.redemption.decided_at, shown=False),
        Column("by", "Decided by", lambda row: row.redemption.decided_by, shown=False),
        Column("reason", "Reason", lambda row: row.redemption.reason, shown=False),
        Column("fulfilled", "Handed out", lambda row: row.redemption.fulfilled_at, shown=False),
        Column("delivered", "Delivered", lambda row: row.redemption.delivered_at, shown=False),
        Column("tracking", "Tracking", lambda row: row.redemption.tracking, shown=False),
        Column("id", "Number", lambda row: row.pk, number=True, shown=False),
    )


def address_of(redemption_id: int) -> str:
    return reverse("dashboard-redemption", args=[redemption_id])


def _show_member(row: RedemptionRow) -> Face:
    member_id = row.redemption.member_id
    return Face(row.member_name, reverse("dashboard-member", args=[member_id]), row.avatar_url, member_id)


def _ends(span: Any) -> tuple[Any, Any]:
    return (span.low, span.high) if isinstance(span, Span) else (None, None)
