"""The forecast of a stock: its range holds the truth as often as it says, for steady demand and for demand in bursts."""

from __future__ import annotations

import math
import random

import pytest

from engagement.analytics.forecast import (
    MOST_WEEKS,
    beta_cdf,
    forecast_stock,
    measure_dispersion,
)

HISTORY = 8


def poisson(random_: random.Random, mean: float) -> int:
    """How many arrivals within one unit of time."""
    count, time = 0, random_.expovariate(mean)
    while time < 1:
        count, time = count + 1, time + random_.expovariate(mean)
    return count


def weeks_until(random_: random.Random, rate: float, burst: float, stock: int) -> float:
    """Simulated: when the stock is gone, by days whose rates vary as `burst` says (1: not at all)."""
    left, week = stock, 0
    while True:
        wanted = week_of(random_, rate, burst)
        if wanted >= left:
            return week + left / (wanted + 1)  # arrivals are spread evenly over a week
        left, week = left - wanted, week + 1


def week_of(random_: random.Random, rate: float, burst: float) -> int:
    """One week's demand: Poisson, or a negative binomial whose variance is `burst` times its mean."""
    if burst == 1:
        return poisson(random_, rate)
    shape = rate / (burst - 1)
    return poisson(random_, max(random_.gammavariate(shape, rate / shape), 1e-9))


def coverage(rate: float, burst: float, stock: int, rounds: int) -> float:
    """How often the range held what happened, of the rounds in which there was anything to go by."""
    random_ = random.Random(f"{rate}/{burst}/{stock}")
    held = asked = 0
    for _ in range(rounds):
        seen = [week_of(random_, rate, burst) for _ in range(HISTORY)]
        outlook = forecast_stock(free=stock, weekly=seen, weeks=float(HISTORY))
        if outlook is None:
            continue
        asked += 1
        held += outlook.low <= weeks_until(random_, rate, burst, stock) <= outlook.high
    return held / asked


@pytest.mark.parametrize(("rate", "stock"), [(1.0, 5), (3.0, 10), (3.0, 60), (20.0, 50), (20.0, 400)])
def test_four_in_five_ranges_hold_the_truth_for_steady_demand(rate: float, stock: int) -> None:
    assert 0.74 <= coverage(rate, 1, stock, 800) <= 0.89


@pytest.mark.parametrize(("rate", "burst", "stock"), [(5.0, 2.0, 40), (10.0, 3.0, 100), (20.0, 4.0, 300)])
def test_and_nearly_as_many_for_demand_in_bursts(rate: float, burst: float, stock: int) -> None:
    """A dispersion told from eight weeks is itself uncertain, which costs a few in a hundred."""
    assert 0.70 <= coverage(rate, burst, stock, 800) <= 0.89


def test_without_the_dispersion_bursts_would_fall_out_of_the_range() -> None:
    """The control: the same demand held against a range for steady demand."""
    random_ = random.Random(5)
    held = 0
    for _ in range(600):
        seen = [week_of(random_, 20.0, 4.0) for _ in range(HISTORY)]
        even = [sum(seen) // HISTORY] * HISTORY
        outlook = forecast_stock(free=300, weekly=even, weeks=float(HISTORY))
        assert outlook is not None
        held += outlook.low <= weeks_until(random_, 20.0, 4.0, 300) <= outlook.high
    assert held / 600 < 0.65


def test_one_left_at_one_a_week_is_worked_out_by_hand() -> None:
    """S = 1: P(T > x) = (t / (t + x)) ^ (n + 1/2), so that the median is t · (2 ^ (1 / (n + 1/2)) - 1)."""
    outlook = forecast_stock(free=1, weekly=[1] * 8, weeks=8.0, within=2.0)
    assert outlook is not None
    assert outlook.middle == pytest.approx(8 * (2 ** (1 / 8.5) - 1), rel=1e-4)
    assert outlook.low == pytest.approx(8 * ((1 / 0.9) ** (1 / 8.5) - 1), rel=1e-4)
    assert outlook.high == pytest.approx(8 * ((1 / 0.1) ** (1 / 8.5) - 1), rel=1e-4)
    assert outlook.chance == pytest.approx(1 - (8 / 10) ** 8.5, rel=1e-6)
    assert outlook.weekly == 1.0


def test_nothing_redeemed_says_nothing_and_nothing_left_is_now() -> None:
    assert forecast_stock(free=10, weekly=[0] * 8, weeks=8.0) is None
    assert forecast_stock(free=10, weekly=[], weeks=0.0) is None
    gone = forecast_stock(free=0, weekly=[2] * 8, weeks=8.0)
    assert gone is not None
    assert (gone.low, gone.high, gone.chance) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("free", [1, 7, 10_000, 1_000_000_000])
@pytest.mark.parametrize("count", [1, 3, 50_000, 2_000_000])
def test_any_size_gives_an_ordered_range(free: int, count: int) -> None:
    outlook = forecast_stock(free=free, weekly=[count, 0, 0, 0], weeks=4.5)
    assert outlook is not None
    assert 0 < outlook.low <= outlook.middle <= outlook.high <= MOST_WEEKS
    assert 0 <= outlook.chance <= 1


def test_dispersion_is_pearsons_over_its_degrees_of_freedom() -> None:
    assert measure_dispersion([4, 0, 4, 0]) == pytest.approx((4 + 4 + 4 + 4) / 2 / 3)
    assert measure_dispersion([2, 2, 2]) == 1.0
    assert measure_dispersion([0, 0, 0]) == 1.0
    assert measure_dispersion([9, 1]) == 1.0


@pytest.mark.parametrize(("x", "a", "b"), [(0.3, 2, 5), (0.7, 1, 1), (0.5, 10, 3)])
def test_the_beta_distribution_agrees_with_the_binomial_sum(x: float, a: int, b: int) -> None:
    wanted = sum(math.comb(a + b - 1, k) * x**k * (1 - x) ** (a + b - 1 - k) for k in range(a, a + b))
    assert beta_cdf(x, a, b) == pytest.approx(wanted, rel=1e-9)
