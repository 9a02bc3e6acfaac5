"""Coupons and promotion codes."""

from __future__ import annotations

import re
from typing import Final

from ..errors import invalid
from ..expansion import keep_hidden
from ..ids import new_id, random_text
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json, Store
from .prices import check_currency

_LATEST: Final = (5 * 365 + 2) * 86_400
_CODE: Final = re.compile(r"^[A-Za-z0-9-]{1,500}$")
keep_hidden("coupon", "applies_to", "currency_options")


@route("POST", "/v1/coupons", "CouponCreateParams")
def create_coupon(call: Call) -> Json:
    params = call.params
    _check(call)
    id = params.get("id") or random_text(8)
    if call.store.find("coupon", id):
        raise invalid(f"Coupon already exists: {id}.", "id", "resource_already_exists")
    for product in (params.get("applies_to") or {}).get("products", []):
        call.store.get("product", product, param="applies_to[products]")
    coupon: Json = {
        "id": id,
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": call.store.now(),
        "currency": check_currency(params["currency"]) if params.get("amount_off") else None,
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": {},
        "name": params.get("name"),
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    if params.get("applies_to"):
        coupon["applies_to"] = {"products": params["applies_to"].get("products", [])}
    if params.get("currency_options"):
        coupon["currency_options"] = {
            check_currency(key): one for key, one in params["currency_options"].items()
        }
    merge_metadata(coupon, params)
    call.store.put(coupon)
    call.store.emit("coupon.created", coupon)
    return coupon


@route("GET", "/v1/coupons/{coupon}", "CouponRetrieveParams")
def get_coupon(call: Call) -> Json:
    return current_coupon(call.store, call.get("coupon"))


@route("POST", "/v1/coupons/{coupon}", "CouponUpdateParams")
def update_coupon(call: Call) -> Json:
    before, coupon = call.get("coupon"), call.get("coupon")
    take(coupon, call.params, "name")
    merge_metadata(coupon, call.params)
    return current_coupon(call.store, save(call, before, coupon, "coupon.updated"))


@route("DELETE", "/v1/coupons/{coupon}", "CouponDeleteParams")
def delete_coupon(call: Call) -> Json:
    coupon = call.get("coupon")
    call.store.emit("coupon.deleted", coupon)
    return call.store.delete("coupon", coupon["id"])


@route("GET", "/v1/coupons", "CouponListParams")
def list_coupons(call: Call) -> Json:
    return call.page([current_coupon(call.store, one) for one in call.store.list("coupon")], "coupon")


@route("POST", "/v1/promotion_codes", "PromotionCodeCreateParams")
def create_code(call: Call) -> Json:
    params = call.params
    coupon = call.store.get("coupon", params["promotion"].get("coupon") or "", param="promotion[coupon]")
    call.named("customer", "customer")
    text = params.get("code") or random_text(8).upper()
    if not _CODE.match(text):
        raise invalid("Promotion codes may hold letters, digits and dashes alone.", "code")
    _check_is_free(call.store, text, params.get("customer"))
    restrictions = params.get("restrictions") or {}
    if restrictions.get("minimum_amount") and not restrictions.get("minimum_amount_currency"):
        raise invalid(
            "You must pass `minimum_amount_currency` with `minimum_amount`.",
            "restrictions[minimum_amount_currency]",
        )
    most, whole = params.get("max_redemptions"), coupon["max_redemptions"]
    if most is not None and whole is not None and most > whole:
        raise invalid("The code's `max_redemptions` cannot be greater than its coupon's.", "max_redemptions")
    if params.get("expires_at") is not None and params["expires_at"] <= call.store.now():
        raise invalid("The expiry of a promotion code must lie in the future.", "expires_at")
    if coupon["redeem_by"] is not None and (params.get("expires_at") or 0) > coupon["redeem_by"]:
        raise invalid("A promotion code cannot expire after its coupon's `redeem_by`.", "expires_at")
    code: Json = {
        "id": new_id("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": text,
        "created": call.store.now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": most,
        "metadata": {},
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": restrictions.get("first_time_transaction", False),
            "minimum_amount": restrictions.get("minimum_amount"),
            "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    merge_metadata(code, params)
    call.store.put(code)
    call.store.emit("promotion_code.created", code)
    return current_code(call.store, code)


@route("GET", "/v1/promotion_codes/{promotion_code}", "PromotionCodeRetrieveParams")
def get_code(call: Call) -> Json:
    return current_code(call.store, call.get("promotion_code"))


@route("POST", "/v1/promotion_codes/{promotion_code}", "PromotionCodeUpdateParams")
def update_code(call: Call) -> Json:
    before, code = call.get("promotion_code"), call.get("promotion_code")
    if call.params.get("active") and not code["active"]:
        _check_is_free(call.store, code["code"], code["customer"])
    take(code, call.params, "active")
    merge_metadata(code, call.params)
    return current_code(call.store, save(call, before, code, "promotion_code.updated"))


@route("GET", "/v1/promotion_codes", "PromotionCodeListParams")
def list_codes(call: Call) -> Json:
    codes = [current_code(call.store, one) for one in call.store.list("promotion_code")]
    params = call.params
    if params.get("code"):
        codes = [one for one in codes if one["code"].lower() == params["code"].lower()]
    if params.get("coupon"):
        codes = [one for one in codes if one["promotion"]["coupon"] == params["coupon"]]
    for name in ("active", "customer"):
        if params.get(name) is not None:
            codes = [one for one in codes if one[name] == params[name]]
    return call.page(codes, "promotion_code")


def current_coupon(store: Store, coupon: Json) -> Json:
    """With `valid` as it is at this moment."""
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] is not None and coupon["redeem_by"] <= store.now()
    return coupon | {"valid": not (spent or late)}


def current_code(store: Store, code: Json) -> Json:
    """With `active` as it is at this moment: spent, expired, or without a valid coupon it is not."""
    spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    late = code["expires_at"] is not None and code["expires_at"] <= store.now()
    coupon = store.find("coupon", code["promotion"]["coupon"])
    alive = coupon is not None and current_coupon(store, coupon)["valid"]
    return code | {"active": code["active"] and alive and not (spent or late)}


def _check(call: Call) -> None:
    params = call.params
    amount, percent = params.get("amount_off"), params.get("percent_off")
    if (amount is None) == (percent is None):
        raise invalid(
            "You must pass either `amount_off` or `percent_off`, and not both.",
            "percent_off",
            "parameter_missing",
        )
    if amount is not None and amount < 1:
        raise invalid(
            "Invalid integer: must be greater than or equal to 1", "amount_off", "parameter_invalid_integer"
        )
    if amount is not None and not params.get("currency"):
        raise invalid("You must pass `currency` when passing `amount_off`.", "currency", "parameter_missing")
    if percent is not None and not 0 < percent <= 100:
        raise invalid("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off")
    if (params.get("duration") == "repeating") != (params.get("duration_in_months") is not None):
        raise invalid(
            "`duration_in_months` is for coupons with `duration=repeating`, which need it.",
            "duration_in_months",
        )
    now, last = call.store.now(), params.get("redeem_by")
    if last is not None and not now < last <= now + _LATEST:
        raise invalid(
            "The `redeem_by` of a coupon must lie in the future, at most five years ahead.", "redeem_by"
        )


def _check_is_free(store: Store, text: str, customer: str | None) -> None:
    """One active code of a spelling for a customer, or for everybody."""
    for one in store.list("promotion_code", active=True):
        if (
            one["code"].lower() == text.lower()
            and one["customer"] in (None, customer)
            and current_code(store, one)["active"]
        ):
            raise invalid(f"An active promotion code with `code: {text}` already exists.", "code")
