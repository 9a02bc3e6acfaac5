"""Coupons and the codes that people type for them, as data. `manage.py sync_plans` brings Stripe to what stands here.

A coupon at Stripe never changes: another percentage is another coupon with another key, and `sync_plans` says so. One that is no
longer offered has its codes switched off (`active=False`); whoever has it keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Duration = Literal["once", "repeating", "forever"]


@dataclass(frozen=True, slots=True)
class Code:
    """What people type. `first_time`: only for a payer who never paid before."""

    text: str
    active: bool = True
    first_time: bool = False
    most: int | None = None  # how often it can be used in all
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coupon:
    """`months` where the duration is repeating. `plans`: keys of the plans that it is for; empty for all."""

    key: str
    name: str
    percent: int
    duration: Duration
    months: int | None = None
    plans: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()


COUPONS: Final = (
    Coupon(
        "welcome_20",
        "20 % off for three months",
        20,
        "repeating",
        3,
        codes=(Code("WELCOME20", first_time=True),),
    ),
    # Without a code: whoever shows that they are one gets it from us.
    Coupon("nonprofit_30", "30 % off for non-profits", 30, "forever"),
    Coupon(
        "classroom_50",
        "Half price for the first cohort",
        50,
        "once",
        plans=("course",),
        codes=(Code("CLASSROOM", first_time=True),),
    ),
)
