"""Discounts: coupons and promotion codes given to a subscription or a customer, and taken off when they run.

Invariant: a discount holds one coupon; a coupon is counted as redeemed once for each discount; what a `once` coupon has taken
off is taken off no second time.
"""

from __future__ import annotations

from ..engine.discounts import Coupon, CouponUnusableError, amount_off, end_of, is_redeemable, runs_at
from ..errors import StripeError, invalid, missing
from ..ids import new_id
from ..store import Json, Store
from .saving import Given


def find_coupon(
    store: Store, given: Given, param: str, *, customer: str | None, now: int
) -> tuple[Json, Json | None]:
    """The coupon that is meant, and the promotion code where one was given. Raises Stripe's refusals."""
    if given.get("promotion_code"):
        code = store.get("promotion_code", given["promotion_code"], param=f"{param}[promotion_code]")
        coupon = store.get("coupon", code["promotion"]["coupon"])
        _check_code(store, code, customer, now, f"{param}[promotion_code]")
        return coupon, code
    if not given.get("coupon"):
        raise invalid("You must pass one of coupon, promotion_code or discount.", param, "parameter_missing")
    coupon = store.get("coupon", given["coupon"], param=f"{param}[coupon]")
    if not is_redeemable(coupon, now):
        raise invalid(f"Coupon expired: {coupon['id']}", f"{param}[coupon]", "coupon_expired")
    return coupon, None


def find_code(store: Store, words: str, *, customer: str | None, now: int) -> Json:
    """The promotion code that a person typed. Raises what Checkout says of a wrong one."""
    for code in store.list("promotion_code"):
        if code["code"].casefold() == words.strip().casefold() and code["active"]:
            _check_code(store, code, customer, now, "promotion_code")
            return code
    raise missing("promotion_code", words[:80], "promotion_code")


def _check_code(store: Store, code: Json, customer: str | None, now: int, param: str) -> None:
    coupon = store.find("coupon", code["promotion"]["coupon"])
    if coupon is None or not is_redeemable(code, now) or not is_redeemable(coupon, now):
        raise invalid(f"This promotion code is expired: {code['code']}.", param, "coupon_expired")
    if code.get("customer") not in (None, customer):
        raise invalid("This promotion code cannot be redeemed by this customer.", param)
    if code["restrictions"]["first_time_transaction"] and customer and _has_paid(store, customer):
        raise invalid(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            param,
        )


def _has_paid(store: Store, customer: str) -> bool:
    return any(one["amount_paid"] > 0 for one in store.list("invoice", customer=customer)) or any(
        one["status"] == "succeeded" for one in store.list("payment_intent", customer=customer)
    )


def check_minimum(code: Json | None, amount: int, currency: str) -> None:
    """A promotion code may ask for a least amount."""
    if code is None:
        return
    rules = code["restrictions"]
    option = (rules.get("currency_options") or {}).get(currency)
    least = option["minimum_amount"] if option else rules["minimum_amount"]
    if least is not None and amount < least:
        raise invalid(
            "This promotion code cannot be redeemed because the order is below its minimum amount.",
            "discounts",
        )


def check_currency(coupon: Coupon, currency: str, param: str) -> None:
    try:
        amount_off(coupon, currency)
    except CouponUnusableError:
        raise invalid(
            f"The coupon's currency `{coupon.get('currency')}` does not match the currency `{currency}`.",
            param,
        ) from None


def give(
    store: Store, given: Given, param: str, *, holder: Json, now: int, session: str | None = None
) -> str:
    """Give a subscription a discount, by coupon, promotion code or a discount that it has. Returns the discount's id."""
    if given.get("discount"):
        if given["discount"] not in holder["discounts"]:
            raise missing("discount", given["discount"], f"{param}[discount]")
        return str(given["discount"])
    coupon, code = find_coupon(store, given, param, customer=holder["customer"], now=now)
    check_currency(coupon, holder["currency"], f"{param}[coupon]")
    discount = build_discount(
        coupon, code, customer=holder["customer"], subscription=holder["id"], session=session, now=now
    )
    store.put(discount)
    _count(store, coupon)
    if code is not None:
        _count(store, code)
    store.emit("customer.discount.created", discount)
    return str(discount["id"])


