"""Checkout sessions."""

from __future__ import annotations

from typing import Any, Final

from ..billing import discounts
from ..billing.checkout_totals import add_up_session
from ..billing.checkouts import EXPIRES_AFTER, KIND, expire
from ..billing.saving import check_billing_mode, refuse_unmodelled
from ..billing.shares import read_shares
from ..emails import check_email
from ..errors import invalid, missing
from ..expansion import includable
from ..ids import new_id
from ..paging import whole
from ..routes import Call, merge_metadata, route
from ..store import Json, Store

_PARTS: Final = (
    "after_expiration", "allowed_payment_method_types", "branding_settings", "consent_collection", "custom_fields",
    "customer_account", "excluded_payment_method_types", "integration_identifier", "managed_payments", "optional_items",
    "payment_method_configuration", "payment_method_data", "payment_method_options", "permissions", "redirect_on_completion",
    "return_url", "saved_payment_method_options", "shipping_address_collection", "shipping_options", "wallet_options",
)  # fmt: skip
_LEAST_TRIAL: Final = 48 * 3600
_DATA_PARTS: Final = ("default_tax_rates", "invoice_settings", "pending_invoice_item_interval", "billing_cycle_anchor_config")  # fmt: skip


@route("POST", "/v1/checkout/sessions", "checkout.SessionCreateParams")
def create_session(call: Call) -> Json:
    given, store = call.params, call.store
    refuse_unmodelled(given, *_PARTS)
    for name in ("phone_number_collection", "invoice_creation", "name_collection", "adaptive_pricing"):
        if (given.get(name) or {}).get("enabled"):
            refuse_unmodelled(given, name)
    data = given.get("subscription_data") or {}
    refuse_unmodelled(data, *_DATA_PARTS)
    check_billing_mode(data)
    read_shares(store, data, where="subscription_data")
    mode = given.get("mode") or "payment"
    _check(call, given, mode)
    customer = call.named("customer", "customer")
    prices = _prices(store, given, mode)
    session = _blank(call, given, mode, customer) | {"currency": _currency(given, prices, customer)}
    session["_given"] = {name: value for name, value in given.items() if name != "expand"}
    session["_discounts"] = list(given.get("discounts") or [])
    for number, one in enumerate(session["_discounts"]):
        coupon, code = discounts.find_coupon(
            store, one, f"discounts[{number}]", customer=session["customer"], now=store.now()
        )
        discounts.check_currency(coupon, session["currency"] or "", f"discounts[{number}]")
        session["discounts"].append(
            {"coupon": None if code else coupon["id"], "promotion_code": code["id"] if code else None}
        )
    merge_metadata(session, given)
    add_up_session(store, session)
    for one in session["discounts"]:
        code = store.find("promotion_code", one["promotion_code"])
        discounts.check_minimum(code, session["amount_subtotal"], session["currency"])
    store.put(session)
    return session


def _check(call: Call, given: Json, mode: str) -> None:
    if given.get("ui_mode") not in (None, "hosted_page"):
        raise invalid("The local Stripe has hosted pages alone: leave `ui_mode` out.", "ui_mode")
    if not given.get("success_url"):
        raise invalid(
            "You must provide `success_url` when `ui_mode` is `hosted_page`.",
            "success_url",
            "parameter_missing",
        )
    for name in ("success_url", "cancel_url"):
        if given.get(name) and not str(given[name]).startswith(("http://", "https://")):
            raise invalid("Not a valid URL", name, "url_invalid")
    if given.get("customer") and given.get("customer_email"):
        raise invalid(
            "You may only specify one of these parameters: customer, customer_email.", "customer_email"
        )
    check_email(given.get("customer_email"), "customer_email")
    if given.get("customer_update") and not given.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    discounts.refuse_both(given)
    if len(given.get("discounts") or []) > 1:
        raise invalid("You can apply at most one discount to a Checkout Session.", "discounts")
    named = (given.get("customer_update") or {}).get("name")
    if given.get("customer") and (given.get("tax_id_collection") or {}).get("enabled") and named != "auto":
        raise invalid(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing "
            "customer, please set `customer_update[name]` to `auto`.",
            "customer_update[name]",
        )
    trial_end = (given.get("subscription_data") or {}).get("trial_end")
    if trial_end is not None and trial_end < call.store.now() + _LEAST_TRIAL:
        raise invalid(
            "The `subscription_data[trial_end]` must be at least 48 hours in the future.",
            "subscription_data[trial_end]",
        )
    if mode != "subscription":
        for name in ("subscription_data", "payment_method_collection"):
            if given.get(name):
                raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    if mode == "setup" and given.get("line_items"):
        raise invalid("You can not pass `line_items` in `setup` mode.", "line_items")
    if mode == "setup" and not given.get("currency") and not given.get("payment_method_types"):
        raise invalid("You must provide `currency` in `setup` mode.", "currency", "parameter_missing")
    expires, now = given.get("expires_at"), call.store.now()
    if expires is not None and not now + 1800 <= expires <= now + EXPIRES_AFTER:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.",
            "expires_at",
        )


