"""A reward as members will see it, and what its kind was told, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engagement.credits.models import CreditType
from engagement.files.selectors import file_address, list_files
from engagement.rewards.freezing import names_sponsors
from engagement.rewards.kinds import Kind, Setting, Shape, get_kind, settings_of
from engagement.rewards.models import Reward
from engagement.rewards.selectors import check_for_everybody
from engagement.rewards.sponsors import has_agreed_end
from engagement.rewards.tiers import Tier, tier_of
from saas.core import clock
from tenants.context import TenantContext


@dataclass(frozen=True, slots=True)
class Card:
    """What dashboard/rewards/card.html shows."""

    name: str
    description: str
    price: int
    kind: Kind
    tier: Tier | None
    picture: str
    sponsor: str
    left: int | None
    note: str  # why nobody can have it now, or empty


def show_card(reward: Reward, context: TenantContext, tiers: Sequence[Tier]) -> Card:
    """`reward` may be unsaved: the preview of a form."""
    refusal = None
    if reward.state == "active":
        refusal = check_for_everybody(reward, clock.now())
    return Card(
        name=reward.name,
        description=reward.description,
        price=reward.price,
        kind=get_kind(reward.kind),
        tier=tier_of(reward.price, tiers),
        picture=file_address(context, reward.picture_id) if reward.picture_id else "",
        sponsor=reward.sponsor.name
        if reward.sponsor is not None and (names_sponsors(context) or has_agreed_end(reward.sponsor))
        else "",
        left=None if reward.stock is None else max(reward.stock - reward.reserved, 0),
        note=refusal.text if refusal is not None else "",
    )


def describe_settings(reward: Reward, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, words) of what its kind was told; what says nothing is left out."""
    values = settings_of(reward.kind, reward.settings)
    lines = [(one.label, _words(one, values[one.name], names)) for one in get_kind(reward.kind).settings]
    return [(label, words) for label, words in lines if words]


def _words(one: Setting, value: Any, names: Mapping[str, str]) -> str:
    if value in (None, "", (), []):
        return ""
    if one.shape == Shape.ROLE:
        return names.get(str(value), str(value))
    if one.shape == Shape.FILE:
        file = list_files(ids=[value]).get(value)
        return "gone: upload it again" if file is None else file.name
    if one.shape == Shape.CREDITS:
        named = CreditType.objects.filter(pk=value).values_list("name", flat=True).first()
        return named or "gone: choose others"
    if one.shape == Shape.CHOICE:
        return dict(one.choices)[value]
    if one.shape == Shape.LINES:
        return ", ".join(value)
    if one.shape == Shape.NUMBER:
        return f"{value:,}"
    if one.shape == Shape.MOMENT:
        return f"{datetime.fromisoformat(value).astimezone(ZoneInfo('UTC')):%-d %B %Y %H:%M} UTC"
    return str(value)
