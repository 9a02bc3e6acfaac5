"""A subscription's life on one of Stripe's test clocks: the days pass there and here, and the worker looks in at each stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.mirror import refresh_subscription
from billing.models import Payer, Subscription
from billing.reminding import list_to_remind, remind
from saas.core import clock
from tests.billing.objects import seconds as seconds_of
from tests.billing.shop import Shop
from tests.mailbox import send_waiting

VISA, FAILING = "pm_card_visa", "pm_card_chargeCustomerFail"


@dataclass
class Story(Shop):
    moment: datetime = field(default_factory=clock.now)
    clock_id: str = ""

    def open(self) -> Story:
        """Make the test clock and a customer who lives by it."""
        self.moment = self.moment.replace(microsecond=0)
        made = self.stripe.v1.test_helpers.test_clocks.create({"frozen_time": seconds_of(self.moment)})
        self.clock_id = made.id
        payer, _ = Payer.objects.get_or_create(
            user=self.owner, kind="person", defaults={"email": self.owner.email}
        )
        customer = self.stripe.v1.customers.create(
            {"test_clock": made.id, "email": self.owner.email, "metadata": {"payer": payer.key}}
        )
        Payer.objects.filter(pk=payer.pk).update(stripe_id=customer.id)
        return self

    @contextmanager
    def today(self) -> Iterator[None]:
        with clock.frozen_at(self.moment):
            yield

    def pass_days(self, days: float) -> None:
        """Let time pass at Stripe's, a day at a time, as webhooks and the hourly job would follow it."""
        target = self.moment + timedelta(days=days)
        while self.moment < target:
            self.moment = min(self.moment + timedelta(days=1), target)
            self._advance()
            self.look()

    def pass_period(self) -> None:
        """Until two hours after the period that runs now: its invoice is final by then."""
        ends = self.row().period_end
        assert ends is not None
        self.pass_days((ends + timedelta(hours=2) - self.moment) / timedelta(days=1))

    def _advance(self) -> None:
        clocks = self.stripe.v1.test_helpers.test_clocks
        found = clocks.advance(self.clock_id, {"frozen_time": seconds_of(self.moment)})
        for _ in range(1_000):
            if found.status == "ready":
                return
            found = clocks.retrieve(self.clock_id)
        raise AssertionError("the test clock does not come to rest")

    def look(self) -> Subscription:
        """What a webhook and the hourly job do."""
        with self.today():
            row = refresh_subscription(stripe_id=self.row().stripe_id)
            assert row is not None
            for pk in list_to_remind():
                remind(subscription_id=pk)
        return row

    def use_card(self, token: str) -> None:
        """The payer's card from now on."""
        row = self.row()
        method = self.stripe.v1.payment_methods.attach(token, {"customer": row.payer.stripe_id or ""})
        self.stripe.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})

    def pay_open_invoice(self) -> None:
        for invoice in self.stripe.v1.invoices.list(
            {"subscription": self.row().stripe_id, "status": "open"}
        ).data:
            self.stripe.v1.invoices.pay(str(invoice.id))

    def in_force(self, days: float = 0) -> tuple[str, str]:
        """(plan, why) in so many days."""
        return self.plan_in_force(self.moment + timedelta(days=days))

    def subjects(self) -> list[str]:
        """Of the mails since the last call, each once."""
        return list(dict.fromkeys(mail.subject for mail in send_waiting()))

    def invoices(self) -> list[Any]:
        """Oldest first, as (status, total)."""
        listed = self.stripe.v1.invoices.list({"subscription": self.row().stripe_id, "limit": 100}).data
        return [(one.status, one.total) for one in reversed(listed)]
