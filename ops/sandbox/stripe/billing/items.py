"""Subscription items: built from parameters, held inside their subscription, with the period that stands on each."""

from __future__ import annotations

from typing import Any

from ..engine.periods import Period
from ..errors import invalid
from ..ids import new_id
from ..store import Json, Store
from .saving import Given, refuse_unmodelled

_PLAN_FIELDS = (
    "active",
    "billing_scheme",
    "created",
    "currency",
    "livemode",
    "metadata",
    "nickname",
    "product",
    "tiers_mode",
)


def resolve_price(store: Store, given: Given, param: str) -> Json:
    """The price that an item names; it must be active and recurring."""
    refuse_unmodelled(
        given, "price_data", "tax_rates", "discounts", "billing_thresholds", "current_trial", "trial"
    )
    name = given.get("price") or given.get("plan")
    if name is None:
        raise invalid(f"{param}: you must pass a price.", f"{param}[price]", "parameter_missing")
    price = store.get("price", str(name), param=f"{param}[price]")
    if not price["active"]:
        raise invalid(
            f"The price specified is inactive. This field only accepts active prices: '{name}'.",
            f"{param}[price]",
        )
    if not price.get("recurring"):
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            f"{param}[price]",
        )
    return price


def build_item(subscription_id: str, price: Json, given: Given, now: int, period: Period) -> Json:
    """A new item of a subscription."""
    item: Json = {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": now,
        "current_period_end": period.end,
        "current_period_start": period.start,
        "discounts": [],
        "metadata": dict(given.get("metadata") or {}),
        "subscription": subscription_id,
        "tax_rates": [],
    }
    return set_price(item, price, given.get("quantity"))


def set_price(item: Json, price: Json, quantity: int | None) -> Json:
    """Put a price and a quantity on an item; a metered one has no quantity."""
    shown = {key: value for key, value in price.items() if key not in ("tiers", "currency_options")}
    item["price"], item["plan"] = shown, plan_of(price)
    if is_metered(price):
        if quantity is not None:
            raise invalid(
                "Quantity should not be specified where usage_type is `metered`. Remove quantity from this item.",
                "quantity",
            )
        item.pop("quantity", None)
    else:
        item["quantity"] = 1 if quantity is None else quantity
    return item


def is_metered(price: Json) -> bool:
    return bool((price.get("recurring") or {}).get("usage_type") == "metered")


def plan_of(price: Json) -> Json:
    """The price in the older shape that Stripe still shows beside it."""
    recurring = price["recurring"]
    return {key: price.get(key) for key in _PLAN_FIELDS} | {
        "id": price["id"],
        "object": "plan",
        "amount": price.get("unit_amount"),
        "amount_decimal": price.get("unit_amount_decimal"),
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": recurring.get("meter"),
        "transform_usage": None,
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring["usage_type"],
    }


def terms_of(items: list[Json]) -> tuple[str, int]:
    """The interval and count that all items share. Raises Stripe's refusal of mixed ones."""
    terms = {(i["price"]["recurring"]["interval"], i["price"]["recurring"]["interval_count"]) for i in items}
    if len(terms) > 1:
        raise invalid(
            "Currently, all prices on a subscription must have the same `recurring.interval` and "
            "`recurring.interval_count`. If you meant to update an existing subscription item instead of creating a new one, "
            "make sure to include the subscription item ID in your request.",
            "items",
        )
    return terms.pop()


def currency_of(prices: list[Json], wanted: str | None) -> str:
    """The one currency of the subscription, in which every price must have an amount."""
    currency = wanted or str(prices[0]["currency"])
    for number, price in enumerate(prices):
        if price["currency"] != currency and currency not in (price.get("currency_options") or {}):
            raise invalid(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
                f"`{currency}`.",
                f"items[{number}][price]",
            )
    return currency


def refuse_twice(items: list[Json]) -> None:
    """One price stands on one item only."""
    seen: set[Any] = set()
    for item in items:
        if item["price"]["id"] in seen:
            raise invalid(
                f"Subscription items with duplicate prices are not allowed: {item['price']['id']} is given twice.",
                "items",
            )
        seen.add(item["price"]["id"])


def period_of(subscription: Json) -> Period:
    """The current period of the subscription's items, which share it."""
    first = subscription["items"]["data"][0]
    return Period(first["current_period_start"], first["current_period_end"])


def set_period(items: list[Json], period: Period) -> None:
    for item in items:
        item["current_period_start"], item["current_period_end"] = period
