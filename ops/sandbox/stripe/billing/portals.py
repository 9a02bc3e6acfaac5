"""What the customer portal does: another plan now or at the period's end, cancelling and taking it back, cards, details.

Invariant: nothing that the session's configuration does not allow, and nothing of another customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..emails import check_email
from ..engine.pricing import amount_of
from ..errors import StripeError, card_declined, invalid
from ..payments.cards import DECLINES, Card, make_method
from ..payments.intents import attach, authenticate, confirm_setup, declined
from ..resources.setup_intents import new_setup
from ..resources.tax_ids import make_tax_id
from ..store import Json, Store
from . import schedules
from .changing import change_subscription
from .checkouts import AuthenticationNeededError
from .immediately import cancel_now
from .items import is_metered, period_of
from .previewing import preview
from .saving import save

KIND: Final = "billing_portal.session"
CONFIGURATION: Final = "billing_portal.configuration"
# Stripe's: a link is good for five minutes, and for an hour after it was last used.
UNUSED_SECONDS: Final = 300
USED_SECONDS: Final = 3600
_RUNNING: Final = ("trialing", "active", "past_due", "unpaid", "paused")
_SHORTER: Final = {"day": 1, "week": 7, "month": 30, "year": 365}


class NotAllowedError(StripeError):
    """The portal's configuration has this switched off, or the thing is another customer's."""

    def __init__(self) -> None:
        super().__init__("This is not offered here. Go back to where you came from.", status=403)


@dataclass(frozen=True, slots=True)
class Portal:
    store: Store
    session: Json
    features: Json

    @property
    def customer(self) -> Json:
        return self.store.get("customer", self.session["customer"])

    def require(self, feature: str) -> Json:
        """The feature's settings. Raises NotAllowedError where it is off."""
        found: Json = self.features[feature]
        if not found["enabled"]:
            raise NotAllowedError
        return found

    def subscriptions(self) -> list[Json]:
        return [
            one
            for one in self.store.list("subscription", customer=self.session["customer"])
            if one["status"] in _RUNNING
        ]

    def subscription(self, id: str) -> Json:
        """One of this customer's. Raises NotAllowedError."""
        for one in self.subscriptions():
            if one["id"] == id:
                return one
        raise NotAllowedError


def open_session(store: Store, token: str) -> Portal | None:
    """The portal of a link that is still good; using it keeps it so."""
    found = store.list(KIND, _token=token)
    now = store.now()
    if not found:
        return None
    session = found[0]
    until = (
        session["created"] + UNUSED_SECONDS if session["_seen"] is None else session["_seen"] + USED_SECONDS
    )
    if now > until:
        return None
    store.put(session | {"_seen": now})
    configuration = store.get(CONFIGURATION, session["configuration"])
    return Portal(store, session, configuration["features"])


# --- plans ---


def offered_prices(portal: Portal, subscription: Json) -> list[Json]:
    """The prices that this subscription can change to, in its currency; its own among them."""
    settings = portal.require("subscription_update")
    if "price" not in settings["default_allowed_updates"] or len(subscription["items"]["data"]) > 1:
        return []  # Stripe's portal updates no subscription of several items.
    names = [name for one in settings.get("products") or [] for name in one["prices"]]
    prices = [portal.store.get("price", name) for name in names]
    currency = subscription["currency"]
    return [
        one
        for one in prices
        if one["active"] and (one["currency"] == currency or currency in (one.get("currency_options") or {}))
    ]


def main_item(subscription: Json) -> Json:
    """The item that a plan is: the first that is not metered."""
    items: list[Json] = subscription["items"]["data"]
    return next((one for one in items if not is_metered(one["price"])), items[0])


def waits_for_end(portal: Portal, subscription: Json, price: Json, quantity: int) -> bool:
    """Whether the configuration lets this change take place with the next period only."""
    rules = portal.features["subscription_update"]["schedule_at_period_end"]["conditions"]
    kinds = {one["type"] for one in rules}
    item = main_item(subscription)
    old = portal.store.get("price", item["price"]["id"])
    currency = subscription["currency"]
    if subscription["status"] == "trialing" or (
        old["id"] == price["id"] and quantity == item.get("quantity")
    ):
        return False
    shorter = _days(price) < _days(old)
    if "shortening_interval" in kinds and shorter:
        return True
    less = amount_of(price, quantity, currency) * _days(old) < amount_of(
        old, item["quantity"], currency
    ) * _days(price)
    return "decreasing_item_amount" in kinds and less


