"""Prices. Amounts never change once made; what can change is whether it is sold, its names, and its lookup key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ..errors import invalid
from ..expansion import keep_hidden
from ..ids import new_id
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json, Store
from .products import make_product

_LARGEST: Final = 99_999_999
CURRENCIES: Final = frozenset(
    [
        "aed",
        "ars",
        "aud",
        "bgn",
        "brl",
        "cad",
        "chf",
        "clp",
        "cny",
        "cop",
        "czk",
        "dkk",
        "eur",
        "gbp",
        "hkd",
        "huf",
        "idr",
        "ils",
        "inr",
        "jpy",
        "krw",
        "mxn",
        "myr",
        "nok",
        "nzd",
        "pen",
        "php",
        "pln",
        "ron",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "usd",
        "uyu",
        "vnd",
        "zar",
    ]
)
keep_hidden("price", "tiers", "currency_options")


@route("POST", "/v1/prices", "PriceCreateParams")
def create_price(call: Call) -> Json:
    params = call.params
    currency = check_currency(params["currency"])
    _check_shape(params)
    recurring = params.get("recurring")
    price: Json = {
        "id": new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": params.get("billing_scheme", "per_unit"),
        "created": call.store.now(),
        "currency": currency,
        "custom_unit_amount": _custom(params.get("custom_unit_amount")),
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": params.get("nickname"),
        "product": _product(call),
        "recurring": _recurring(call.store, recurring) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers": [_tier(one) for one in params["tiers"]] if "tiers" in params else None,
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        **_amount(params),
    }
    price["currency_options"] = _options(price, params.get("currency_options") or {})
    merge_metadata(price, params)
    _take_lookup_key(call, price)
    call.store.put(price)
    call.store.emit("price.created", price)
    return price


@route("GET", "/v1/prices/{price}", "PriceRetrieveParams")
def get_price(call: Call) -> Json:
    return call.get("price")


@route("POST", "/v1/prices/{price}", "PriceUpdateParams")
def update_price(call: Call) -> Json:
    before, price = call.get("price"), call.get("price")
    params = call.params
    take(price, params, "active", "nickname")
    if "tax_behavior" in params:
        if price["tax_behavior"] not in ("unspecified", params["tax_behavior"]):
            raise invalid("The tax behavior of a price cannot be changed once it is set.", "tax_behavior")
        price["tax_behavior"] = params["tax_behavior"]
    price["currency_options"] |= _options(price, params.get("currency_options") or {})
    merge_metadata(price, params)
    _take_lookup_key(call, price)
    return save(call, before, price, "price.updated")


@route("GET", "/v1/prices", "PriceListParams")
def list_prices(call: Call) -> Json:
    prices, params = call.store.list("price"), call.params
    for name in ("active", "currency", "product", "type"):
        if params.get(name) is not None:
            prices = [one for one in prices if one[name] == params[name]]
    for name, value in (params.get("recurring") or {}).items():
        prices = [one for one in prices if (one["recurring"] or {}).get(name) == value]
    if "lookup_keys" in params:
        if len(params["lookup_keys"]) > 10:
            raise invalid("You may only pass up to 10 lookup_keys.", "lookup_keys")
        prices = [one for one in prices if one["lookup_key"] in params["lookup_keys"]]
    return call.page(prices, "price")


def check_currency(currency: str, param: str = "currency") -> str:
    """In small letters. Raises a 400 for what is none."""
    if currency.lower() not in CURRENCIES:
        raise invalid(
            f"Invalid currency: {currency.lower()}. Stripe currently supports these currencies: {', '.join(sorted(CURRENCIES))}",
            param,
        )
    return currency.lower()


def _check_shape(params: Json) -> None:
    """One amount, or tiers, or an amount of the customer's choice."""
    amounts = [
        name
        for name in ("unit_amount", "unit_amount_decimal", "custom_unit_amount")
        if params.get(name) is not None
    ]
    if params.get("billing_scheme") == "tiered":
        if amounts:
            raise invalid(f"You may not specify `{amounts[0]}` with `billing_scheme=tiered`.", amounts[0])
        if not params.get("tiers"):
            raise invalid(
                "You must specify `tiers` when `billing_scheme=tiered`.", "tiers", "parameter_missing"
            )
        if not params.get("tiers_mode"):
            raise invalid(
                "You must specify `tiers_mode` when `billing_scheme=tiered`.",
                "tiers_mode",
                "parameter_missing",
            )
        if params.get("transform_quantity"):
            raise invalid("You may not specify `transform_quantity` with `tiers`.", "transform_quantity")
        _check_tiers(params["tiers"])
        return
    if "tiers" in params or "tiers_mode" in params:
        raise invalid("You may only specify `tiers` with `billing_scheme=tiered`.", "tiers")
    if not amounts:
        raise invalid(
            "Prices require an `unit_amount`, `unit_amount_decimal` or `custom_unit_amount` parameter to be set.",
            "unit_amount",
        )
    if len(amounts) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(amounts)}.", amounts[0])


