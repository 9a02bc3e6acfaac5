"""Subscription schedules."""

from __future__ import annotations

from ..billing import schedules
from ..billing.saving import refuse_unmodelled
from ..routes import Call, route
from ..store import Json


@route("POST", "/v1/subscription_schedules", "SubscriptionScheduleCreateParams")
def create_schedule(call: Call) -> Json:
    return schedules.create(call.store, call.params)


@route("GET", "/v1/subscription_schedules/{schedule}", "SubscriptionScheduleRetrieveParams")
def get_schedule(call: Call) -> Json:
    return call.get("subscription_schedule")


@route("POST", "/v1/subscription_schedules/{schedule}", "SubscriptionScheduleUpdateParams")
def update_schedule(call: Call) -> Json:
    return schedules.update(call.store, call.get("subscription_schedule"), call.params)


@route("POST", "/v1/subscription_schedules/{schedule}/release", "SubscriptionScheduleReleaseParams")
def release_schedule(call: Call) -> Json:
    schedule = call.get("subscription_schedule")
    refuse_unmodelled(call.params, "preserve_cancel_date")
    return schedules.release(call.store, schedule, call.store.now(schedule["test_clock"]))


@route("POST", "/v1/subscription_schedules/{schedule}/cancel", "SubscriptionScheduleCancelParams")
def cancel_schedule(call: Call) -> Json:
    schedule = call.get("subscription_schedule")
    return schedules.cancel(call.store, schedule, call.store.now(schedule["test_clock"]))


@route("GET", "/v1/subscription_schedules", "SubscriptionScheduleListParams")
def list_schedules(call: Call) -> Json:
    found = call.store.list("subscription_schedule")
    if call.params.get("customer"):
        found = [one for one in found if one["customer"] == call.params["customer"]]
    if call.params.get("scheduled"):
        found = [one for one in found if one["status"] == "not_started"]
    return call.page(found, "subscription_schedule")