def _days(price: Json) -> int:
    return int(_SHORTER[price["recurring"]["interval"]] * price["recurring"]["interval_count"])


def _changes(portal: Portal, subscription: Json, price: Json, quantity: int) -> dict[str, Any]:
    settings = portal.features["subscription_update"]
    given: dict[str, Any] = {
        "items": [{"id": main_item(subscription)["id"], "price": price["id"], "quantity": quantity}],
        "proration_behavior": settings["proration_behavior"],
    }
    if settings.get("billing_cycle_anchor") == "now":
        given["billing_cycle_anchor"] = "now"
    if subscription["status"] == "trialing" and settings["trial_update_behavior"] == "end_trial":
        given["trial_end"] = "now"
    return given


def preview_plan(
    portal: Portal, subscription: Json, price: Json, quantity: int, coupons: list[Json] | None = None
) -> Json:
    """The invoice that the change would make; the next renewal where it waits for the period's end."""
    if waits_for_end(portal, subscription, price, quantity):
        given: dict[str, Any] = {
            "items": _changes(portal, subscription, price, quantity)["items"],
            "proration_behavior": "none",
        }
    else:
        given = _changes(portal, subscription, price, quantity)
    wanted: dict[str, Any] = {"subscription": subscription["id"], "subscription_details": given}
    if coupons:
        wanted["discounts"] = coupons
    if subscription["cancel_at"] is not None:
        given["cancel_at"] = None
    return preview(portal.store, wanted)


def change_plan(
    portal: Portal,
    subscription: Json,
    price: Json,
    quantity: int,
    *,
    coupons: list[Json] | None = None,
    authenticated: bool = False,
) -> Json:
    """Another plan, now or with the next period. Raises a declined card, or AuthenticationNeededError; then nothing changed."""
    portal.require("subscription_update")
    store = portal.store
    if waits_for_end(portal, subscription, price, quantity):
        return _schedule_plan(portal, subscription, price, quantity)
    given = _changes(portal, subscription, price, quantity) | {"payment_behavior": "error_if_incomplete"}
    if coupons:
        given["discounts"] = [{key: value for key, value in one.items() if value} for one in coupons]
    if subscription["cancel_at_period_end"]:
        given["cancel_at_period_end"] = False
    try:
        with store.savepoint():
            _release(store, subscription)
            return change_subscription(store, subscription["id"], given, authenticated=authenticated)
    except StripeError as error:
        if error.code == "invoice_payment_intent_requires_action":
            raise AuthenticationNeededError from error
        raise


def _schedule_plan(portal: Portal, subscription: Json, price: Json, quantity: int) -> Json:
    store = portal.store
    _release(store, subscription)
    if subscription["cancel_at"] is not None:
        change_subscription(store, subscription["id"], {"cancel_at": None})
    schedule = schedules.create(store, {"from_subscription": subscription["id"]})
    first = schedule["phases"][0]
    now_items = [
        {key: one[key] for key in ("price", "quantity") if one[key] is not None} for one in first["items"]
    ]
    item, kept = main_item(subscription), first["discounts"]
    later = [
        {"price": price["id"], "quantity": quantity} if one["price"] == item["price"]["id"] else one
        for one in now_items
    ]
    schedules.update(
        store,
        schedule,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": now_items,
                    "discounts": kept,
                    "start_date": first["start_date"],
                    "end_date": first["end_date"],
                },
                {"items": later, "discounts": kept, "proration_behavior": "none"},
            ],
        },
    )
    return store.get("subscription", subscription["id"])


def _release(store: Store, subscription: Json) -> None:
    """Whatever waits for the period's end is given up by a new choice."""
    if subscription["schedule"]:
        schedule = store.get("subscription_schedule", subscription["schedule"])
        schedules.release(store, schedule, store.now(subscription["test_clock"]))


def planned_price(portal: Portal, subscription: Json) -> tuple[Json, int] | None:
    """The price that a schedule brings next, and when."""
    schedule = portal.store.find("subscription_schedule", subscription["schedule"])
    for phase in (schedule or {}).get("phases", []):
        if phase["start_date"] == period_of(subscription).end:
            return portal.store.get("price", phase["items"][0]["price"]), phase["start_date"]
    return None


