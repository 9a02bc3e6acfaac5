"""Products."""

from __future__ import annotations

from dataclasses import replace

from ..billing.saving import refuse_unmodelled
from ..errors import empty, invalid
from ..ids import new_id
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json


@route("POST", "/v1/products", "ProductCreateParams")
def create_product(call: Call) -> Json:
    product = make_product(call, call.params)
    if "default_price_data" in call.params:
        product["default_price"] = _default_price(call, product["id"])
        call.store.put(product)
    return product


def make_product(call: Call, params: Json) -> Json:
    """Also for a price that brings its product along."""
    now = call.store.now()
    id = params.get("id") or new_id("prod", 14)
    if call.store.find("product", id) is not None:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    product: Json = {
        "id": id,
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": "",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": now,
        "url": None,
    }
    _apply(product, params)
    call.store.put(product)
    call.store.emit("product.created", product)
    return product


@route("GET", "/v1/products/{id}", "ProductRetrieveParams")
def get_product(call: Call) -> Json:
    return call.get("product")


@route("POST", "/v1/products/{id}", "ProductUpdateParams")
def update_product(call: Call) -> Json:
    before, product = call.get("product"), call.get("product")
    if call.params.get("default_price"):
        call.store.get("price", call.params["default_price"], param="default_price")
    take(product, call.params, "default_price")
    _apply(product, call.params)
    product["updated"] = call.store.now()
    return save(call, before, product, "product.updated")


@route("DELETE", "/v1/products/{id}", "ProductDeleteParams")
def delete_product(call: Call) -> Json:
    product = call.get("product")
    if call.store.list("price", product=product["id"]):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    call.store.emit("product.deleted", product)
    return call.store.delete("product", product["id"])


@route("GET", "/v1/products", "ProductListParams")
def list_products(call: Call) -> Json:
    products = call.store.list("product")
    if call.params.get("ids"):
        products = [one for one in products if one["id"] in call.params["ids"]]
    for name in ("active", "type", "url", "shippable"):
        if name in call.params:
            products = [one for one in products if one[name] == call.params[name]]
    return call.page(products, "product")


def _default_price(call: Call, product: str) -> str:
    from .prices import create_price

    params = {**call.params["default_price_data"], "product": product}
    return str(create_price(replace(call, params=params))["id"])


def _apply(product: Json, params: Json) -> None:
    refuse_unmodelled(params, "tax_details")
    take(product, params, "active", "description", "name", "package_dimensions", "shippable", "statement_descriptor", "tax_code", "unit_label", "url")  # fmt: skip
    if product["name"] is None:
        raise empty("name")
    for name in ("images", "marketing_features"):
        if name in params:
            product[name] = params[name] or []
    merge_metadata(product, params)
