"""The customer portal: what it may do (configurations), and its sessions."""

from __future__ import annotations

from typing import Any, Final

from ..billing.portals import CONFIGURATION, KIND
from ..billing.saving import refuse_unmodelled
from ..errors import StripeError, invalid, missing
from ..ids import new_id
from ..routes import Call, merge_metadata, route, save
from ..store import Json, Store

_OFF: Final[Json] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


# --- configurations ---


@route("POST", "/v1/billing_portal/configurations", "billing_portal.ConfigurationCreateParams")
def create_configuration(call: Call) -> Json:
    now = call.store.now()
    configuration: Json = {
        "id": new_id("bpc", 24),
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": now,
        "default_return_url": None,
        "features": {name: dict(part) for name, part in _OFF.items()},
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }
    _apply(call, configuration)
    call.store.put(configuration)
    call.store.emit("billing_portal.configuration.created", configuration)
    return configuration


@route("GET", "/v1/billing_portal/configurations/{id}", "billing_portal.ConfigurationRetrieveParams")
def get_configuration(call: Call) -> Json:
    return call.get(CONFIGURATION)


@route("POST", "/v1/billing_portal/configurations/{id}", "billing_portal.ConfigurationUpdateParams")
def update_configuration(call: Call) -> Json:
    before, configuration = call.get(CONFIGURATION), call.get(CONFIGURATION)
    if "active" in call.params:
        configuration["active"] = call.params["active"]
    _apply(call, configuration)
    configuration["updated"] = call.store.now()
    return save(call, before, configuration, "billing_portal.configuration.updated")


@route("GET", "/v1/billing_portal/configurations", "billing_portal.ConfigurationListParams")
def list_configurations(call: Call) -> Json:
    return call.list(CONFIGURATION, "active", "is_default")


def _apply(call: Call, configuration: Json) -> None:
    params = call.params
    refuse_unmodelled(params.get("login_page") or {}, "enabled")
    configuration["business_profile"] |= params.get("business_profile") or {}
    for name in ("default_return_url", "name"):
        if name in params:
            configuration[name] = params[name]
    for name, part in (params.get("features") or {}).items():
        if name == "subscription_pause" and part.get("enabled"):
            refuse_unmodelled(part, "enabled")
        held = configuration["features"][name]
        for key, value in part.items():
            nested = isinstance(held.get(key), dict) and isinstance(value, dict)
            held[key] = (
                held[key] | value
                if nested
                else ([] if value is None and isinstance(held.get(key), list) else value)
            )
    _check(call.store, configuration["features"])
    merge_metadata(configuration, params)


def _check(store: Store, features: Json) -> None:
    update = features["subscription_update"]
    if features["customer_update"]["enabled"] and not features["customer_update"]["allowed_updates"]:
        raise invalid(
            "You must set `features[customer_update][allowed_updates]`.",
            "features[customer_update][allowed_updates]",
            "parameter_missing",
        )
    if not update["enabled"]:
        return
    where = "features[subscription_update]"
    if not update["default_allowed_updates"]:
        raise invalid(
            f"You must set `{where}[default_allowed_updates]`.",
            f"{where}[default_allowed_updates]",
            "parameter_missing",
        )
    if not update.get("products"):
        raise invalid(f"You must set `{where}[products]`.", f"{where}[products]", "parameter_missing")
    for number, one in enumerate(update["products"]):
        store.get("product", one["product"], param=f"{where}[products][{number}][product]")
        for place, name in enumerate(one["prices"]):
            price = store.get("price", name, param=f"{where}[products][{number}][prices][{place}]")
            if price["product"] != one["product"]:
                raise invalid(
                    f"The price {name} does not belong to the product {one['product']}.",
                    f"{where}[products][{number}][prices][{place}]",
                )
        one.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 1})


# --- sessions ---


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
    default = call.store.list(CONFIGURATION, is_default=True)
    if not default:
        raise StripeError(
            "No configuration provided and your test mode default configuration has not been created. Provide a configuration "
            "or create your default by saving your customer portal settings in test mode at "
            "https://dashboard.stripe.com/test/settings/billing/portal."
        )
    return default[0]


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
    return flow


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