def keep_plan(portal: Portal, subscription: Json) -> None:
    """The scheduled change does not take place."""
    portal.require("subscription_update")
    _release(portal.store, subscription)


def cancel_plan(portal: Portal, subscription: Json, feedback: str, comment: str) -> None:
    """End it as the configuration says: with the period, or at once."""
    settings = portal.require("subscription_cancel")
    details: Json = {"feedback": feedback or None, "comment": comment[:500] or None}
    _release(portal.store, subscription)
    if settings["mode"] == "immediately":
        behavior = settings["proration_behavior"]
        cancel_now(
            portal.store,
            portal.store.get("subscription", subscription["id"]),
            {
                "prorate": behavior != "none",
                "invoice_now": behavior == "always_invoice",
                "cancellation_details": details,
            },
        )
        return
    change_subscription(
        portal.store, subscription["id"], {"cancel_at_period_end": True, "cancellation_details": details}
    )


def resume_plan(portal: Portal, subscription: Json) -> None:
    """A cancellation that has not come yet is taken back."""
    portal.require("subscription_cancel")
    if subscription["cancel_at"] is None:
        return
    change_subscription(portal.store, subscription["id"], {"cancel_at": None})


# --- cards and details ---


def change_card(portal: Portal, card: Card, *, authenticated: bool) -> Json:
    """A new card, from now on charged for everything. Raises a declined card, or AuthenticationNeededError."""
    portal.require("payment_method_update")
    store = portal.store
    with store.savepoint():
        if card.authenticate and not authenticated:
            raise AuthenticationNeededError
        if card.declines and card.when == "always":
            refused = DECLINES[card.declines]
            raise card_declined(refused.message, code=refused.code, decline_code=refused.decline_code)
        method = make_method(store, card)
        intent = confirm_setup(
            store, new_setup(store, customer=portal.session["customer"], method=method["id"])
        )
        if intent["status"] == "requires_action":
            intent = authenticate(store, intent, succeeded=True)
        if intent["status"] != "succeeded":
            raise declined(intent["last_setup_error"], intent)
        attach(store, store.get("payment_method", method["id"]), portal.session["customer"])
        _make_default(portal, method["id"])
    return method


def _make_default(portal: Portal, method: str) -> None:
    store = portal.store
    before, customer = portal.customer, portal.customer
    customer["invoice_settings"]["default_payment_method"] = method
    save(store, before, customer, "customer.updated")
    for subscription in portal.subscriptions():
        if subscription["default_payment_method"] not in (None, method):
            change_subscription(store, subscription["id"], {"default_payment_method": method})


def default_method(portal: Portal) -> Json | None:
    """The card that is charged next."""
    names = [one["default_payment_method"] for one in portal.subscriptions()]
    names.append(portal.customer["invoice_settings"]["default_payment_method"])
    return next(
        (found for name in names if name and (found := portal.store.find("payment_method", name))), None
    )


def change_details(portal: Portal, given: dict[str, str], tax_id: tuple[str, str] | None) -> None:
    """Name, email, address and a tax id, as far as they may be changed here. Raises what is wrong with a tax id."""
    allowed = portal.require("customer_update")["allowed_updates"]
    before, customer = portal.customer, portal.customer
    for name in ("name", "email", "phone"):
        if name in allowed and name in given:
            customer[name] = given[name] or None
    if "email" in allowed and not customer["email"]:
        raise invalid("Enter an email address.", "email")
    check_email(customer["email"])
    if "address" in allowed:
        parts = ("city", "country", "line1", "line2", "postal_code", "state")
        customer["address"] = {part: given.get(part) or None for part in parts}
    save(portal.store, before, customer, "customer.updated")
    if "tax_id" in allowed and tax_id:
        make_tax_id(portal.store, customer, *tax_id)


def remove_tax_id(portal: Portal, id: str) -> None:
    if "tax_id" not in portal.require("customer_update")["allowed_updates"]:
        raise NotAllowedError
    tax_id = portal.store.find("tax_id", id)
    if tax_id is None or tax_id["customer"] != portal.session["customer"]:
        raise NotAllowedError
    portal.store.emit("customer.tax_id.deleted", tax_id)
    portal.store.delete("tax_id", id)
