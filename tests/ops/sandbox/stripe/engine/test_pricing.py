"""Prices by the unit, in packages and in tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.stripe.engine.pricing import CurrencyMissingError, amount_of

TIERS = [
    {"up_to": 10, "unit_amount": 100, "flat_amount": 500},
    {"up_to": 20, "unit_amount": 80},
    {"up_to": None, "unit_amount_decimal": "0.5", "flat_amount": 50},
]


def tiered(mode: str) -> dict[str, Any]:
    return {"currency": "usd", "billing_scheme": "tiered", "tiers_mode": mode, "tiers": TIERS}


@pytest.mark.parametrize(("quantity", "cost"), [(0, 500), (10, 1500), (11, 1580), (20, 2300), (21, 2351)])
def test_graduated_tiers_add_up(quantity: int, cost: int) -> None:
    assert amount_of(tiered("graduated"), quantity) == cost


@pytest.mark.parametrize(("quantity", "cost"), [(0, 500), (10, 1500), (11, 880), (20, 1600), (30, 65)])
def test_volume_takes_the_tier_that_holds_all(quantity: int, cost: int) -> None:
    assert amount_of(tiered("volume"), quantity) == cost


def test_fractions_of_a_cent_are_rounded_once() -> None:
    assert amount_of({"currency": "usd", "unit_amount_decimal": "0.15"}, 1_000) == 150
    assert amount_of({"currency": "usd", "unit_amount_decimal": Decimal("0.5")}, 1) == 1


@pytest.mark.parametrize(("rounding", "cost"), [("up", 300), ("down", 200)])
def test_packages_are_rounded_as_they_say(rounding: str, cost: int) -> None:
    price = {
        "currency": "usd",
        "unit_amount": 100,
        "transform_quantity": {"divide_by": 10, "round": rounding},
    }
    assert amount_of(price, 25) == cost


def test_another_currency_has_its_own_amount_or_none() -> None:
    price = {"currency": "usd", "unit_amount": 1000, "currency_options": {"eur": {"unit_amount": 900}}}
    assert amount_of(price, 2, "eur") == 1800
    with pytest.raises(CurrencyMissingError):
        amount_of(price, 1, "gbp")


@given(quantity=st.integers(0, 1_000))
def test_one_more_unit_never_costs_less_in_graduated_tiers(quantity: int) -> None:
    assert amount_of(tiered("graduated"), quantity) <= amount_of(tiered("graduated"), quantity + 1)
