"""Prorated credits and charges are exact to the second and add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.stripe.engine.periods import DAY, Period
from ops.sandbox.stripe.engine.proration import Debit, Part, credit_for, debit_after, prorate, share

MONTH = Period(0, 30 * DAY)
AMOUNTS = st.integers(0, 10_000_000)


def part(price: str = "price_a", quantity: int = 1, whole: int = 3000, period: Period = MONTH) -> Part:
    return Part("si_1", price, quantity, whole, period)


def test_an_upgrade_in_the_middle_credits_half_and_charges_half() -> None:
    lines = prorate([part()], [part("price_b", whole=6000)], {"si_1": Debit(3000, MONTH)}, 15 * DAY)
    assert [(line.amount, line.credit) for line in lines] == [(-1500, True), (3000, False)]
    assert all(line.period == (15 * DAY, 30 * DAY) for line in lines)


def test_what_stays_as_it_is_gives_no_line() -> None:
    assert prorate([part()], [part()], {"si_1": Debit(3000, MONTH)}, DAY) == []


def test_a_trial_gives_nothing_back() -> None:
    lines = prorate([part()], [], {"si_1": Debit(0, MONTH)}, DAY)
    assert [line.amount for line in lines] == [0]


def test_an_item_that_was_never_charged_gives_no_credit() -> None:
    lines = prorate([part()], [part("price_b")], {}, 15 * DAY)
    assert [line.amount for line in lines] == [1500]


def test_a_credit_reaches_back_only_to_the_last_charge() -> None:
    debit = debit_after(
        [
            {"amount": 3000, "period": {"start": 0, "end": 30 * DAY}},
            {"amount": -1500, "period": {"start": 15 * DAY, "end": 30 * DAY}},
            {"amount": 3000, "period": {"start": 15 * DAY, "end": 30 * DAY}, "discount_amounts": [{"amount": 600}]},
        ]
    )  # fmt: skip
    assert debit == Debit(2400, Period(15 * DAY, 30 * DAY))
    assert credit_for(debit, 20 * DAY) == -1600


@given(amount=AMOUNTS, start=st.integers(0, 10**9), length=st.integers(1, 400 * DAY), data=st.data())
def test_a_share_is_within_the_amount_and_falls_with_time(
    amount: int, start: int, length: int, data: st.DataObject
) -> None:
    period = Period(start, start + length)
    early = data.draw(st.integers(start, period.end))
    late = data.draw(st.integers(early, period.end))
    assert 0 <= share(amount, period, late) <= share(amount, period, early) <= amount
    assert share(amount, period, period.start) == amount
    assert share(amount, period, period.end) == 0


@given(amount=AMOUNTS, length=st.integers(1, 400 * DAY), data=st.data())
def test_leaving_and_coming_back_at_once_costs_nothing(amount: int, length: int, data: st.DataObject) -> None:
    period = Period(1000, 1000 + length)
    moment = data.draw(st.integers(period.start, period.end))
    before, after = (
        part(whole=amount, period=period),
        Part("si_2", "price_a", 1, amount, period),
    )
    lines = prorate([before], [after], {"si_1": Debit(amount, period)}, moment)
    assert sum(line.amount for line in lines) == 0


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=6), data=st.data())
def test_changes_in_a_row_cost_what_was_used(amounts: list[int], data: st.DataObject) -> None:
    """Each change credits the last charge, so the sum is every price's share of its own time, to a rounding a change."""
    length = data.draw(st.integers(len(amounts), 400 * DAY))
    moments = sorted(
        data.draw(st.lists(st.integers(0, length), min_size=len(amounts), max_size=len(amounts)))
    )
    moments[0] = 0
    paid, debits, before = 0, dict[str, Debit](), list[Part]()
    for number, (amount, moment) in enumerate(zip(amounts, moments, strict=True)):
        after = [Part("si_1", f"price_{number}", 1, amount, Period(0, length))]
        lines = prorate(before, after, debits, moment)
        paid += sum(line.amount for line in lines)
        charge = next(line for line in lines if not line.credit)
        debits, before = {"si_1": Debit(charge.amount, charge.period)}, after
    ends = [*moments[1:], length]
    used = sum(a * (end - start) / length for a, start, end in zip(amounts, moments, ends, strict=True))
    assert abs(paid - used) <= 2 * len(amounts)
