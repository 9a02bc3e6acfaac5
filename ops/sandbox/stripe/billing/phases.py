"""The phases of a subscription schedule: from parameters, and against what a subscription now bills."""

from __future__ import annotations

from typing import Final

from ..engine.periods import boundary
from ..errors import invalid
from ..store import Json, Store
from .items import resolve_price, terms_of
from .saving import Given, refuse_unmodelled

_PARTS: Final = ("application_fee_percent", "billing_thresholds", "default_tax_rates", "on_behalf_of", "transfer_data",
                "add_invoice_items", "iterations")  # fmt: skip


def build_phases(store: Store, given: list[Given], start: int, currency: str | None) -> list[Json]:
    """Phases from parameters, the first from `start` on, each from where the one before ends."""
    phases = []
    for number, one in enumerate(given):
        where = f"phases[{number}]"
        refuse_unmodelled(one, *_PARTS)
        asked = one.get("start_date")
        if asked not in (None, "now", start):
            raise invalid(
                "The phases must be contiguous: each begins where the one before ends.",
                f"{where}[start_date]",
            )
        prices = [
            resolve_price(store, item, f"{where}[items][{at}]")
            for at, item in enumerate(one.get("items") or [])
        ]
        if not prices:
            raise invalid(f"Missing required param: {where}[items].", f"{where}[items]", "parameter_missing")
        terms = terms_of([{"price": price} for price in prices])
        phase = new_phase(
            one.get("currency") or currency or prices[0]["currency"],
            start,
            _phase_end(one, start, terms, where),
        )
        phase["items"] = [
            phase_item(price["id"], item.get("quantity"), item.get("metadata") or {})
            for price, item in zip(prices, one["items"], strict=True)
        ]
        phase["proration_behavior"] = one.get("proration_behavior") or "create_prorations"
        phase["billing_cycle_anchor"] = one.get("billing_cycle_anchor")
        phase["collection_method"], phase["description"] = (
            one.get("collection_method"),
            one.get("description"),
        )
        if one.get("invoice_settings"):
            refuse_unmodelled(
                one["invoice_settings"], "account_tax_ids", "custom_fields", "description", "footer", "issuer"
            )
            phase["invoice_settings"] = {"days_until_due": one["invoice_settings"].get("days_until_due")}
        phase["metadata"] = dict(one.get("metadata") or {})
        phase["trial_end"] = phase["end_date"] if one.get("trial") else one.get("trial_end")
        phase["discounts"] = [
            {
                "coupon": d.get("coupon"),
                "discount": d.get("discount"),
                "promotion_code": d.get("promotion_code"),
            }
            for d in one.get("discounts") or []
        ]
        phases.append(phase)
        start = phase["end_date"]
    return phases


def _phase_end(given: Given, start: int, terms: tuple[str, int], where: str) -> int:
    end, lasts = given.get("end_date"), given.get("duration")
    if end is not None and lasts is not None:
        raise invalid(
            "You may only specify one of these parameters: end_date, duration.", f"{where}[end_date]"
        )
    if lasts is not None:
        return boundary(start, lasts["interval"], lasts.get("interval_count") or 1, 1)
    if end is None:
        return boundary(start, *terms, 1)
    if int(end) <= start:
        raise invalid("A phase must end after it begins.", f"{where}[end_date]")
    return int(end)


def collection_of(usual: Json, phase: Json) -> Json:
    """How a phase is paid, as a subscription's parameters: what it says itself, else as usual, which is a schedule's default settings
    or the subscription as it stands."""
    method = phase["collection_method"] or usual["collection_method"]
    if method != "send_invoice":
        return {"collection_method": method}
    told = (phase["invoice_settings"] or {}).get("days_until_due")
    days = told or (usual.get("invoice_settings") or {}).get("days_until_due") or usual.get("days_until_due")
    return {"collection_method": method, "days_until_due": days}


def discounts_of(phase: Json, standing: list[str] | None = None) -> list[Given]:
    """The phase's discounts as a subscription's parameter. A subscription has those and no others: what is not named again is gone.

    `standing`: the discounts that there are; one that was used up meanwhile is then left out.
    """
    named = [{key: value for key, value in one.items() if value} for one in phase["discounts"]]
    return [one for one in named if standing is None or "discount" not in one or one["discount"] in standing]


def items_for(subscription: Json, phase: Json) -> list[Given]:
    """What `items` of an update would make the subscription match the phase; empty where it does already."""
    held = list(subscription["items"]["data"])
    wanted, new, changed = list(phase["items"]), [], []
    for one in list(wanted):
        same = next((item for item in held if item["price"]["id"] == one["price"]), None)
        if same is not None:
            held.remove(same)
            wanted.remove(one)
            if one["quantity"] is not None and one["quantity"] != same.get("quantity"):
                changed.append({"id": same["id"], "quantity": one["quantity"]})
    for one in wanted:
        part: Given = {"price": one["price"]} | (
            {"quantity": one["quantity"]} if one["quantity"] is not None else {}
        )
        if held:
            changed.append({"id": held.pop(0)["id"]} | part)
        else:
            new.append(part)
    return changed + [{"id": item["id"], "deleted": True} for item in held] + new


def new_phase(currency: str, start: int, end: int) -> Json:
    empty = ("application_fee_percent", "automatic_tax", "billing_cycle_anchor", "billing_thresholds", "collection_method",
             "default_payment_method", "description", "invoice_settings", "on_behalf_of", "transfer_data", "trial_end")  # fmt: skip
    return dict.fromkeys(empty) | {
        "add_invoice_items": [],
        "currency": currency,
        "default_tax_rates": [],
        "discounts": [],
        "end_date": end,
        "items": [],
        "metadata": {},
        "proration_behavior": "create_prorations",
        "start_date": start,
    }


def phase_item(price: str, quantity: int | None, metadata: Json) -> Json:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(metadata),
        "plan": price,
        "price": price,
        "quantity": quantity,
        "tax_rates": [],
    }
