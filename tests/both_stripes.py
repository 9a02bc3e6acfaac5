"""For tests that run at the local Stripe and, where STRIPE_TEST_KEY holds a key of its test mode, at the real one.

    STRIPE_TEST_KEY=sk_test_… make test ARGS="-m real_stripe -n 0 tests/billing/test_both_stripes.py tests/ops/sandbox/stripe/test_contract.py"

One process at a time, because they share an account. What is sold there stands apart from what the account sells itself: under names
that begin with `suite`, made once and found again. Customers and test clocks are gone when their test is over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from stripe import StripeClient

KEY: Final = os.environ.get("STRIPE_TEST_KEY", "")
BOTH: Final = ("local", pytest.param("real", marks=pytest.mark.real_stripe))
APART: Final = "suite"
REAL_API: Final = "https://api.stripe.com"
_PATIENCE: Final = {
    "local": (20.0, 0.02),
    "real": (300.0, 2.0),
}  # seconds until a clock must have arrived, and between two looks


def require_key() -> None:
    """Skips without a key; a key that moves money is refused before anything is asked."""
    if not KEY:
        pytest.skip("STRIPE_TEST_KEY is not set, so the real Stripe is not asked.")
    if not KEY.startswith(("sk_test_", "rk_test_")):
        pytest.fail("STRIPE_TEST_KEY is not a key of Stripe's test mode. Nothing was asked.")


def sell_apart(patch: pytest.MonkeyPatch) -> None:
    """From now on what is declared goes under other names: nothing that the account sells is taken over or switched off."""
    from billing import portal_settings, syncing
    from billing.plans import Meter, Plan

    for kind in (Plan, Meter):
        patch.setattr(kind, "lookup_key", _apart(kind.lookup_key))
    patch.setattr(syncing, "product_id", _apart(syncing.product_id))
    patch.setattr(portal_settings, "MARK", {"engagehub": APART})
    coupons = [
        replace(
            coupon,
            key=f"{APART}_{coupon.key}",
            codes=tuple(replace(code, text=f"{APART}{code.text}".upper()) for code in coupon.codes),
        )
        for coupon in syncing.COUPONS
    ]
    patch.setattr(syncing, "COUPONS", tuple(coupons))


def _apart(name: Any) -> Any:
    return lambda *given: f"{APART}_{name(*given)}"


class Clock:
    """A test clock with one customer, for either Stripe."""

    def __init__(self, stripe: StripeClient, where: str) -> None:
        self._stripe, self._where = stripe, where
        made = stripe.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time()), "name": APART})
        self.id, self.now = made.id, made.frozen_time

    def advance(self, moment: int) -> None:
        """Returns once everything that was due until then has happened."""
        clocks = self._stripe.v1.test_helpers.test_clocks
        found = clocks.advance(self.id, {"frozen_time": moment})
        patience, pause = _PATIENCE[self._where]
        until = time.monotonic() + patience
        while found.status == "advancing" and time.monotonic() < until:
            time.sleep(pause)
            found = clocks.retrieve(self.id)
        assert found.status == "ready", f"The test clock is {found.status} after {patience:g} s."
        self.now = moment


def cleaning_up(stripe: StripeClient, customers: list[str], clocks: list[str]) -> Iterator[None]:
    """What a test made ends with it, whatever became of the test; what is gone already is no matter."""
    import stripe as library

    yield
    for remove, ids in (
        (stripe.v1.test_helpers.test_clocks.delete, clocks),
        (stripe.v1.customers.delete, customers),
    ):
        for id in ids:
            try:
                remove(id)
            except library.InvalidRequestError as error:
                if error.code != "resource_missing":
                    raise
