"""Lives of subscriptions by the draw: whatever is done, what a preview said is what is billed, and no money comes or goes unseen.

Each seed is one life, always the same: plans, numbers, coupons, credit, tax, trials, planned changes, over some months.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from .shop import DAY, Shop, at

START = at("2027-01-31T10:00:00")


class Life:
    """One customer with one subscription, on a test clock of its own."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.draw = shop, random.Random(seed)
        self.api = shop.stripe.v1
        self.prices = [shop.starter, shop.pro, shop.yearly]
        self.clock = self.api.test_helpers.test_clocks.create({"frozen_time": START}).id
        self.now = START
        self.customer = shop.customer(clock=self.clock, balance=self.draw.choice([0, 0, -1234, -90_000, 321]))
        self.coupons = [
            self.api.coupons.create(params).id  # type: ignore[arg-type]
            for params in (
                {"percent_off": 33.3, "duration": "forever"},
                {"percent_off": 20, "duration": "repeating", "duration_in_months": 2},
                {"amount_off": 777, "currency": "usd", "duration": "once"},
            )
        ]
        self.subscription = self.begin()

    def begin(self) -> Any:
        """A first subscription, whose first invoice is what was said of it."""
        items = [{"price": self.draw.choice(self.prices), "quantity": self.draw.randint(1, 3)}]
        tax = {"enabled": self.draw.random() < 0.5}
        coupons = [{"coupon": self.draw.choice(self.coupons)}] if self.draw.random() < 0.5 else []
        if self.draw.random() < 0.5:
            self.api.invoice_items.create({"customer": self.customer, "amount": 450, "currency": "usd"})
        how: dict[str, Any] = {}
        asked: dict[str, Any] = {}
        if self.draw.random() < 0.3:
            how["billing_cycle_anchor"] = self.now + 5 * DAY
            asked["billing_cycle_anchor"] = {"type": "timestamp", "timestamp": self.now + 5 * DAY}
            how["proration_behavior"] = self.draw.choice(["create_prorations", "none"])
        elif self.draw.random() < 0.3:
            how["trial_end"] = self.now + 9 * DAY
        said = self.api.invoices.create_preview(
            {
                "customer": self.customer,
                "automatic_tax": tax,
                "discounts": coupons or "",
                "subscription_details": {"items": items, **how, **asked},  # type: ignore[typeddict-item]
            }
        )
        made = self.api.subscriptions.create(
            {"customer": self.customer, "items": items, "automatic_tax": tax, "discounts": coupons, **how}  # type: ignore[typeddict-item]
        )
        self.compare(said, made.latest_invoice, "begin")
        return made

    def compare(self, said: Any, invoice: Any, after: str) -> None:
        billed = self.api.invoices.retrieve(str(invoice))
        for name in ("subtotal", "total", "amount_due", "starting_balance"):
            assert getattr(billed, name) == getattr(said, name), (after, name)
        for part in ("total_discount_amounts", "total_taxes"):
            sums = [sum(one.amount for one in getattr(which, part) or []) for which in (billed, said)]
            assert sums[0] == sums[1], (after, part)
        assert [one.amount for one in billed.lines] == [one.amount for one in said.lines], after

    def look(self) -> Any:
        return self.api.subscriptions.retrieve(self.subscription.id)

    # --- what may happen ---

    def change(self) -> None:
        item = self.look()["items"].data[0]
        how: dict[str, Any] = {
            "items": [
                {"id": item.id, "price": self.draw.choice(self.prices), "quantity": self.draw.randint(1, 4)}
            ],
            "proration_behavior": self.draw.choice(["always_invoice", "always_invoice", "create_prorations", "none"]),
        }  # fmt: skip
        if self.draw.random() < 0.2:
            how["billing_cycle_anchor"] = {"type": "now"}
        if self.draw.random() < 0.2:
            how["trial_end"] = "now"
        self.bill(how)

    def bill(self, how: dict[str, Any]) -> None:
        before = self.look().latest_invoice
        said = self.api.invoices.create_preview(
            {"subscription": self.subscription.id, "subscription_details": how}  # type: ignore[typeddict-item]
        )
        after = self.api.subscriptions.update(self.subscription.id, how)  # type: ignore[arg-type]
        if after.latest_invoice == before:
            said_now = self.api.invoices.create_preview({"subscription": self.subscription.id})
            assert said_now.total == said.total, "a change that waits"
        else:
            self.compare(said, after.latest_invoice, f"change {how}")

    def renew(self) -> None:
        """The next invoice as it is announced, then the end of the period."""
        told = self.look()
        end = told["items"].data[0].current_period_end
        said: Any = None
        try:
            said = self.api.invoices.create_preview({"subscription": told.id})
        except stripe.InvalidRequestError as error:
            if error.code != "invoice_upcoming_none":
                raise
        self.advance(end + 2 * 3600)
        if said is not None and self.look().latest_invoice != told.latest_invoice:
            self.compare(said, self.look().latest_invoice, "renew")

    def advance(self, moment: int) -> None:
        while self.now < moment:
            self.now = min(moment, self.now + 50 * DAY)
            self.shop.advance(self.clock, self.now)

    def wait(self) -> None:
        end = self.look()["items"].data[0].current_period_end
        self.advance(min(self.now + self.draw.randint(60, 20 * DAY), end - 60))

    def give_coupon(self) -> None:
        wanted = self.draw.choice([*self.coupons, ""])
        given = [{"coupon": wanted}] if wanted else ""
        self.api.subscriptions.update(self.subscription.id, {"discounts": given})  # type: ignore[typeddict-item]

    def move_balance(self) -> None:
        self.api.customers.balance_transactions.create(
            self.customer, {"amount": self.draw.choice([-5000, -77, 130]), "currency": "usd"}
        )

    def sell_beside(self) -> None:
        self.api.invoice_items.create(
            {"customer": self.customer, "amount": self.draw.choice([-300, 999]), "currency": "usd"}
        )

    def plan(self) -> None:
        """Something smaller from the next period on, with the discounts as they are; or what was planned is taken back."""
        told = self.look()
        if told.schedule:
            self.api.subscription_schedules.release(str(told.schedule))
            return
        made = self.api.subscription_schedules.create({"from_subscription": told.id})
        first, item = made.phases[0], told["items"].data[0]
        kept: Any = [{"discount": one} for one in told.discounts] or ""
        now = {"items": [{"price": item.price.id, "quantity": item.quantity}], "discounts": kept}
        later = {"items": [{"price": self.shop.starter, "quantity": 1}], "discounts": kept}
        self.api.subscription_schedules.update(
            made.id,
            {"phases": [now | {"start_date": first.start_date, "end_date": first.end_date}, later]},  # type: ignore[typeddict-item,list-item]
        )

    def check(self) -> None:
        """Every invoice adds up, what was paid was charged, and the balance is the sum of what moved it."""
        invoices = list(self.api.invoices.list({"customer": self.customer, "limit": 100}).auto_paging_iter())
        for one in invoices:
            off = sum(part.amount for part in one.total_discount_amounts or [])
            tax = sum(part.amount for part in one.total_taxes or [])
            assert one.subtotal - off + tax == one.total
            assert one.amount_paid + one.amount_remaining == one.amount_due
            moved = (one.ending_balance or 0) - one.starting_balance if one.status != "draft" else 0
            assert one.status == "draft" or one.total - one.amount_due == moved
        charges = self.api.charges.list({"customer": self.customer, "limit": 100}).auto_paging_iter()
        assert sum(one.amount for one in charges if one.paid) == sum(one.amount_paid for one in invoices)
        lines = self.api.customers.balance_transactions.list(self.customer, {"limit": 100})
        balance = self.api.customers.retrieve(self.customer).balance
        assert sum(one.amount for one in lines.auto_paging_iter()) == balance


def live(shop: Shop, seed: int, steps: int) -> None:
    life = Life(shop, seed)
    acts: list[Callable[[], None]] = [
        life.change, life.change, life.wait, life.wait, life.renew, life.give_coupon, life.move_balance, life.sell_beside, life.plan,
    ]  # fmt: skip
    for _ in range(steps):
        act = life.draw.choice(acts)
        if act == life.change and life.look().schedule:
            act = life.renew  # what is planned comes first, or is taken back
        act()
    life.renew()
    life.check()


@pytest.mark.parametrize("seed", range(6))
def test_what_was_said_is_what_is_billed(shop: Shop, seed: int) -> None:
    live(shop, seed, steps=12)


@pytest.mark.faults
def test_a_hundred_lives(shop: Shop) -> None:
    for seed in range(100, 200):
        shop.server.control.reset()
        live(Shop(shop.server), seed, steps=20)
