"""What the Billing Portal offers, by configuration; the first one is the default, as if made in Stripe's dashboard."""

from __future__ import annotations

from typing import Any, Final

from ..errors import invalid
from ..ids import new_id
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json, Store

KIND: Final = "billing_portal.configuration"
_REASONS: Final = ["customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex", "too_expensive", "unused"]  # fmt: skip
_FEATURES: Final[dict[str, dict[str, Any]]] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": _REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


@route("POST", "/v1/billing_portal/configurations", "billing_portal.ConfigurationCreateParams")
def create_configuration(call: Call) -> Json:
    configuration = _blank(call.store)
    _apply(configuration, call)
    call.store.put(configuration)
    call.store.emit("billing_portal.configuration.created", configuration)
    return configuration


@route("GET", "/v1/billing_portal/configurations", "billing_portal.ConfigurationListParams")
def list_configurations(call: Call) -> Json:
    return call.list(KIND, "active", "is_default")


@route(
    "GET", "/v1/billing_portal/configurations/{configuration}", "billing_portal.ConfigurationRetrieveParams"
)
def get_configuration(call: Call) -> Json:
    return call.get(KIND)


@route(
    "POST", "/v1/billing_portal/configurations/{configuration}", "billing_portal.ConfigurationUpdateParams"
)
def update_configuration(call: Call) -> Json:
    before, configuration = call.get(KIND), call.get(KIND)
    if call.params.get("active") is False and configuration["is_default"]:
        raise invalid("You cannot deactivate your default configuration.", "active")
    take(configuration, call.params, "active")
    _apply(configuration, call)
    configuration["updated"] = call.store.now()
    return save(call, before, configuration, "billing_portal.configuration.updated")


def default_configuration(store: Store) -> Json:
    """The one that a session uses which names none. Raises the 400 of an account that has none."""
    found = store.list(KIND, is_default=True, active=True)
    if not found:
        raise invalid(
            "No configuration provided and your test mode default configuration has not been created. Provide a configuration "
            "or create your default by saving your customer portal settings in test mode at "
            "https://dashboard.stripe.com/test/settings/billing/portal.",
            "configuration",
        )
    return found[0]


def _blank(store: Store) -> Json:
    now = store.now()
    return {
        "id": new_id("bpc"),
        "object": KIND,
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": now,
        "default_return_url": None,
        "features": {name: dict(feature) for name, feature in _FEATURES.items()},
        "is_default": not store.list(KIND, is_default=True),
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }


def _apply(configuration: Json, call: Call) -> None:
    params = call.params
    take(configuration, params, "default_return_url", "name")
    configuration["business_profile"] |= params.get("business_profile") or {}
    for name, sent in (params.get("features") or {}).items():
        configuration["features"][name] = _merged(configuration["features"][name], sent)
    _check(call.store, configuration["features"])
    if "login_page" in params:
        url = f"{call.base_url}/p/login/{configuration['id']}" if params["login_page"]["enabled"] else None
        configuration["login_page"] = {"enabled": params["login_page"]["enabled"], "url": url}
    merge_metadata(configuration, params)


def _merged(feature: Json, sent: Json) -> Json:
    """Nested parts are merged; a list that was sent empty is empty."""
    merged = dict(feature)
    for key, value in sent.items():
        if isinstance(value, dict) and isinstance(feature.get(key), dict):
            merged[key] = _merged(feature[key], value)
        else:
            merged[key] = [] if value is None and isinstance(feature.get(key), list) else value
    return merged


def _check(store: Store, features: Json) -> None:
    """A feature that is on says what it offers, and offers what there is."""
    update, ending = features["subscription_update"], features["subscription_cancel"]
    if ending["proration_behavior"] == "always_invoice" or (
        ending["proration_behavior"] != "none" and ending["mode"] != "immediately"
    ):
        raise invalid(
            "Cancelling in the portal makes prorations with `mode=immediately` alone, and never bills them by itself.",
            "features[subscription_cancel][proration_behavior]",
        )
    if len(update.get("products") or []) > 10:
        raise invalid(
            "You can list at most 10 products that support subscription updates.",
            "features[subscription_update][products]",
        )
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
