"""Tiers: steps of prices with names. A reward's tier follows from its price, so that nothing has to be kept in step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.text import clean_line

from .errors import InvalidTierError
from .facts import MOST
from .locks import lock_catalogue
from .models import RewardTier

MAX_TIERS: Final = 12
MAX_NAME: Final = 40
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Tier:
    """`from_price` points, up to before the next tier's."""

    name: str
    from_price: int
    colour: str = ""


DEFAULT_TIERS: Final = (
    Tier("Bronze", 5, "#b45309"),
    Tier("Silver", 100, "#64748b"),
    Tier("Gold", 300, "#ca8a04"),
    Tier("Platinum", 1_000, "#4f46e5"),
)


def list_tiers() -> list[Tier]:
    """The lowest first. One query."""
    rows = RewardTier.objects.order_by("from_price").values_list("name", "from_price", "colour")
    return [Tier(*row) for row in rows]


def tier_of(price: int, tiers: Sequence[Tier]) -> Tier | None:
    """Which of `tiers`, the lowest first, a price is in; None below the first."""
    return next((tier for tier in reversed(tiers) if tier.from_price <= price), None)


def price_range(tier: Tier, tiers: Sequence[Tier]) -> tuple[int, int]:
    """The prices of a tier: from, and to before."""
    following = [other.from_price for other in tiers if other.from_price > tier.from_price]
    return tier.from_price, min(following, default=MOST + 1)


@transaction.atomic
def set_tiers(*, tiers: Sequence[Mapping[str, Any]], actor: Actor) -> list[Tier]:
    """Make these the tiers: each with `name`, `from_price` and perhaps `colour`. No tier at all is fine. Idempotent.

    Takes the catalogue's lock. Raises InvalidTierError.
    """
    wanted = _checked(tiers)
    lock_catalogue()
    before = list_tiers()
    if wanted != before:
        RewardTier.objects.all().delete()
        RewardTier.objects.bulk_create(
            RewardTier(name=tier.name, from_price=tier.from_price, colour=tier.colour) for tier in wanted
        )
        record_audit(
            actor=actor,
            action="reward_tiers.changed",
            target_kind="settings",
            target_id="reward_tiers",
            target_name="reward tiers",
            before={tier.name: tier.from_price for tier in before},
            after={tier.name: tier.from_price for tier in wanted},
        )
    return wanted


@transaction.atomic
def seed_tiers() -> None:
    """The four that a community begins with. Where any tier exists nothing happens."""
    lock_catalogue()
    if not RewardTier.objects.exists():
        RewardTier.objects.bulk_create(
            RewardTier(name=tier.name, from_price=tier.from_price, colour=tier.colour)
            for tier in DEFAULT_TIERS
        )


def _checked(tiers: Sequence[Mapping[str, Any]]) -> list[Tier]:
    if len(tiers) > MAX_TIERS:
        raise InvalidTierError(f"At most {MAX_TIERS} tiers; these are {len(tiers)}.", field="tiers")
    checked = sorted(
        (_checked_one(number, one) for number, one in enumerate(tiers)), key=lambda one: one.from_price
    )
    if len({tier.name.casefold() for tier in checked}) < len(checked):
        raise InvalidTierError("Two tiers have one name. Give each its own.", field="tiers")
    if len({tier.from_price for tier in checked}) < len(checked):
        raise InvalidTierError("Two tiers begin at one price. Give each its own.", field="tiers")
    return checked


def _checked_one(number: int, one: Mapping[str, Any]) -> Tier:
    given, price, colour = one.get("name"), one.get("from_price"), one.get("colour") or ""
    name = clean_line(given, limit=MAX_NAME + 1) if isinstance(given, str) else ""
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidTierError(
            f"Tier {number + 1} needs a name of 1 to {MAX_NAME} characters.", field="tiers"
        )
    if type(price) is not int or not 1 <= price <= MOST:
        raise InvalidTierError(
            f"“{name}” begins at a whole number from 1 to {MOST:,}; this is {str(price)!r:.40}.",
            field="tiers",
        )
    if not isinstance(colour, str) or (colour and not _COLOUR.fullmatch(colour.lower())):
        raise InvalidTierError(f"“{name}” has a colour like #b45309, or none.", field="tiers")
    return Tier(name, price, colour.lower())
