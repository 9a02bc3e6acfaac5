"""Reads of the catalogue: the shop as members see it, and the list as organisers keep it.

The number of queries is the same for ten rewards and ten thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q, QuerySet

from engagement.files.selectors import file_address
from engagement.ledger.models import POINTS
from engagement.members.errors import MemberNotFoundError
from engagement.members.models import MemberFigure
from saas.core import clock
from tenants.context import TenantContext

from .eligibility import MemberFacts, Refusal, check_offer, check_supply, find_refusal, period_start
from .errors import RewardNotFoundError
from .freezing import first_frozen_id, names_sponsors
from .models import DropPlace, LimitPeriod, Redemption, RedemptionState, Reward, RewardState, Sponsor
from .references import possible_id
from .sponsors import count_sponsored, is_sponsoring
from .tiers import Tier, list_tiers, price_range, tier_of

PAGE: Final = 24
_RETURNED: Final = (RedemptionState.REJECTED, RedemptionState.CANCELLED, RedemptionState.EXPIRED)


@dataclass(frozen=True, slots=True)
class ShopSponsor:
    """Who is named on an item. `picture` is a path, or empty."""

    id: int
    name: str
    url: str
    picture: str


@dataclass(frozen=True, slots=True)
class ShopItem:
    """A reward as it stands in the shop. `free`: how many are left, None: no end. `picture` is a path, or empty.

    `refusal` says why whoever looks can't redeem it now: for a member all of it, for a stranger only what concerns everybody.
    """

    reward: Reward
    tier: Tier | None
    sponsor: ShopSponsor | None
    picture: str
    free: int | None
    refusal: Refusal | None
    is_member: bool

    @property
    def id(self) -> int:
        return self.reward.pk

    @property
    def can_redeem(self) -> bool:
        """Whoever looks is a member, and nothing is in the way."""
        return self.is_member and self.refusal is None

    @property
    def why_not(self) -> str:
        """The refusal's code, or empty."""
        return self.refusal.code if self.refusal is not None else ""

    @property
    def missing(self) -> int:
        """Points to go; 0 where points are not what is in the way."""
        return self.refusal.missing if self.refusal is not None else 0

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands: `after` of the next page."""
        return self.reward.position, self.reward.pk


def list_shop(
    *,
    member_id: int | None,
    context: TenantContext,
    search: str = "",
    category: str = "",
    tier: str | None = None,
    after: tuple[int, int] | None = None,
    limit: int = PAGE,
) -> list[ShopItem]:
    """What is on offer or about to be, in the organiser's order; frozen ones are not. `tier` by name; `after` is the last item's
    `place`. A fixed number of queries."""
    now, tiers = clock.now(), list_tiers()
    rows = _on_offer(context, now)
    if search.strip():
        words = search.strip()[:80]
        rows = rows.filter(
            Q(name__icontains=words) | Q(description__icontains=words) | Q(category__icontains=words)
        )
    if category:
        rows = rows.filter(category=category)
    if tier is not None:
        named = next((one for one in tiers if one.name == tier), None)
        if named is None:
            return []
        low, high = price_range(named, tiers)
        rows = rows.filter(price__gte=low, price__lt=high)
    if after is not None:
        rows = rows.filter(Q(position__gt=after[0]) | Q(position=after[0], pk__gt=after[1]))
    return _items(list(rows.order_by("position", "pk")[:limit]), member_id, context, now, tiers)


def get_shop_item(*, reward_id: int, member_id: int | None, context: TenantContext) -> ShopItem:
    """One of what list_shop lists, or one whose time is over; a drop that froze too, for who is in its queue. A fixed number of queries.
    Raises RewardNotFoundError."""
    now = clock.now()
    rows = _with_parts(Reward.objects.filter(pk__lt=first_frozen_id(context), state=RewardState.ACTIVE))
    reward = rows.filter(pk=possible_id(reward_id)).first() or _queued_for(reward_id, member_id)
    if reward is None:
        raise RewardNotFoundError
    return _items([reward], member_id, context, now, list_tiers())[0]


def _queued_for(reward_id: int, member_id: int | None) -> Reward | None:
    if member_id is None:
        return None
    places = DropPlace.objects.filter(member_id=member_id, left_at=None)
    rows = Reward.objects.filter(pk=possible_id(reward_id), is_drop=True, state=RewardState.ACTIVE)
    return _with_parts(rows.filter(pk__in=places.values("reward_id"))).first()


def count_shop(*, context: TenantContext) -> int:
    """How many are on offer or about to be."""
    return _on_offer(context, clock.now()).count()


def list_categories(*, context: TenantContext | None = None) -> list[str]:
    """Those in use, by alphabet; with `context`, only of what is on offer. One query, or two where the plan has a limit."""
    rows = (
        Reward.objects.exclude(state=RewardState.ARCHIVED)
        if context is None
        else _on_offer(context, clock.now())
    )
    return list(rows.exclude(category="").order_by("category").values_list("category", flat=True).distinct())


def read_member_facts(
    *, member_id: int, rewards: Sequence[Reward], context: TenantContext, now: datetime
) -> dict[int, MemberFacts]:
    """By reward's id, what find_refusal asks of the member. Three queries, whatever the number of rewards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(p.level, 0), m.role_ids, coalesce(m.joined_at, m.created_at), m.type_id, coalesce(b.current, 0) "
            "FROM member m LEFT JOIN member_progress p ON p.member_id = m.id "
            "LEFT JOIN ledger_balance b ON b.member_id = m.id AND b.currency = %s WHERE m.id = %s",
            [POINTS, member_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise MemberNotFoundError("There is no such member in this community.")
    level, role_ids, joined_at, type_id, points = row
    figures = dict(MemberFigure.objects.filter(member_id=member_id).values_list("name", "value"))
    common = MemberFacts(
        member_id=member_id,
        level=level,
        role_ids=frozenset(str(one) for one in _json(role_ids)),
        joined_at=joined_at,
        type_id=type_id,
        figures=figures,
        points=points,
        timezone=context.timezone,
        first_weekday=context.first_weekday,
    )
    taken = _count_taken(member_id, rewards, context, now)
    return {reward.pk: replace(common, taken=taken.get(reward.pk, 0)) for reward in rewards}


def get_reward(*, reward_id: int) -> Reward:
    """In whatever state it is. Raises RewardNotFoundError."""
    reward = _with_parts(Reward.objects.filter(pk=possible_id(reward_id))).first()
    if reward is None:
        raise RewardNotFoundError
    return reward


def find_reward(*, key: str) -> Reward | None:
    """By the key of CSV files and programs."""
    return _with_parts(Reward.objects.filter(key=key[:40])).first()


def list_rewards(
    *,
    states: Iterable[str] = (),
    search: str = "",
    kind: str = "",
    category: str = "",
    sponsor_id: int | None = None,
    after: tuple[int, int] | None = None,
    limit: int = PAGE,
) -> list[Reward]:
    """The catalogue as it is kept, in its order; without `states` all but the archived. One query."""
    rows = _with_parts(Reward.objects.all())
    wanted = list(states)
    rows = rows.filter(state__in=wanted) if wanted else rows.exclude(state=RewardState.ARCHIVED)
    if search.strip():
        rows = rows.filter(Q(name__icontains=search.strip()[:80]) | Q(key=search.strip()[:40]))
    if kind:
        rows = rows.filter(kind=kind)
    if category:
        rows = rows.filter(category=category)
    if sponsor_id is not None:
        rows = rows.filter(sponsor_id=sponsor_id)
    if after is not None:
        rows = rows.filter(Q(position__gt=after[0]) | Q(position=after[0], pk__gt=after[1]))
    return list(rows.order_by("position", "pk")[:limit])


def count_by_state() -> dict[str, int]:
    """How many rewards are in each state; a state that none is in is left out. One query."""
    return dict(Reward.objects.values_list("state").annotate(count=Count("pk")).order_by())


def sponsor_of(reward: Reward, context: TenantContext, now: datetime) -> Sponsor | None:
    """Who is credited with a redemption of it at that moment: the reward's sponsor, while it is named. One query at most beside the
    sponsor's own. A race over the last one of a budget is let pass: it credits one more."""
    if reward.sponsor_id is None:
        return None
    sponsor = reward.sponsor
    used = count_sponsored([reward.sponsor_id]) if sponsor is not None and sponsor.budget is not None else {}
    if sponsor is None:
        return None
    is_named = is_sponsoring(sponsor, used.get(sponsor.pk, 0), now, in_plan=names_sponsors(context))
    return sponsor if is_named else None


def _on_offer(context: TenantContext, now: datetime) -> QuerySet[Reward]:
    rows = Reward.objects.filter(state=RewardState.ACTIVE, pk__lt=first_frozen_id(context))
    return _with_parts(rows.filter(Q(ends_at=None) | Q(ends_at__gt=now)))


def _with_parts(rows: QuerySet[Reward]) -> QuerySet[Reward]:
    return rows.select_related("sponsor")


def _items(
    rewards: Sequence[Reward],
    member_id: int | None,
    context: TenantContext,
    now: datetime,
    tiers: Sequence[Tier],
) -> list[ShopItem]:
    facts: Mapping[int, MemberFacts] = (
        {}
        if member_id is None
        else read_member_facts(member_id=member_id, rewards=rewards, context=context, now=now)
    )
    sponsors = _sponsors(rewards, context, now)
    items = []
    for reward in rewards:
        known = facts.get(reward.pk)
        items.append(
            ShopItem(
                reward=reward,
                tier=tier_of(reward.price, tiers),
                sponsor=sponsors.get(reward.sponsor_id or 0),
                picture=file_address(context, reward.picture_id) if reward.picture_id else "",
                free=None if reward.stock is None else max(reward.stock - reward.reserved, 0),
                refusal=find_refusal(reward, known, now)
                if known is not None
                else check_for_everybody(reward, now),
                is_member=known is not None,
            )
        )
    return items


def check_for_everybody(reward: Reward, now: datetime) -> Refusal | None:
    """What is in everybody's way: state, window, stock."""
    return check_offer(reward, now) or check_supply(reward)


def _sponsors(rewards: Sequence[Reward], context: TenantContext, now: datetime) -> dict[int, ShopSponsor]:
    in_plan = names_sponsors(context)
    named = {reward.sponsor.pk: reward.sponsor for reward in rewards if reward.sponsor is not None}
    used = count_sponsored(named)
    return {
        sponsor.pk: ShopSponsor(
            sponsor.pk,
            sponsor.name,
            sponsor.url,
            file_address(context, sponsor.picture_id) if sponsor.picture_id else "",
        )
        for sponsor in named.values()
        if is_sponsoring(sponsor, used.get(sponsor.pk, 0), now, in_plan=in_plan)
    }


def _count_taken(
    member_id: int, rewards: Sequence[Reward], context: TenantContext, now: datetime
) -> dict[int, int]:
    """What the member has of each that has a limit, in its period."""
    limited = [reward for reward in rewards if reward.limit_count is not None]
    within = Q(pk__in=())
    for period in LimitPeriod.values:
        ids = [reward.pk for reward in limited if reward.limit_period == period]
        since = period_start(period, now, context.timezone, context.first_weekday)
        if ids:
            within |= Q(reward_id__in=ids) if since is None else Q(reward_id__in=ids, requested_at__gte=since)
    rows = Redemption.objects.filter(within, member_id=member_id).exclude(state__in=_RETURNED)
    return dict(rows.values_list("reward_id").annotate(count=Count("pk")).order_by())


def _json(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else list(value or ())
