"""Billing meters, what is reported to them, and the sums.

Invariant: an identifier counts once within a day. Where Stripe checks an event later and reports its error apart (an unknown
customer), it is refused at once here: the caller has a bug either way.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..errors import StripeError, invalid
from ..ids import new_id
from ..routes import Call, route, save
from ..store import Json, Store

EVENT: Final = "_meter_event"
_WINDOWS: Final = {"hour": 3600, "day": 86_400}
_PAST_SECONDS: Final = 35 * 86_400
_FUTURE_SECONDS: Final = 5 * 60
_DAY: Final = 86_400


@route("POST", "/v1/billing/meters", "billing.MeterCreateParams")
def create_meter(call: Call) -> Json:
    params, now = call.params, call.store.now()
    if call.store.list("billing.meter", event_name=params["event_name"], status="active"):
        raise invalid(
            f"An active meter with the event name '{params['event_name']}' already exists.",
            "event_name",
            "resource_already_exists",
        )
    meter: Json = {
        "id": new_id("mtr"),
        "object": "billing.meter",
        "created": now,
        "customer_mapping": params.get(
            "customer_mapping", {"event_payload_key": "stripe_customer_id", "type": "by_id"}
        ),
        "default_aggregation": params["default_aggregation"],
        "display_name": params["display_name"],
        "event_name": params["event_name"],
        "event_time_window": params.get("event_time_window"),
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": now,
        "value_settings": params.get("value_settings", {"event_payload_key": "value"}),
    }
    call.store.put(meter)
    call.store.emit("billing.meter.created", meter)
    return meter


@route("GET", "/v1/billing/meters", "billing.MeterListParams")
def list_meters(call: Call) -> Json:
    return call.list("billing.meter", "status")


@route("GET", "/v1/billing/meters/{id}", "billing.MeterRetrieveParams")
def get_meter(call: Call) -> Json:
    return call.get("billing.meter")


@route("POST", "/v1/billing/meters/{id}", "billing.MeterUpdateParams")
def update_meter(call: Call) -> Json:
    before, meter = call.get("billing.meter"), call.get("billing.meter")
    meter |= {
        "display_name": call.params.get("display_name", meter["display_name"]),
        "updated": call.store.now(),
    }
    return save(call, before, meter, "billing.meter.updated")


@route("POST", "/v1/billing/meters/{id}/deactivate", "billing.MeterDeactivateParams")
def deactivate_meter(call: Call) -> Json:
    return _switch(call, "inactive", call.store.now(), "billing.meter.deactivated")


@route("POST", "/v1/billing/meters/{id}/reactivate", "billing.MeterReactivateParams")
def reactivate_meter(call: Call) -> Json:
    return _switch(call, "active", None, "billing.meter.reactivated")


@route("POST", "/v1/billing/meter_events", "billing.MeterEventCreateParams")
def create_meter_event(call: Call) -> Json:
    params, store = call.params, call.store
    meter = _meter_of(store, params["event_name"])
    customer = _customer_of(store, meter, params["payload"])
    value = _value_of(meter, params["payload"])
    clock = customer.get("test_clock")
    now = store.now(clock)
    timestamp = params.get("timestamp", now)
    if timestamp < now - _PAST_SECONDS:
        raise invalid(
            "The event timestamp is too far in the past: it must be within the last 35 days.",
            "timestamp",
            "timestamp_too_far_in_past",
        )
    if timestamp > now + _FUTURE_SECONDS:
        raise invalid(
            "The event timestamp is in the future: at most 5 minutes are allowed.",
            "timestamp",
            "timestamp_in_future",
        )
    identifier = params.get("identifier") or new_id("ident", 20)
    if len(identifier) > 100:
        raise invalid("Identifiers can have at most 100 characters.", "identifier")
    _check_new(store, identifier)
    store.put(
        {
            "object": EVENT,
            "id": new_id("mev"),
            "meter": meter["id"],
            "customer": customer["id"],
            "identifier": identifier,
            "value": value,
            "timestamp": timestamp,
            "received": store.now(),
            "canceled": False,
        }
    )
    return {
        "object": "billing.meter_event",
        "created": now,
        "event_name": params["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": params["payload"],
        "timestamp": timestamp,
    }


@route("POST", "/v1/billing/meter_event_adjustments", "billing.MeterEventAdjustmentCreateParams")
def create_adjustment(call: Call) -> Json:
    meter = _meter_of(call.store, call.params["event_name"])
    identifier = (call.params.get("cancel") or {}).get("identifier")
    if not identifier:
        raise invalid(
            "Missing required param: cancel[identifier].", "cancel[identifier]", "parameter_missing"
        )
    found = call.store.list(EVENT, meter=meter["id"], identifier=identifier, canceled=False)
    if not found or found[0]["received"] < call.store.now() - _DAY:
        raise invalid(
            f"No meter event with identifier '{identifier}' was received within the last 24 hours.",
            "cancel[identifier]",
            "resource_missing",
        )
    call.store.put(found[0] | {"canceled": True})
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": meter["event_name"],
        "livemode": False,
        "status": "pending",
        "type": "cancel",
    }


@route("GET", "/v1/billing/meters/{id}/event_summaries", "billing.MeterEventSummaryListParams")
def list_summaries(call: Call) -> Json:
    params, meter = call.params, call.get("billing.meter")
    customer = call.store.get("customer", params["customer"], param="customer")["id"]
    start, end = params["start_time"], params["end_time"]
    window = params.get("value_grouping_window")
    size = _WINDOWS.get(window or "", 60)
    for name in ("start_time", "end_time"):
        if params[name] % size:
            raise invalid(f"The {name} must be aligned with {window or 'minute'} boundaries.", name)
    if end <= start:
        raise invalid("The end_time must be greater than the start_time.", "end_time")
    edges = list(range(start, end, size)) if window else [start]
    summaries = []
    for edge in edges:
        until = edge + size if window else end
        if events_between(call.store, meter["id"], customer, edge, until):
            value = usage_of(call.store, meter["id"], customer, edge, until)
            summaries.append(_summary(meter["id"], customer, edge, until, value))
    return call.page(summaries[::-1], "billing.meter_event_summary")


def events_between(store: Store, meter: str, customer: str, start: int, end: int) -> list[Json]:
    """What was reported for that time, the oldest first: `start` inclusive, `end` not."""
    found = store.list(EVENT, meter=meter, customer=customer, canceled=False)
    return sorted(
        (one for one in found if start <= one["timestamp"] < end), key=lambda one: int(one["timestamp"])
    )


def usage_of(store: Store, meter: str, customer: str, start: int, end: int) -> int:
    """By the meter's formula; never below zero, as it is billed."""
    formula = store.get("billing.meter", meter)["default_aggregation"]["formula"]
    events = events_between(store, meter, customer, start, end)
    if formula == "count":
        return len(events)
    if formula == "last":
        return max(0, int(events[-1]["value"])) if events else 0
    return max(0, sum(int(one["value"]) for one in events))


