"""The items of an update: changed, added and taken away, as the parameter `items` says."""

from __future__ import annotations

from ..engine.periods import Period
from ..errors import invalid, missing
from ..store import Json, Store
from .items import (
    build_item,
    currency_of,
    is_metered,
    period_of,
    refuse_twice,
    resolve_price,
    set_price,
    terms_of,
)
from .saving import Given, refuse_unmodelled


def change_items(store: Store, subscription: Json, given: list[Given], now: int) -> None:
    """In place. Items that are not named stay as they are."""
    period = period_of(subscription)
    items: list[Json] = subscription["items"]["data"]
    for number, one in enumerate(given):
        where = f"items[{number}]"
        if one.get("id") is None:
            _refuse_same(items, one, where)
            items.append(_new(store, subscription, one, where, now, period))
            continue
        found = next((item for item in items if item["id"] == one["id"]), None)
        if found is None:
            raise missing("subscription_item", one["id"], f"{where}[id]")
        if one.get("deleted"):
            items.remove(found)
        else:
            _change(store, found, one, where)
    if not items:
        raise invalid("A subscription must have at least one active plan.", "items")
    refuse_twice(items)
    terms_of(items)
    currency_of([store.get("price", item["price"]["id"]) for item in items], subscription["currency"])
    subscription["items"]["total_count"] = len(items)


def _new(store: Store, subscription: Json, given: Given, where: str, now: int, period: Period) -> Json:
    return build_item(subscription["id"], resolve_price(store, given, where), given, now, period)


def _refuse_same(items: list[Json], given: Given, where: str) -> None:
    if any(item["price"]["id"] == given.get("price") for item in items):
        raise invalid(
            f"Cannot add multiple subscription items with the same plan: {given['price']}", f"{where}[price]"
        )


def _change(store: Store, item: Json, given: Given, where: str) -> None:
    refuse_unmodelled(given, "price_data", "tax_rates", "discounts", "billing_thresholds", "current_trial")
    if given.get("metadata") is not None:
        item["metadata"] |= given["metadata"]
    if given.get("price") or given.get("plan"):
        price = resolve_price(store, given, where)
        held = None if is_metered(price) else item.get("quantity")
        set_price(item, price, given.get("quantity", held))
    elif given.get("quantity") is not None:
        set_price(item, store.get("price", item["price"]["id"]), given["quantity"])
