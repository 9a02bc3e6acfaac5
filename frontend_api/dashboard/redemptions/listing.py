"""The list of redemptions, declared: what it shows, what it is narrowed and sorted by, what can be done with several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import F
from django.db.models.lookups import In, IsNull
from django.http import QueryDict
from django.urls import reverse

from engagement.analytics.redemptions import (
    RedemptionRow,
    RedemptionSearch,
    describe_redemptions,
    search_redemptions,
)
from engagement.rewards.models import RedemptionState, Reward, RewardKind, Sponsor
from frontend_api.addresses import write_address
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
_MOST_REWARDS: Final = 30  # to tick in the filter; more than that nobody reads through
_MORE_REWARDS: Final = f"The first {_MOST_REWARDS} by name. Search the list for the name of another."
_MOST_SPONSORS: Final = 200
_VIA: Final = {"web": "Shop page", "bot": "Discord", "rest": "API"}


def build_redemptions_list(
    context: TenantContext,
    given: QueryDict,
    *,
    acts: tuple[BulkAct, ...] = (),
    counts: Mapping[str, int] | None = None,
) -> ListKind:
    """The list with rewards and sponsors of this community to narrow to. `given`: the address that asks, whose own rewards are
    among them. `counts`: how many there are of each state, where they were counted for the page. Two queries."""
    points = context.points_name.capitalize()
    rewards, more = _reward_choices(given)
    sponsors = Sponsor.objects.order_by("name", "pk").values_list("pk", "name")[:_MOST_SPONSORS]
    return ListKind(
        key="redemptions",
        name="redemptions",
        source=QuerySetSource(
            lambda query: search_redemptions(read_search(query)),
            describe_redemptions,
            lambda query: _count_known(query, counts or {}),
        ),
        search="Search by reward, member or number",
        columns=_columns(points),
        sorts=(Sort("when", "moment", "requested_at"), Sort("price", "number")),
        sort="-when",
        filters=(
            Filter("state", "State", "choice", tuple(Choice(*one) for one in RedemptionState.choices)),
            Filter("reward", "Reward", "choice", rewards, _MORE_REWARDS if more else ""),
            Filter("kind", "Kind", "choice", tuple(Choice(*one) for one in RewardKind.choices)),
            Filter("sponsor", "Sponsor", "choice", tuple(Choice(str(pk), name) for pk, name in sponsors)),
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


def _reward_choices(given: QueryDict) -> tuple[tuple[Choice, ...], bool]:
    """Those to tick: what the address names already, then by name, archived ones last; and whether there are others. One query."""
    named = [
        int(one) for one in given.getlist("reward") if one.isascii() and one.isdecimal() and len(one) < 19
    ]
    first = [In(F("pk"), named[:_MOST_REWARDS]).desc()] if named else []
    rows = Reward.objects.order_by(*first, IsNull(F("archived_at"), False), "name", "pk")
    found = list(rows.values_list("pk", "name")[: _MOST_REWARDS + 1])
    return tuple(Choice(str(pk), name) for pk, name in found[:_MOST_REWARDS]), len(found) > _MOST_REWARDS


def _count_known(query: ListQuery, counts: Mapping[str, int]) -> int | None:
    """Where nothing but one state is asked for."""
    states = query.values.get("state", ())
    return counts.get(states[0]) if len(states) == 1 and len(query.values) == 1 and not query.text else None


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
    return write_address("dashboard-redemption", redemption_id)


def _show_member(row: RedemptionRow) -> Face:
    member_id = row.redemption.member_id
    return Face(row.member_name, write_address("dashboard-member", member_id), row.avatar_url, member_id)


def _ends(span: Any) -> tuple[Any, Any]:
    return (span.low, span.high) if isinstance(span, Span) else (None, None)
