"""When a reward's stock runs out, as a range. Pure.

Method. Demand is taken for a Poisson process whose rate is not known: n redemptions in the last t weeks say it is distributed as
Gamma(n + 1/2, t) (Jeffreys' prior). The time until the S-th further redemption is then t · G(S) / G(n + 1/2), a ratio of gamma
variables, so that its quantiles are those of a beta distribution: B / (1 - B) with B ~ Beta(S, n + 1/2). This is the
predictive interval of W. Nelson, “Confidence Intervals for the Ratio of Two Poisson Means and Poisson Predictor Intervals”, IEEE
Transactions on Reliability R-19 (1970); the number redeemed in a given time is negative binomial by the same reasoning. Demand that
comes in bursts varies more than Poisson's: both shapes are divided by the dispersion of the weekly counts (Pearson's statistic over
its degrees of freedom, never below 1; R. Wedderburn, “Quasi-likelihood functions”, Biometrika 61, 1974).

What it does not know: trends, seasons and announcements; and that a reward which was sold out was wanted more than it was redeemed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.8  # how often the range holds the truth
_LOW, _HIGH = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
MOST_WEEKS: Final = 520.0  # ten years: nobody plans further
_PRIOR: Final = 0.5
_BLUNTEST: Final = 0.5  # a shape below it says nothing: one great burst is all that was seen
_SHARPEST: Final = 2_000.0  # a shape above it is known to within two percent anyhow
_FEWEST_WEEKS: Final = 3  # of which a dispersion can be told


@dataclass(frozen=True, slots=True)
class Outlook:
    """Weeks until the stock is gone: the middle of the forecast and the ends of its range. `weekly`: redemptions a week lately."""

    weekly: float
    dispersion: float
    low: float
    middle: float
    high: float
    chance: float  # of being sold out within `within` weeks
    within: float


def forecast_stock(*, free: int, weekly: Sequence[int], weeks: float, within: float = 4.0) -> Outlook | None:
    """`free` are left to redeem (≥ 0), `weekly` the redemptions of each whole week, the newest first, and of the part of a week before
    them, `weeks` how many weeks those were in all. None where nothing was redeemed: there is nothing to say then.
    """
    count = sum(weekly)
    if not count or weeks <= 0:
        return None
    if not free:
        return Outlook(count / weeks, 1.0, 0.0, 0.0, 0.0, 1.0, within)
    spread = measure_dispersion(weekly[: int(weeks)])
    known = (count + _PRIOR) / spread
    wanted = free / spread
    low, middle, high = (_quantile(p, wanted, known, weeks) for p in (_LOW, 0.5, _HIGH))
    return Outlook(count / weeks, spread, low, middle, high, _chance(within, wanted, known, weeks), within)


def measure_dispersion(weekly: Sequence[int]) -> float:
    """How many times as much whole weeks vary as a Poisson process would: 1 or more."""
    if len(weekly) < _FEWEST_WEEKS:
        return 1.0
    mean = sum(weekly) / len(weekly)
    if not mean:
        return 1.0
    return max(1.0, sum((count - mean) ** 2 for count in weekly) / mean / (len(weekly) - 1))


def _chance(within: float, wanted: float, known: float, weeks: float) -> float:
    a, b = _blunt(wanted, known)
    odds = within / weeks * (a / wanted) / (b / known)
    return beta_cdf(odds / (1 + odds), a, b)


def _quantile(p: float, wanted: float, known: float, weeks: float) -> float:
    """Of t · G(wanted) / G(known), in weeks."""
    a, b = _blunt(wanted, known)
    scale = weeks * (wanted / a) / (known / b)
    return min(scale * math.exp(_log_odds_quantile(p, a, b)), MOST_WEEKS)


def _blunt(wanted: float, known: float) -> tuple[float, float]:
    """Shapes within bounds, so that the work stays small; the middle stays where it is."""
    return min(max(wanted, _BLUNTEST), _SHARPEST), min(max(known, _BLUNTEST), _SHARPEST)


def _log_odds_quantile(p: float, a: float, b: float) -> float:
    """log(B / (1 - B)) at the quantile p of Beta(a, b): Newton's steps inside a bracket, from the normal approximation."""
    low, high = -60.0, 60.0
    guess = math.log(a / b) + NormalDist().inv_cdf(p) * math.sqrt(1 / a + 1 / b)
    for _ in range(60):
        guess = guess if low < guess < high else (low + high) / 2
        x = 1 / (1 + math.exp(-guess))
        off = beta_cdf(x, a, b) - p
        if abs(off) < 1e-7 or high - low < 1e-9:
            break
        low, high = (guess, high) if off < 0 else (low, guess)
        slope = math.exp(a * math.log(x) + b * _log_of_rest(guess) - _log_beta(a, b)) if x else 0.0
        guess = guess - off / slope if slope > 1e-12 else (low + high) / 2
    return guess


def _log_of_rest(log_odds: float) -> float:
    """log(1 - x) of x = 1 / (1 + exp(-log_odds)), without losing its digits."""
    return -math.log1p(math.exp(log_odds)) if log_odds < 30 else -log_odds


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation; it converges in about the square root of the larger shape."""
    tiny = 1e-300
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for step in range(1, 500):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        d, c = 1 / _apart(1 + even * d, tiny), _apart(1 + even / c, tiny)
        value *= d * c
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        d, c = 1 / _apart(1 + odd * d, tiny), _apart(1 + odd / c, tiny)
        value *= d * c
        if abs(d * c - 1) < 1e-10:
            break
    return value


def _apart(number: float, tiny: float) -> float:
    return number if abs(number) > tiny else tiny
