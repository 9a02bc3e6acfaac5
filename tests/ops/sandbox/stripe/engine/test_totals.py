"""What is left to pay, what goes to the balance, and when a failed payment is tried again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.stripe.engine.dunning import next_attempt
from ops.sandbox.stripe.engine.periods import DAY
from ops.sandbox.stripe.engine.totals import add_up, tax_on


def test_tax_comes_on_top_of_what_the_discount_left() -> None:
    totals = add_up([5000], [500], [tax_on(4500, Decimal(20))], 0, "usd")
    assert (totals.subtotal, totals.discount, totals.tax, totals.total, totals.amount_due) == (
        5000, 500, 900, 5400, 5400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "balance", "due", "ending"),
    [
        (5000, 0, 5000, 0),
        (5000, -2000, 3000, 0),
        (5000, -9000, 0, -4000),
        (5000, 700, 5700, 0),
        (-800, 0, 0, -800),
        (30, 0, 0, 30),
        (0, 0, 0, 0),
    ],
)
def test_the_balance_is_used_and_kept(amount: int, balance: int, due: int, ending: int) -> None:
    totals = add_up([amount], [0], [0], balance, "usd")
    assert (totals.amount_due, totals.ending_balance) == (due, ending)


@given(amounts=st.lists(st.integers(-(10**6), 10**6), max_size=5), balance=st.integers(-(10**6), 10**6))
def test_nothing_is_lost_between_invoice_and_balance(amounts: list[int], balance: int) -> None:
    totals = add_up(amounts, [], [], balance, "usd")
    assert totals.total + totals.starting_balance - totals.ending_balance == totals.amount_due >= 0


def test_failures_are_tried_again_after_three_five_and_seven_days() -> None:
    at = 1_000
    assert [next_attempt(failed, at) for failed in (1, 2, 3, 4)] == [
        at + 3 * DAY, at + 5 * DAY, at + 7 * DAY, None,
    ]  # fmt: skip
