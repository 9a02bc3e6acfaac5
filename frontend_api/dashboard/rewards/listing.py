"""The catalogue as a list: what it shows, is narrowed and sorted by, and what can be done with several rewards at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Upper
from django.urls import reverse

from engagement.rewards.freezing import first_frozen_id
from engagement.rewards.kinds import KINDS
from engagement.rewards.models import Reward, RewardState, Sponsor
from engagement.rewards.selectors import list_categories
from engagement.rewards.tiers import Tier, list_tiers, price_range, tier_of
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Link, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter
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

STATE_TAGS: Final = {
    RewardState.DRAFT: Tag("Draft"),
    RewardState.ACTIVE: Tag("In the shop", "good"),
    RewardState.PAUSED: Tag("Paused", "warn"),
    RewardState.ARCHIVED: Tag("Archived"),
}
FROZEN: Final = Tag("Frozen", "warn")
ACTS: Final = (
    BulkAct("offer", "Put on offer", "player-play", "change_rewards"),
    BulkAct("pause", "Pause", "ban", "change_rewards"),
    BulkAct("archive", "Archive", "archive", "change_rewards"),
    BulkAct("restore", "Restore", "arrow-back-up", "change_rewards"),
)


@dataclass(frozen=True, slots=True)
class ListedReward:
    """A reward in the list."""

    reward: Reward
    tier: Tier | None
    is_frozen: bool

    @property
    def pk(self) -> int:
        return self.reward.pk

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reward, name)

    @property
    def state_tag(self) -> Tag:
        return FROZEN if self.is_frozen else STATE_TAGS[RewardState(self.reward.state)]

    @property
    def left(self) -> str | int | None:
        return None if self.reward.stock is None else max(self.reward.stock - self.reward.reserved, 0)


def build_rewards_list(context: TenantContext) -> ListKind:
    """With this community's words, tiers, categories and sponsors. Four queries."""
    tiers = list_tiers()
    frozen_from = first_frozen_id(context)

    def rows(query: ListQuery) -> QuerySet[Any, Any]:
        return narrow(query, tiers)

    def dress(found: list[Reward]) -> list[ListedReward]:
        return [dressed(reward, tiers, frozen_from) for reward in found]

    return ListKind(
        key="rewards",
        name="rewards",
        source=QuerySetSource(rows, dress),
        search="Search by name or key",
        columns=_columns(context.points_name),
        sorts=(
            Sort("order", "number", "position"),
            Sort("name", "text", "upper_name"),
            Sort("price", "number"),
            Sort("changed", "moment", "changed_at"),
        ),
        sort="order",
        filters=_filters(context.points_name, tiers),
        acts=ACTS,
        empty=Empty(
            "gift",
            "Nothing to redeem yet",
            "A role or a shout-out costs you nothing and is a good first reward. Members see it once you put it on offer.",
            reverse("dashboard-reward-new"),
            "Make the first reward",
        ),
        row_name=lambda row: str(row.reward.name),
    )


def dressed(reward: Reward, tiers: list[Tier], frozen_from: int) -> ListedReward:
    is_frozen = reward.state == RewardState.ACTIVE and reward.pk >= frozen_from
    return ListedReward(reward, tier_of(reward.price, tiers), is_frozen)


def narrow(query: ListQuery, tiers: list[Tier]) -> QuerySet[Any, Any]:
    """Search and filters; archived ones only when they are asked for."""
    rows = Reward.objects.select_related("sponsor").annotate(upper_name=Upper("name"))
    values = query.values
    if query.text:
        rows = rows.filter(Q(name__icontains=query.text) | Q(key__icontains=query.text.lower()))
    rows = (
        rows.filter(state__in=values["state"])
        if "state" in values
        else rows.exclude(state=RewardState.ARCHIVED)
    )
    if "kind" in values:
        rows = rows.filter(kind__in=values["kind"])
    if "category" in values:
        rows = rows.filter(category__in=values["category"])
    if "sponsor" in values:
        rows = rows.filter(sponsor_id__in=[int(one) for one in values["sponsor"]])
    if "tier" in values:
        within = Q(pk__in=())
        for tier in tiers:
            if tier.name in values["tier"]:
                low, high = price_range(tier, tiers)
                within |= Q(price__gte=low, price__lt=high)
        rows = rows.filter(within)
    price = values.get("price")
    if price is not None:
        if price.low is not None:
            rows = rows.filter(price__gte=price.low)
        if price.high is not None:
            rows = rows.filter(price__lte=price.high)
    if values.get("stock") == "out":
        rows = rows.filter(stock__isnull=False, reserved__gte=F("stock"))
    elif values.get("stock") == "low":
        rows = rows.filter(low_stock__isnull=False, stock__lte=F("reserved") + F("low_stock"))
    return rows


def list_ids(query: ListQuery, *, limit: int) -> list[int]:
    """The ids of what the list, as narrowed, holds."""
    return list(narrow(query, list_tiers()).order_by("pk").values_list("pk", flat=True)[:limit])


def _columns(points: str) -> tuple[Column, ...]:
    return (
        Column(
            "name",
            "Reward",
            lambda row: Link(row.reward.name, write_address("dashboard-reward", row.pk)),
            sort="name",
        ),
        Column("price", f"Price in {points}", lambda row: row.reward.price, sort="price", number=True),
        Column("kind", "Kind", lambda row: KINDS[row.reward.kind].title),
        Column("left", "Left", lambda row: row.left, number=True),
        Column("state", "State", lambda row: row.state_tag),
        Column("category", "Category", lambda row: row.reward.category),
        Column("tier", "Tier", lambda row: row.tier.name if row.tier else None, shown=False),
        Column(
            "sponsor",
            "Sponsor",
            lambda row: row.reward.sponsor.name if row.reward.sponsor else None,
            shown=False,
        ),
        Column("promised", "Promised", lambda row: row.reward.reserved, number=True, shown=False),
        Column("starts", "From", lambda row: row.reward.starts_at, shown=False),
        Column("ends", "Until", lambda row: row.reward.ends_at, shown=False),
        Column("changed", "Changed", lambda row: row.reward.changed_at, sort="changed", shown=False),
        Column("order", "Place", lambda row: row.reward.position, sort="order", number=True, shown=False),
        Column("key", "Key", lambda row: row.reward.key, shown=False),
    )


def _filters(points: str, tiers: list[Tier]) -> tuple[Filter, ...]:
    filters = [
        Filter(
            "state",
            "State",
            "choice",
            tuple(Choice(state.value, STATE_TAGS[state].text) for state in RewardState),
            help="Archived ones are only shown when asked for.",
        ),
        Filter("kind", "Kind", "choice", tuple(Choice(key, kind.title) for key, kind in KINDS.items())),
        Filter("price", f"Price in {points}", "number"),
        Filter("stock", "Stock", "one", (Choice("low", "low"), Choice("out", "none left"))),
    ]
    categories = list_categories()
    if categories:
        filters.append(
            Filter("category", "Category", "choice", tuple(Choice(one, one) for one in categories))
        )
    if tiers:
        filters.append(Filter("tier", "Tier", "choice", tuple(Choice(one.name, one.name) for one in tiers)))
    sponsors = Sponsor.objects.order_by("name").values_list("pk", "name")
    if sponsors:
        filters.append(
            Filter("sponsor", "Sponsor", "choice", tuple(Choice(str(pk), name) for pk, name in sponsors))
        )
    return tuple(filters)
