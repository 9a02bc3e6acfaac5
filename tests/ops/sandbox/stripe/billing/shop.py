"""A small shop at the local Stripe: two plans, customers with a card, and time that a test moves."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stripe import StripeClient

if TYPE_CHECKING:
    from tests.stripe import StripeServer

DAY = 86_400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class Shop:
    """`shop.pro` and `shop.starter` are monthly prices of $50 and $10, `shop.yearly` is $500 a year, each in euros as well."""

    def __init__(self, server: StripeServer) -> None:
        self.server = server
        self.stripe: StripeClient = server.client
        self.starter = self.price("Starter", 1000, 900)
        self.pro = self.price("Pro", 5000, 4500)
        self.yearly = self.price("Pro, yearly", 50_000, 45_000, interval="year")

    def price(self, name: str, usd: int, eur: int, interval: str = "month", **more: Any) -> str:
        product = self.stripe.v1.products.create({"name": name})
        price = self.stripe.v1.prices.create(
            {
                "product": product.id,
                "currency": "usd",
                "unit_amount": usd,
                "recurring": {"interval": interval},
                "currency_options": {"eur": {"unit_amount": eur}},
                **more,
            }
        )
        return price.id

    def clock(self, start: str = "2027-01-31T12:00:00") -> str:
        return self.stripe.v1.test_helpers.test_clocks.create({"frozen_time": at(start)}).id

    def customer(self, card: str | None = "pm_card_visa", clock: str | None = None, **more: Any) -> str:
        params = {"email": "robin@example.org", "name": "Robin", **more}
        if clock:
            params["test_clock"] = clock
        customer = self.stripe.v1.customers.create(params)
        if card:
            self.give_card(customer.id, card)
        return customer.id

    def give_card(self, customer: str, card: str) -> str:
        method = self.stripe.v1.payment_methods.attach(card, {"customer": customer})
        self.stripe.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    def subscribe(self, customer: str, price: str | None = None, **more: Any) -> Any:
        return self.stripe.v1.subscriptions.create(
            {"customer": customer, "items": [{"price": price or self.pro}], **more}
        )

    def get(self, subscription: Any) -> Any:
        return self.stripe.v1.subscriptions.retrieve(subscription.id)

    def invoice(self, subscription: Any) -> Any:
        return self.stripe.v1.invoices.retrieve(self.get(subscription).latest_invoice)

    def advance(self, clock: str, to: str | int) -> Any:
        """Advance a test clock and wait until it has arrived; further than Stripe lets in one go in several."""
        moment = at(to) if isinstance(to, str) else to
        self.stripe.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": moment})
        return self.arrive(clock)

    def arrive(self, clock: str) -> Any:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = self.stripe.v1.test_helpers.test_clocks.retrieve(clock)
            if found.status != "advancing":
                assert found.status == "ready"
                return found
            time.sleep(0.01)
        raise AssertionError("The test clock did not arrive.")

    def types(self, since: int = 0) -> list[str]:
        """The types of the events since the `since`-th, in their order."""
        return [one["type"] for one in self.server.events[since:]]