def build_discount(
    coupon: Json, code: Json | None, *, customer: str, subscription: str | None, session: str | None, now: int
) -> Json:
    return {
        "id": new_id("di"),
        "object": "discount",
        "checkout_session": session,
        "customer": customer,
        "customer_account": None,
        "end": end_of(coupon, now),
        "invoice": None,
        "invoice_item": None,
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": now,
        "subscription": subscription,
        "subscription_item": None,
    }


def _count(store: Store, redeemed: Json) -> None:
    redeemed["times_redeemed"] += 1
    most = redeemed.get("max_redemptions")
    if most is not None and redeemed["times_redeemed"] >= most:
        redeemed["valid" if redeemed["object"] == "coupon" else "active"] = False
    store.put(redeemed)


def give_all(
    store: Store, given: list[Given] | None, *, holder: Json, now: int, session: str | None = None
) -> list[str]:
    """Replace what the subscription holds: given ones are added or kept, the others end."""
    kept = [
        give(store, one, f"discounts[{number}]", holder=holder, now=now, session=session)
        for number, one in enumerate(given or [])
    ]
    for gone in holder["discounts"]:
        if gone not in kept:
            end(store, gone)
    return kept


def end(store: Store, discount_id: str) -> None:
    discount = store.find("discount", discount_id)
    if discount is not None:
        store.put(discount | {"_ended": True})
        store.emit("customer.discount.deleted", discount)


def running(store: Store, ids: list[str], now: int) -> list[tuple[str, Json]]:
    """Pairs of a discount's id and its coupon, for those that still run."""
    found = []
    for id in ids:
        discount = store.find("discount", id)
        coupon = store.find("coupon", discount["source"]["coupon"]) if discount else None
        if discount and coupon and runs_at(discount, now):
            found.append((id, coupon))
    return found


def holder_discounts(store: Store, subscription: Json, now: int) -> list[tuple[str, Json]]:
    """The subscription's discounts; the customer's own where it has none. A preview may hold others in `_coupons`."""
    if "_coupons" in subscription:
        return [(str(name), coupon) for name, coupon in subscription["_coupons"]]
    found = running(store, subscription["discounts"], now)
    if found:
        return found
    customer = store.find("customer", subscription["customer"]) or {}
    own = customer.get("discount")
    return running(store, [own["id"] if isinstance(own, dict) else own], now) if own else []


def use_up(store: Store, subscription: Json, used: set[str], now: int) -> None:
    """Take off the subscription what took something off and was for once, and what has ended."""
    for id in list(subscription["discounts"]):
        discount = store.find("discount", id)
        coupon = store.find("coupon", discount["source"]["coupon"]) if discount else None
        spent = coupon is not None and coupon["duration"] == "once" and id in used
        if discount is None or coupon is None or spent or not runs_at(discount, now):
            subscription["discounts"].remove(id)
            end(store, id)


def preview_coupons(
    store: Store, given: list[Given], holder: Json | None, customer: str | None, now: int
) -> list[tuple[str, Json]]:
    """What a preview's `discounts` would take off, without giving them."""
    found = []
    for number, one in enumerate(given):
        if one.get("discount") and holder is not None:
            found += running(store, [one["discount"]], now)
            continue
        coupon, _ = find_coupon(store, one, f"discounts[{number}]", customer=customer, now=now)
        found.append((f"di_preview{number}", coupon))
    return found


def refuse_both(given: Given) -> None:
    """Checkout takes either codes typed by the person or discounts given by the server."""
    if given.get("discounts") and given.get("allow_promotion_codes"):
        raise StripeError("You may only specify one of these parameters: allow_promotion_codes, discounts.")