def _summary(meter: str, customer: str, start: int, end: int, value: int) -> Json:
    return {
        "id": f"mtrusg_test_{meter[-8:]}{customer[-8:]}{start}{end}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(value),
        "end_time": end,
        "livemode": False,
        "meter": meter,
        "start_time": start,
    }


def _switch(call: Call, status: str, at: int | None, event: str) -> Json:
    meter = call.get("billing.meter")
    if meter["status"] == status:
        raise invalid(f"This meter is already {status}.")
    meter |= {"status": status, "status_transitions": {"deactivated_at": at}, "updated": call.store.now()}
    call.store.put(meter)
    call.store.emit(event, meter)
    return meter


def _meter_of(store: Store, event_name: str) -> Json:
    meters = store.list("billing.meter", event_name=event_name)
    if not meters:
        raise invalid(f"No meter was found for the event name '{event_name}'.", "event_name", "no_meter")
    if meters[0]["status"] != "active":
        raise invalid(
            f"The meter of the event name '{event_name}' is not active.", "event_name", "archived_meter"
        )
    return meters[0]


def _customer_of(store: Store, meter: Json, payload: dict[str, Any]) -> Json:
    key = meter["customer_mapping"]["event_payload_key"]
    if not payload.get(key):
        raise invalid(
            f"The payload must name a customer under '{key}'.",
            f"payload[{key}]",
            "meter_event_no_customer_defined",
        )
    found = store.find("customer", payload[key])
    if found is None or found.get("deleted"):
        raise invalid(
            f"No such customer: '{payload[key]}'", f"payload[{key}]", "meter_event_customer_not_found"
        )
    return found


def _value_of(meter: Json, payload: dict[str, Any]) -> int:
    key = meter["value_settings"]["event_payload_key"]
    text = str(payload.get(key, "1" if meter["default_aggregation"]["formula"] == "count" else ""))
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise invalid(
            f"The payload's '{key}' must be a whole number, not '{text[:40]}'.",
            f"payload[{key}]",
            "meter_event_invalid_value",
        )
    return int(text)


def _check_new(store: Store, identifier: str) -> None:
    for one in store.list(EVENT, identifier=identifier):
        if one["received"] > store.now() - _DAY:
            raise StripeError(
                f"An event already exists with identifier {identifier}.",
                param="identifier",
                code="duplicate_meter_event",
            )
