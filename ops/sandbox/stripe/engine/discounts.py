"""Coupons over lines: which still run, and what each takes from each line.

Invariant: a discount never makes a line cost less than nothing; what it takes from the lines adds up to what it takes in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .periods import add_months
from .pricing import to_minor

Coupon = Mapping[str, Any]


class CouponUnusableError(Exception):
    """The coupon cannot be used: it has run out, or is not made for this currency."""


def end_of(coupon: Coupon, start: int) -> int | None:
    """When a discount of this coupon that begins at `start` ends by itself."""
    if coupon["duration"] == "repeating":
        return add_months(start, coupon["duration_in_months"])
    return None


def runs_at(discount: Mapping[str, Any], moment: int) -> bool:
    """Whether the discount still takes something off at the moment."""
    return discount.get("end") is None or moment < discount["end"]


def is_redeemable(coupon: Coupon, moment: int) -> bool:
    """Whether the coupon, or a promotion code, may still be given to somebody."""
    if coupon.get("valid") is False or coupon.get("active") is False:
        return False
    most, last = coupon.get("max_redemptions"), coupon.get("redeem_by", coupon.get("expires_at"))
    if most is not None and coupon.get("times_redeemed", 0) >= most:
        return False
    return last is None or moment < last


def amount_off(coupon: Coupon, currency: str) -> int | None:
    """The fixed sum that the coupon takes off in this currency. Raises CouponUnusableError where it has none."""
    if coupon.get("percent_off") is not None:
        return None
    if coupon.get("currency") == currency:
        return int(coupon["amount_off"])
    option = (coupon.get("currency_options") or {}).get(currency)
    if option is None:
        raise CouponUnusableError(currency)
    return int(option["amount_off"])


def take_off(
    amounts: Sequence[int], products: Sequence[str], coupons: Sequence[tuple[str, Coupon]], currency: str
) -> list[list[tuple[str, int]]]:
    """For each line, what each discount takes off it: pairs of the discount's id and minor units.

    `coupons` are pairs of a discount's id and its coupon, applied in their order, each to what the ones before left over.
    """
    left = [max(amount, 0) for amount in amounts]
    taken: list[list[tuple[str, int]]] = [[] for _ in amounts]
    for name, coupon in coupons:
        only = (coupon.get("applies_to") or {}).get("products")
        parts = [
            amount if only is None or product in only else 0
            for amount, product in zip(left, products, strict=True)
        ]
        fixed = amount_off(coupon, currency)
        if fixed is None:
            percent = Decimal(str(coupon["percent_off"]))
            offs = [to_minor(part * percent / 100) for part in parts]
        else:
            offs = spread(min(fixed, sum(parts)), parts)
        for number, off in enumerate(offs):
            if parts[number]:
                taken[number].append((name, off))
            left[number] -= off
    return taken


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Share a sum out by weight in whole minor units; the largest remainders get the rest, no share passes its weight."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in order[: total - sum(shares)]:
        shares[at] += 1
    return shares
