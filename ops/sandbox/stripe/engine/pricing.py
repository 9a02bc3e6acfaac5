"""What a quantity of a price costs: by the unit, in packages, in graduated tiers, or by volume.

Invariant: amounts are computed as decimals and rounded once, half away from zero, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

Price = Mapping[str, Any]


class CurrencyMissingError(Exception):
    """The price is not sold in this currency."""


def amount_of(price: Price, quantity: int | Decimal, currency: str | None = None) -> int:
    """The price of so many units, in minor units of the price's currency or of one of its `currency_options`."""
    return to_minor(exact_amount(price, quantity, currency))


def exact_amount(price: Price, quantity: int | Decimal, currency: str | None = None) -> Decimal:
    """The same before it is rounded."""
    terms = in_currency(price, currency)
    count = _transformed(price.get("transform_quantity"), Decimal(quantity))
    if price.get("billing_scheme") == "tiered":
        tiers = terms.get("tiers") or price.get("tiers") or []
        if price.get("tiers_mode") == "volume":
            return _volume(tiers, count)
        return _graduated(tiers, count)
    return unit_amount(terms) * count


def in_currency(price: Price, currency: str | None) -> Mapping[str, Any]:
    """The part of the price that holds its amounts in this currency. Raises CurrencyMissingError."""
    if currency is None or currency == price["currency"]:
        return price
    options = price.get("currency_options") or {}
    if currency not in options:
        raise CurrencyMissingError(currency)
    option: Mapping[str, Any] = options[currency]
    return option


def unit_amount(terms: Mapping[str, Any]) -> Decimal:
    """What one unit costs, with its fractions of a minor unit."""
    exact = terms.get("unit_amount_decimal")
    return Decimal(str(exact if exact is not None else terms.get("unit_amount") or 0))


def to_minor(amount: Decimal) -> int:
    """Rounded to whole minor units, half away from zero, so that a credit mirrors its charge."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _transformed(rule: Mapping[str, Any] | None, quantity: Decimal) -> Decimal:
    if not rule:
        return quantity
    rounding = ROUND_CEILING if rule["round"] == "up" else ROUND_FLOOR
    packages = quantity / int(rule["divide_by"])
    return packages.quantize(Decimal(1), rounding=rounding)


def _tier_amounts(tier: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    unit = tier.get("unit_amount_decimal")
    flat = tier.get("flat_amount_decimal")
    return (
        Decimal(str(unit if unit is not None else tier.get("unit_amount") or 0)),
        Decimal(str(flat if flat is not None else tier.get("flat_amount") or 0)),
    )


def _ceiling(tier: Mapping[str, Any]) -> Decimal:
    top = tier.get("up_to")
    return Decimal("Infinity") if top in (None, "inf") else Decimal(str(top))


def _volume(tiers: list[Mapping[str, Any]], quantity: Decimal) -> Decimal:
    for tier in tiers:
        if quantity <= _ceiling(tier):
            unit, flat = _tier_amounts(tier)
            return unit * quantity + flat
    return Decimal(0)


def _graduated(tiers: list[Mapping[str, Any]], quantity: Decimal) -> Decimal:
    total, below = Decimal(0), Decimal(0)
    for number, tier in enumerate(tiers):
        # The first tier's flat amount is due even for nothing, as with Stripe; a later one's only when it is reached.
        if quantity <= below and number:
            break
        unit, flat = _tier_amounts(tier)
        total += unit * (min(quantity, _ceiling(tier)) - below) + flat
        below = _ceiling(tier)
    return total