def _check_tiers(tiers: list[Json], param: str = "tiers") -> None:
    edges = [one["up_to"] for one in tiers]
    if edges[-1] != "inf":
        raise invalid("The last tier must have `up_to` set to `inf`.", f"{param}[{len(edges) - 1}][up_to]")
    if "inf" in edges[:-1] or sorted(edges[:-1]) != edges[:-1] or len(set(edges)) < len(edges):
        raise invalid("Tiers must be in ascending order of `up_to`, and only the last may be `inf`.", param)


def _amount(params: Json) -> Json:
    """`unit_amount` and `unit_amount_decimal`, as both are answered."""
    decimal = params.get("unit_amount_decimal")
    amount = params.get("unit_amount")
    if decimal is None and amount is None:
        return {"unit_amount": None, "unit_amount_decimal": None}
    value = Decimal(amount or 0) if decimal is None else decimal
    if value < 0:
        raise invalid(
            f"Invalid integer: {value} must be greater than or equal to 0",
            "unit_amount",
            "parameter_invalid_integer",
        )
    if value > _LARGEST:
        raise invalid(f"Amount must be no more than {_LARGEST}", "unit_amount", "amount_too_large")
    whole = value == value.to_integral_value()
    return {"unit_amount": int(value) if whole else None, "unit_amount_decimal": _plain(value)}


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _tier(sent: Json) -> Json:
    unit, flat = (
        _amount(sent),
        _amount(
            {"unit_amount": sent.get("flat_amount"), "unit_amount_decimal": sent.get("flat_amount_decimal")}
        ),
    )
    return {
        "flat_amount": flat["unit_amount"],
        "flat_amount_decimal": flat["unit_amount_decimal"],
        **unit,
        "up_to": None if sent["up_to"] == "inf" else sent["up_to"],
    }


def _options(price: Json, sent: dict[str, Any]) -> Json:
    """The price in each currency, its own among them."""
    own = {
        "custom_unit_amount": price["custom_unit_amount"],
        "tax_behavior": price["tax_behavior"],
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    options = {price["currency"]: own | ({"tiers": price["tiers"]} if price["tiers"] else {})}
    for currency, one in sent.items():
        check_currency(currency, f"currency_options[{currency}]")
        if currency == price["currency"]:
            raise invalid(
                "The price's own currency is not among its currency_options.", f"currency_options[{currency}]"
            )
        options[currency] = {
            "custom_unit_amount": _custom(one.get("custom_unit_amount")),
            "tax_behavior": one.get("tax_behavior", "unspecified"),
            **_amount(one),
        }
        if one.get("tiers"):
            _check_tiers(one["tiers"], f"currency_options[{currency}][tiers]")
            options[currency]["tiers"] = [_tier(tier) for tier in one["tiers"]]
    return options


def _custom(sent: Json | None) -> Json | None:
    if not sent or not sent["enabled"]:
        return None
    return {name: sent.get(name) for name in ("maximum", "minimum", "preset")}


def _recurring(store: Store, sent: Json) -> Json:
    count = sent.get("interval_count", 1)
    most = {"day": 1095, "week": 156, "month": 36, "year": 3}[sent["interval"]]
    if not 1 <= count <= most:
        raise invalid(
            "You cannot bill for more than three years: choose a smaller `interval_count`.",
            "recurring[interval_count]",
        )
    meter, usage = sent.get("meter"), sent.get("usage_type", "licensed")
    if usage == "metered" and not meter:
        raise invalid(
            "`recurring[meter]` must be provided when `recurring[usage_type]=metered`.",
            "recurring[meter]",
            "parameter_missing",
        )
    if meter:
        if usage != "metered":
            raise invalid(
                "`recurring[meter]` can only be set with `recurring[usage_type]=metered`.", "recurring[meter]"
            )
        if store.get("billing.meter", meter, param="recurring[meter]")["status"] != "active":
            raise invalid("The meter is not active.", "recurring[meter]")
    return {
        "interval": sent["interval"],
        "interval_count": count,
        "meter": meter,
        "trial_period_days": sent.get("trial_period_days"),
        "usage_type": usage,
    }


def _product(call: Call) -> str:
    params = call.params
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    if "product_data" in params:
        return str(make_product(call, params["product_data"])["id"])
    return str(call.store.get("product", params["product"], param="product")["id"])


def _take_lookup_key(call: Call, price: Json) -> None:
    """A lookup key names one price at a time; it is taken from another only when that is asked for."""
    if "lookup_key" not in call.params:
        return
    key = call.params["lookup_key"]
    if key is not None:
        if len(key) > 200:
            raise invalid("Lookup keys can have at most 200 characters.", "lookup_key")
        for other in call.store.list("price", lookup_key=key):
            if other["id"] == price["id"]:
                continue
            if not call.params.get("transfer_lookup_key"):
                raise invalid(
                    f"A price (`{other['id']}`) already uses that lookup key.",
                    "lookup_key",
                    "resource_already_exists",
                )
            call.store.put(other | {"lookup_key": None})
            call.store.emit("price.updated", other | {"lookup_key": None}, {"lookup_key": key})
    price["lookup_key"] = key
