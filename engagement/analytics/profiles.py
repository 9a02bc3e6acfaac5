"""A member at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.leaderboards.selectors import get_rank
from engagement.ledger.models import POINTS, LedgerBalance
from engagement.levels.selectors import get_level_name, load_curve
from engagement.members.models import Visibility
from engagement.members.selectors import get_member
from engagement.progression.models import MemberProgress


@dataclass(frozen=True, slots=True)
class Profile:
    """All amounts in whole points. `level_ceiling` is None at the highest level; `rank` None for who holds none."""

    member_id: int
    name: str
    avatar_url: str
    visibility: str
    departed: bool
    joined_at: datetime | None
    last_active_at: datetime | None
    level: int
    level_name: str  # empty where the level has none
    level_floor: int
    level_ceiling: int | None
    current: int
    lifetime: int
    debt: int
    rank: int | None
    total_ranked: int
    week_rank: int | None
    week_points: int
    month_rank: int | None
    month_points: int
    waiting: bool = False  # for room in the plan: nothing counts yet

    @property
    def to_next_level(self) -> int | None:
        """Points still missing."""
        return None if self.level_ceiling is None else self.level_ceiling - self.lifetime

    @property
    def progress_percent(self) -> int:
        """How much of the way from this level to the next is done, 0 to 100."""
        if self.level_ceiling is None:
            return 100
        size = self.level_ceiling - self.level_floor
        return max(0, min(100, (self.lifetime - self.level_floor) * 100 // size))


def get_profile(*, member_id: int) -> Profile:
    """Everything that a profile shows, under the name that the member chose. Raises MemberNotFoundError."""
    member = get_member(member_id=member_id)
    balance = LedgerBalance.objects.get(member_id=member_id, currency=POINTS)
    progress = MemberProgress.objects.get(pk=member_id)
    curve = load_curve()
    aliased = member.visibility == Visibility.ALIAS
    places = {kind: get_rank(member_id=member_id, kind=kind) for kind in ("all", "month", "week")}
    return Profile(
        member_id=member_id,
        name=member.alias if aliased else member.display_name,
        avatar_url="" if aliased else member.avatar_url,
        visibility=member.visibility,
        departed=member.departed_at is not None,
        joined_at=member.joined_at,
        last_active_at=progress.last_active_at,
        level=progress.level,
        level_name=get_level_name(level=progress.level),
        level_floor=curve.floor_of(progress.level),
        level_ceiling=curve.ceiling_of(progress.level),
        current=balance.current,
        lifetime=balance.lifetime,
        debt=balance.debt,
        rank=places["all"].rank,
        total_ranked=places["all"].total,
        week_rank=places["week"].rank,
        week_points=places["week"].score,
        month_rank=places["month"].rank,
        month_points=places["month"].score,
        waiting=member.waiting_since is not None,
    )
