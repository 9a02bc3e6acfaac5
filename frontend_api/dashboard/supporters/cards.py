"""A tier as members see it. Pure; `parts/tier_card.html` shows it on the member's page and beside the editor alike."""

from __future__ import annotations

from dataclasses import dataclass

from engagement.supporters.models import SupporterTier
from frontend_api.figures import write_unit
from frontend_api.money import write_money


@dataclass(frozen=True, slots=True)
class TierCard:
    """`gives` says what comes by itself: the role and the points. `role` is its name in Discord, empty where there is none."""

    name: str
    description: str
    price: str
    each: str
    perks: tuple[str, ...]
    gives: tuple[tuple[str, str], ...]  # icon, words


def show_tier(tier: SupporterTier, *, role: str, points_name: str) -> TierCard:
    """`tier` may be unsaved: the preview of a form."""
    gives = []
    if tier.role_id:
        gives.append(("shield", f"The role {role} in Discord" if role else "A role in Discord"))
    if tier.points:
        gives.append(("star-filled", f"{write_unit(tier.points, points_name)} every {tier.interval}"))
    return TierCard(
        name=tier.name,
        description=tier.description,
        price=write_money(tier.amount, tier.currency),
        each=f"a {tier.interval}",
        perks=tuple(str(perk) for perk in tier.perks),
        gives=tuple(gives),
    )


def write_price(amount: int, currency: str, interval: str) -> str:
    """`€5 a month`."""
    return f"{write_money(amount, currency)} a {interval}"
