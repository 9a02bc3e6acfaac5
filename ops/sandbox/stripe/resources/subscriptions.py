"""Subscriptions and their items."""

from __future__ import annotations

from ..billing.changing import change_subscription
from ..billing.immediately import cancel_now, resume
from ..billing.starting import start_subscription
from ..errors import invalid, missing
from ..expansion import includable
from ..routes import Call, route
from ..store import Json, Store

_NOT_LISTED = ("canceled", "incomplete_expired")


@route("POST", "/v1/subscriptions", "SubscriptionCreateParams")
def create_subscription(call: Call) -> Json:
    return start_subscription(call.store, call.params)


@route("GET", "/v1/subscriptions/{subscription}", "SubscriptionRetrieveParams")
def get_subscription(call: Call) -> Json:
    return call.get("subscription")


@route("POST", "/v1/subscriptions/{subscription}", "SubscriptionUpdateParams")
def update_subscription(call: Call) -> Json:
    subscription = call.get("subscription")
    given = {name: value for name, value in call.params.items() if name != "expand"}
    if subscription["schedule"] and {"cancel_at", "cancel_at_period_end"} & given.keys():
        raise invalid(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )
    return change_subscription(call.store, subscription["id"], given)


@route("DELETE", "/v1/subscriptions/{subscription}", "SubscriptionCancelParams")
def cancel_subscription(call: Call) -> Json:
    subscription = call.get("subscription")
    if subscription["status"] in _NOT_LISTED:
        raise missing("subscription", subscription["id"])
    return cancel_now(call.store, subscription, call.params)


@route("POST", "/v1/subscriptions/{subscription}/resume", "SubscriptionResumeParams")
def resume_subscription(call: Call) -> Json:
    return resume(call.store, call.get("subscription"), call.params)


@route("DELETE", "/v1/subscriptions/{subscription}/discount", "SubscriptionDeleteDiscountParams")
def delete_discount(call: Call) -> Json:
    subscription = call.get("subscription")
    if not subscription["discounts"]:
        raise missing("discount", subscription["id"])
    discount = call.store.get("discount", subscription["discounts"][0])
    change_subscription(call.store, subscription["id"], {"discounts": None})
    return discount | {"deleted": True}


@route("GET", "/v1/subscriptions", "SubscriptionListParams")
def list_subscriptions(call: Call) -> Json:
    params, found = call.params, call.store.list("subscription")
    for name in ("customer", "collection_method", "test_clock"):
        if params.get(name) is not None:
            found = [one for one in found if one[name] == params[name]]
    status = params.get("status")
    if status == "ended":
        found = [one for one in found if one["status"] in _NOT_LISTED]
    elif status is None:
        found = [one for one in found if one["status"] not in _NOT_LISTED]
    elif status != "all":
        found = [one for one in found if one["status"] == status]
    if params.get("price"):
        found = [
            one for one in found if any(i["price"]["id"] == params["price"] for i in one["items"]["data"])
        ]
    return call.page(found, "subscription")


@includable("customer", "subscriptions")
def subscriptions_of(store: Store, customer: Json) -> Json:
    found = [
        one for one in store.list("subscription", customer=customer["id"]) if one["status"] not in _NOT_LISTED
    ]
    return {
        "object": "list",
        "data": found,
        "has_more": False,
        "url": f"/v1/customers/{customer['id']}/subscriptions",
    }


# --- items ---


def _find_item(store: Store, id: str) -> tuple[Json, Json]:
    for subscription in store.list("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == id:
                return subscription, item
    raise missing("subscription_item", id)


def _settings(call: Call) -> Json:
    names = ("proration_behavior", "proration_date", "payment_behavior", "off_session")
    return {name: call.params[name] for name in names if name in call.params}


def _part(call: Call) -> Json:
    names = (
        "price",
        "plan",
        "quantity",
        "metadata",
        "price_data",
        "tax_rates",
        "discounts",
        "billing_thresholds",
    )
    return {name: call.params[name] for name in names if name in call.params}


@route("GET", "/v1/subscription_items", "SubscriptionItemListParams")
def list_items(call: Call) -> Json:
    subscription = call.store.get("subscription", call.params["subscription"], param="subscription")
    return call.page(subscription["items"]["data"], "subscription_item")


@route("POST", "/v1/subscription_items", "SubscriptionItemCreateParams")
def create_item(call: Call) -> Json:
    before = call.store.get("subscription", call.params["subscription"], param="subscription")
    known = {item["id"] for item in before["items"]["data"]}
    after = change_subscription(call.store, before["id"], {"items": [_part(call)]} | _settings(call))
    return next(item for item in after["items"]["data"] if item["id"] not in known)


@route("GET", "/v1/subscription_items/{item}", "SubscriptionItemRetrieveParams")
def get_item(call: Call) -> Json:
    return _find_item(call.store, call.path["item"])[1]


@route("POST", "/v1/subscription_items/{item}", "SubscriptionItemUpdateParams")
def update_item(call: Call) -> Json:
    subscription, item = _find_item(call.store, call.path["item"])
    change_subscription(
        call.store, subscription["id"], {"items": [{"id": item["id"]} | _part(call)]} | _settings(call)
    )
    return _find_item(call.store, item["id"])[1]


@route("DELETE", "/v1/subscription_items/{item}", "SubscriptionItemDeleteParams")
def delete_item(call: Call) -> Json:
    subscription, item = _find_item(call.store, call.path["item"])
    change_subscription(
        call.store, subscription["id"], {"items": [{"id": item["id"], "deleted": True}]} | _settings(call)
    )
    return {"id": item["id"], "object": "subscription_item", "deleted": True}
