"""Sessions of the customer portal."""

from __future__ import annotations

from typing import Any

from ..billing.portals import CONFIGURATION, KIND
from ..billing.saving import refuse_unmodelled
from ..errors import invalid, missing
from ..ids import new_id
from ..routes import Call, route
from ..store import Json, Store
from .portal_configurations import default_configuration


@route("POST", "/v1/billing_portal/sessions", "billing_portal.SessionCreateParams")
def create_session(call: Call) -> Json:
    refuse_unmodelled(call.params, "customer_account", "on_behalf_of", "after_expiration")
    customer = call.named("customer", "customer")
    if customer is None:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    configuration = _configuration(call)
    back = call.params.get("return_url") or configuration["default_return_url"]
    if back is not None and not str(back).startswith(("http://", "https://")):
        raise invalid("Not a valid URL", "return_url", "url_invalid")
    session = {
        "id": new_id("bps", 24),
        "object": KIND,
        "configuration": configuration["id"],
        "created": call.store.now(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(call, customer, configuration),
        "livemode": False,
        "locale": call.params.get("locale"),
        "on_behalf_of": None,
        "return_url": back,
        "_seen": None,
        "_token": new_id("test", 40),
    }
    session["url"] = f"{call.base_url}/portal/{session['_token']}"
    call.store.put(session)
    call.store.emit("billing_portal.session.created", session)
    return session


def _configuration(call: Call) -> Json:
    if call.params.get("configuration"):
        found = call.store.get(CONFIGURATION, call.params["configuration"], param="configuration")
        if not found["active"]:
            raise invalid("This configuration is not active.", "configuration")
        return found
    return default_configuration(call.store)


def _flow(call: Call, customer: Json, configuration: Json) -> Json | None:
    given: dict[str, Any] | None = call.params.get("flow_data")
    if given is None:
        return None
    kind = given["type"]
    feature = {"subscription_update_confirm": "subscription_update"}.get(kind, kind)
    if kind == "subscription_pause" or not configuration["features"].get(feature, {}).get("enabled"):
        raise invalid(
            f"The {feature.replace('_', ' ')} feature in the portal configuration is disabled.",
            "flow_data[type]",
        )
    after = given.get("after_completion") or {"type": "portal_homepage"}
    flow: Json = {
        "type": kind,
        "after_completion": {
            "type": after["type"],
            "hosted_confirmation": {
                "custom_message": (after.get("hosted_confirmation") or {}).get("custom_message")
            }
            if after["type"] == "hosted_confirmation"
            else None,
            "redirect": after.get("redirect"),
        },
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
    }
    if after["type"] == "redirect" and not (after.get("redirect") or {}).get("return_url"):
        raise invalid(
            "You must set the address to redirect to.",
            "flow_data[after_completion][redirect]",
            "parameter_missing",
        )
    if kind.startswith("subscription_"):
        flow[kind] = _flow_subscription(call.store, customer, given.get(kind) or {}, kind)
    if kind == "subscription_update_confirm":
        _check_offered(flow[kind]["items"], configuration["features"]["subscription_update"])
    return flow


def _check_offered(items: list[Json], settings: Json) -> None:
    """Raises for a price that the configuration does not list."""
    offered = {price for one in settings.get("products") or [] for price in one["prices"]}
    for number, one in enumerate(items):
        if one["price"] and one["price"] not in offered:
            raise invalid(
                f"The price `{one['price']}` is not among the portal configuration's `features[subscription_update][products]`.",
                f"flow_data[subscription_update_confirm][items][{number}][price]",
            )


def _flow_subscription(store: Store, customer: Json, given: Json, kind: str) -> Json:
    where = f"flow_data[{kind}]"
    refuse_unmodelled(given, "retention")
    subscription = store.get("subscription", given.get("subscription") or "", param=f"{where}[subscription]")
    if subscription["customer"] != customer["id"]:
        raise missing("subscription", subscription["id"], f"{where}[subscription]")
    if subscription["status"] in ("canceled", "incomplete", "incomplete_expired"):
        raise invalid(
            f"This subscription cannot be changed because it is {subscription['status']}.",
            f"{where}[subscription]",
        )
    if kind == "subscription_cancel" and subscription["cancel_at"] is not None:
        raise invalid("This subscription is already set to be canceled.", f"{where}[subscription]")
    if kind != "subscription_cancel" and len(subscription["items"]["data"]) > 1:
        raise invalid(
            "This subscription has several items; the portal cannot update it.", f"{where}[subscription]"
        )
    if kind == "subscription_cancel":
        return {"retention": None, "subscription": subscription["id"]}
    if kind == "subscription_update":
        return {"subscription": subscription["id"]}
    known = {item["id"] for item in subscription["items"]["data"]}
    items = [
        {"id": one.get("id"), "price": one.get("price"), "quantity": one.get("quantity")}
        for one in given.get("items") or []
    ]
    for number, one in enumerate(items):
        if one["id"] not in known:
            raise missing("subscription_item", str(one["id"]), f"{where}[items][{number}][id]")
        if one["price"]:
            store.get("price", one["price"], param=f"{where}[items][{number}][price]")
    if len(items) != 1:
        raise invalid("This flow changes exactly one subscription item.", f"{where}[items]")
    coupons = [
        {"coupon": one.get("coupon"), "promotion_code": one.get("promotion_code")}
        for one in given.get("discounts") or []
    ]
    return {"subscription": subscription["id"], "items": items, "discounts": coupons or None}
