"""Coupons take from each line what they take in all, and never more than there is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.stripe.engine.discounts import (
    CouponUnusableError,
    end_of,
    is_redeemable,
    runs_at,
    spread,
    take_off,
)

HALF = {"duration": "forever", "percent_off": 50}
TEN = {"duration": "once", "amount_off": 1000, "currency": "usd"}


def test_coupons_are_taken_one_after_another() -> None:
    taken = take_off([4000, 2000], ["a", "b"], [("di_1", HALF), ("di_2", TEN)], "usd")
    assert taken == [[("di_1", 2000), ("di_2", 667)], [("di_1", 1000), ("di_2", 333)]]


def test_a_coupon_for_one_product_leaves_the_others() -> None:
    only = HALF | {"applies_to": {"products": ["b"]}}
    assert take_off([4000, 2000], ["a", "b"], [("di_1", only)], "usd") == [[], [("di_1", 1000)]]


def test_nothing_is_taken_below_zero() -> None:
    assert take_off([300], ["a"], [("di_1", TEN)], "usd") == [[("di_1", 300)]]


def test_a_fixed_sum_needs_its_currency() -> None:
    with pytest.raises(CouponUnusableError):
        take_off([300], ["a"], [("di_1", TEN)], "eur")
    both = TEN | {"currency_options": {"eur": {"amount_off": 100}}}
    assert take_off([300], ["a"], [("di_1", both)], "eur") == [[("di_1", 100)]]


def test_a_repeating_coupon_ends_after_its_months() -> None:
    end = end_of({"duration": "repeating", "duration_in_months": 3}, 0)
    assert end == 90 * 86_400
    assert runs_at({"end": end}, end - 1)
    assert not runs_at({"end": end}, end)
    assert end_of(HALF, 0) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid": False},
        {"active": False},
        {"max_redemptions": 2, "times_redeemed": 2},
        {"redeem_by": 100},
        {"expires_at": 99},
    ],
)
def test_a_coupon_that_ran_out_cannot_be_used(wrong: dict[str, Any]) -> None:
    assert is_redeemable(HALF, 100)
    assert not is_redeemable(HALF | wrong, 100)


@given(weights=st.lists(st.integers(0, 10**7), min_size=1, max_size=8), data=st.data())
def test_a_sum_is_shared_out_whole(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = spread(total, weights)
    assert sum(shares) == total
    assert all(0 <= one <= weight for one, weight in zip(shares, weights, strict=True))


@given(
    amounts=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6),
    percents=st.lists(st.integers(1, 100), max_size=3),
)
def test_discounts_never_pass_what_they_discount(amounts: list[int], percents: list[int]) -> None:
    coupons = [(f"di_{n}", {"percent_off": p}) for n, p in enumerate(percents)] + [("di_x", TEN)]
    for amount, offs in zip(amounts, take_off(amounts, ["a"] * len(amounts), coupons, "usd"), strict=True):
        assert 0 <= sum(off for _, off in offs) <= max(amount, 0)