def _prices(store: Store, given: Json, mode: str) -> list[Json]:
    if mode == "setup":
        return []
    items = given.get("line_items") or []
    if not items:
        raise invalid(
            f"Missing required param: line_items. A session in `{mode}` mode sells something.",
            "line_items",
            "parameter_missing",
        )
    prices = []
    for number, one in enumerate(items):
        where = f"line_items[{number}]"
        refuse_unmodelled(one, "price_data", "adjustable_quantity", "dynamic_tax_rates", "tax_rates")
        price = store.get("price", one.get("price") or "", param=f"{where}[price]")
        if not price["active"]:
            raise invalid(
                "The price specified is inactive. This field only accepts active prices.", f"{where}[price]"
            )
        if price["type"] == "recurring" and mode == "payment":
            raise invalid(
                "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only "
                "one-time prices.",
                "mode",
            )
        metered = (price["recurring"] or {}).get("usage_type") == "metered"
        if not metered and one.get("quantity") is None:
            raise invalid(
                f"Missing required param: {where}[quantity].", f"{where}[quantity]", "parameter_missing"
            )
        if metered and one.get("quantity") is not None:
            raise invalid(
                "Quantity should not be specified where usage_type is `metered`.", f"{where}[quantity]"
            )
        prices.append(price)
    if mode == "subscription":
        if not any(price["type"] == "recurring" for price in prices):
            raise invalid(
                "You must provide at least one recurring price in `subscription` mode when using prices.",
                "line_items",
            )
        if not all(price["type"] == "recurring" for price in prices):
            raise invalid("The local Stripe sells no one-time price beside a subscription.", "line_items")
    return prices


def _currency(given: Json, prices: list[Json], customer: Json | None) -> str | None:
    wanted: Any = given.get("currency") or (customer or {}).get("currency")
    if not prices:
        return given.get("currency")
    currency = wanted or prices[0]["currency"]
    for number, price in enumerate(prices):
        if currency != price["currency"] and currency not in (price["currency_options"] or {}):
            raise invalid(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: `{currency}`.",
                f"line_items[{number}][price]",
            )
    if customer and customer["currency"] not in (None, currency) and given.get("mode") == "subscription":
        raise invalid(
            "You cannot combine currencies on a single customer. This customer has had a subscription, coupon, or invoice item "
            f"with currency {customer['currency']}",
            "currency",
        )
    return str(currency)


def _blank(call: Call, given: Json, mode: str, customer: Json | None) -> Json:
    now, tax = call.store.now(), bool((given.get("automatic_tax") or {}).get("enabled"))
    id = new_id("cs_test", 58)
    email = given.get("customer_email") or (customer or {}).get("email")
    collection = given.get("payment_method_collection") or ("always" if mode == "subscription" else None)
    return {
        "id": id,
        "object": KIND,
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": given.get("allow_promotion_codes"),
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": "stripe" if tax else None,
            "status": "complete" if tax else None,
        },
        "billing_address_collection": given.get("billing_address_collection"),
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        }
        | (given.get("custom_text") or {}),
        "customer": customer["id"] if customer else None,
        "customer_account": None,
        "customer_creation": None
        if customer
        else ("always" if mode == "subscription" else given.get("customer_creation") or "if_required"),
        "customer_details": {
            "address": None,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": None,
        }
        if email
        else None,
        "customer_email": given.get("customer_email"),
        "discounts": [],
        "expires_at": given.get("expires_at") or now + EXPIRES_AFTER,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": {},
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": collection,
        "payment_method_configuration_details": None,
        "payment_method_options": None,
        "payment_method_types": given.get("payment_method_types") or ["card"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": given.get("submit_type"),
        "subscription": None,
        "success_url": given["success_url"],
        "tax_id_collection": {
            "enabled": bool((given.get("tax_id_collection") or {}).get("enabled")),
            "required": "never",
        },
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": f"{call.base_url}/checkout/{id}",
        "wallet_options": None,
        "_lines": [],
    }


@route("GET", "/v1/checkout/sessions/{session}", "checkout.SessionRetrieveParams")
def get_session(call: Call) -> Json:
    return call.get(KIND)


@route("POST", "/v1/checkout/sessions/{session}", "checkout.SessionUpdateParams")
def update_session(call: Call) -> Json:
    session = call.get(KIND)
    refuse_unmodelled(
        call.params, "collected_information", "line_items", "payment_intent_data", "shipping_options"
    )
    merge_metadata(session, call.params)
    return call.store.put(session)


@route("GET", "/v1/checkout/sessions", "checkout.SessionListParams")
def list_sessions(call: Call) -> Json:
    return call.list(KIND, "customer", "payment_intent", "status", "subscription")


@route("POST", "/v1/checkout/sessions/{session}/expire", "checkout.SessionExpireParams")
def expire_session(call: Call) -> Json:
    return expire(call.store, call.get(KIND)["id"])


@route("GET", "/v1/checkout/sessions/{session}/line_items", "checkout.SessionListLineItemsParams")
def list_line_items(call: Call) -> Json:
    return call.page(call.get(KIND)["_lines"], "item")


@includable(KIND, "line_items")
def line_items_of(store: Store, session: Json) -> Json:
    held = store.find(KIND, session["id"])
    if held is None:
        raise missing(KIND, session["id"])
    return whole(held["_lines"], url=f"/v1/checkout/sessions/{session['id']}/line_items")
