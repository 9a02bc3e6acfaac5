"""How many of a reward one member has: what `limit_count` bounds, in the community's day, week or month."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .eligibility import MemberFacts, Offered, check_eligible, period_start
from .errors import RewardRefusedError
from .models import Redemption
from .states import ENDED


def count_had(*, reward_id: int, member_id: int, since: datetime | None, without: int = 0) -> int:
    """How many of it the member has or had since then; what was given back does not count."""
    found = Redemption.objects.filter(reward_id=reward_id, member_id=member_id).exclude(state__in=ENDED)
    if since is not None:
        found = found.filter(requested_at__gte=since)
    return found.exclude(pk=without).count() if without else found.count()


def refuse_over_limit(
    reward: Offered, reward_id: int, facts: MemberFacts, now: datetime, *, without: int = 0
) -> None:
    """Raises RewardRefusedError. Exact while the caller holds the row of the member's balance; `without` is the redemption in hand."""
    if reward.limit_count is None:
        return
    since = period_start(reward.limit_period, now, facts.timezone, facts.first_weekday)
    taken = count_had(reward_id=reward_id, member_id=facts.member_id, since=since, without=without)
    refusal = check_eligible(reward, replace(facts, taken=taken), now)
    if refusal is not None:
        raise RewardRefusedError(refusal)
