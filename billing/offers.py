"""Coupons and the codes that people type for them, as data. `manage.py sync_plans` brings Stripe to what stands here.

A coupon at Stripe never changes: another percentage is another coupon with another key, and `sync_plans` says so. One that is no
longer offered has its codes switched off (`active=False`); whoever has it keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from .plans import CURRENCIES, get_plan

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
    """`percent` off, or `amounts` off: minor units by currency, for what must not grow with the number that is bought or with a year
    paid at once, whatever the subscription is changed to meanwhile. `months` where the duration is repeating: Stripe takes it off each
    bill of that time, so off one whole bill by the year. `plans`: keys of the plans that it is for; empty for all."""

    key: str
    name: str
    duration: Duration
    percent: int | None = None
    amounts: Mapping[str, int] | None = None
    months: int | None = None
    plans: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()


COUPONS: Final = (
    Coupon(
        "welcome_20",
        "20 % off three months or the first year",
        "repeating",
        percent=20,
        months=3,
        codes=(Code("WELCOME20", first_time=True),),
    ),
    # Without a code: whoever shows that they are one gets it from us.
    Coupon("nonprofit_30", "30 % off for non-profits", "forever", percent=30),
    Coupon(
        "classroom_first_cohort",
        "Half of the first month of one cohort",
        "once",
        amounts={one: get_plan("course").price("month", one) // 2 for one in CURRENCIES},
        plans=("course",),
        codes=(Code("CLASSROOM", first_time=True),),
    ),
)
