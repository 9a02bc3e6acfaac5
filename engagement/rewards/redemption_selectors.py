"""Reads of redemptions. Lists are of a fixed number of queries, by number, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from engagement.members.models import Member
from engagement.members.selectors import matches_name

from .models import Redemption
from .redemption_errors import RedemptionNotFoundError
from .states import REQUESTED

PAGE: Final = 20
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RedemptionLine:
    """A redemption and whose it is."""

    redemption: Redemption
    member_name: str

    @property
    def pk(self) -> int:
        return int(self.redemption.pk)


def list_redemptions(
    *,
    states: Sequence[str] = (),
    member_id: int | None = None,
    reward_id: int | None = None,
    sponsor_id: int | None = None,
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[RedemptionLine]:
    """The team's list; what is left out narrows nothing. `search`: in the reward's name, or of the member's the beginning of a word.
    `since` and `until` bound when it was requested; `before` is the last one of the page before. Two queries."""
    found = Redemption.objects.all()
    if states:
        found = found.filter(state__in=list(states))
    for name, value in (("member_id", member_id), ("reward_id", reward_id), ("sponsor_id", sponsor_id)):
        if value is not None:
            found = found.filter(**{name: min(value, _LAST)})
    words = search.strip()[:80].replace("\x00", "")
    if words:
        people = Member.objects.filter(matches_name(words)).values("pk")
        found = found.filter(Q(reward_name__icontains=words) | Q(member_id__in=people))
    if since is not None:
        found = found.filter(requested_at__gte=since)
    if until is not None:
        found = found.filter(requested_at__lt=until)
    return _named(_page(found, before, limit))


def list_own(*, member_id: int, before: int | None = None, limit: int = PAGE) -> list[Redemption]:
    """One's own. One query."""
    return list(_page(Redemption.objects.filter(member_id=member_id), before, limit))


def get_redemption(*, redemption_id: int) -> RedemptionLine:
    """Raises RedemptionNotFoundError."""
    found = (
        Redemption.objects.filter(pk=redemption_id)
        if 0 < redemption_id <= _LAST
        else Redemption.objects.none()
    )
    lines = _named(found)
    if not lines:
        raise RedemptionNotFoundError
    return lines[0]


def get_own(*, redemption_id: int, member_id: int) -> Redemption:
    """One's own; somebody else's is none. Raises RedemptionNotFoundError."""
    line = get_redemption(redemption_id=redemption_id)
    if line.redemption.member_id != member_id:
        raise RedemptionNotFoundError
    return line.redemption


def count_waiting() -> int:
    """How many wait for the team's decision. One query, by index."""
    return Redemption.objects.filter(state=REQUESTED).count()


def _page(found: QuerySet[Redemption], before: int | None, limit: int) -> QuerySet[Redemption]:
    if before is not None:
        found = found.filter(pk__lt=min(before, _LAST))
    return found.order_by("-pk")[:limit]


def _named(found: QuerySet[Redemption]) -> list[RedemptionLine]:
    rows = list(found)
    names = dict(
        Member.objects.filter(pk__in={row.member_id for row in rows}).values_list("pk", "display_name")
    )
    return [RedemptionLine(row, names.get(row.member_id, "")) for row in rows]
