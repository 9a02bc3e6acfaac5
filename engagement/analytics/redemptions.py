"""Redemptions as the team searches, filters and sorts them: each page of them a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from engagement.members.models import Member
from engagement.members.selectors import matches_name
from engagement.rewards.models import Redemption, RedemptionState, RewardKind, Sponsor
from engagement.rewards.redemption_errors import RedemptionNotFoundError
from engagement.rewards.states import MOVES

# The kinds that the team hands out itself.
BY_HAND: Final = (RewardKind.MERCHANDISE, RewardKind.CUSTOM)


@dataclass(frozen=True, slots=True)
class RedemptionSearch:
    """What to look for; what is empty narrows nothing. Moments are from the first up to before the second, points whole."""

    text: str = ""  # in the reward's name or the member's, or a redemption's number
    states: Sequence[str] = ()
    kinds: Sequence[str] = ()
    reward_ids: Sequence[int] = ()
    sponsor_ids: Sequence[int] = ()
    member_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    least: int | None = None
    most: int | None = None
    ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class RedemptionRow:
    """One of a list: who and by whom it was paid for, beside the redemption itself."""

    redemption: Redemption
    member_name: str
    avatar_url: str
    sponsor_name: str

    @property
    def pk(self) -> int:
        return int(self.redemption.pk)

    @property
    def requested_at(self) -> datetime:
        return self.redemption.requested_at

    @property
    def price(self) -> int:
        return int(self.redemption.price)


def search_redemptions(search: RedemptionSearch) -> QuerySet[Redemption]:
    """Those that match, in no order yet. No query."""
    rows = Redemption.objects.all()
    if search.text:
        rows = rows.filter(_matches(search.text))
    if search.states:
        rows = rows.filter(state__in=search.states)
    if search.kinds:
        rows = rows.filter(kind__in=search.kinds)
    if search.reward_ids:
        rows = rows.filter(reward_id__in=search.reward_ids)
    if search.sponsor_ids:
        rows = rows.filter(sponsor_id__in=search.sponsor_ids)
    if search.member_id is not None:
        rows = rows.filter(member_id=search.member_id)
    if search.since is not None:
        rows = rows.filter(requested_at__gte=search.since)
    if search.until is not None:
        rows = rows.filter(requested_at__lt=search.until)
    if search.least is not None:
        rows = rows.filter(price__gte=search.least)
    if search.most is not None:
        rows = rows.filter(price__lte=search.most)
    if search.ids is not None:
        rows = rows.filter(pk__in=search.ids)
    return rows


def _matches(text: str) -> Q:
    found = Q(reward_name__icontains=text) | Q(
        member_id__in=Member.objects.filter(matches_name(text)).values("pk")
    )
    if text.removeprefix("#").isascii() and text.removeprefix("#").isdecimal() and len(text) < 19:
        found |= Q(pk=int(text.removeprefix("#")))
    return found


def describe_redemptions(rows: Sequence[Redemption]) -> list[RedemptionRow]:
    """With the names of members and sponsors. Two queries; none for no rows."""
    if not rows:
        return []
    people = Member.objects.filter(pk__in={row.member_id for row in rows}).in_bulk()
    paying = {row.sponsor_id for row in rows if row.sponsor_id is not None}
    sponsors = dict(Sponsor.objects.filter(pk__in=paying).values_list("pk", "name"))
    return [
        RedemptionRow(
            row,
            people[row.member_id].display_name if row.member_id in people else "(erased)",
            people[row.member_id].avatar_url if row.member_id in people else "",
            sponsors.get(row.sponsor_id, "") if row.sponsor_id else "",
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class RedemptionSheet:
    """One redemption with everything that its page shows. `steps` are its history with moments read: {state, at, by, reason}."""

    redemption: Redemption
    member: Member | None
    reward_state: str
    sponsor_name: str
    free: int | None  # of the reward's stock; None: no end
    steps: list[dict[str, Any]]
    allowed: frozenset[str]  # the states that it may move to
    earlier: int  # redemptions of the same reward by the same member

    @property
    def member_name(self) -> str:
        return "(erased)" if self.member is None else self.member.display_name

    @property
    def is_merchandise(self) -> bool:
        return self.redemption.kind == RewardKind.MERCHANDISE

    @property
    def has_address(self) -> bool:
        return bool(self.redemption.address)


def get_redemption_sheet(*, redemption_id: int) -> RedemptionSheet:
    """Five queries at most. Raises RedemptionNotFoundError."""
    row = None
    if 0 < redemption_id < 2**63:
        row = Redemption.objects.select_related("reward").filter(pk=redemption_id).first()
    if row is None:
        raise RedemptionNotFoundError
    sponsor = Sponsor.objects.filter(pk=row.sponsor_id).first() if row.sponsor_id else None
    others = Redemption.objects.filter(reward_id=row.reward_id, member_id=row.member_id, pk__lt=row.pk)
    return RedemptionSheet(
        redemption=row,
        member=Member.objects.filter(pk=row.member_id).first(),
        reward_state=row.reward.state,
        sponsor_name="" if sponsor is None else sponsor.name,
        free=None if row.reward.stock is None else row.reward.stock - row.reward.reserved,
        steps=[{**step, "at": datetime.fromisoformat(step["at"])} for step in row.history],
        allowed=MOVES[row.state],
        earlier=others.count(),
    )


def count_by_state() -> dict[str, int]:
    """How many there are in each state that is not an end: what there is to do. One query."""
    open_states = (RedemptionState.REQUESTED, RedemptionState.APPROVED, RedemptionState.FULFILLED)
    rows = Redemption.objects.filter(state__in=open_states).values_list("state")
    return dict.fromkeys(open_states, 0) | dict(rows.annotate(n=Count("pk")).values_list("state", "n"))
