"""Test clocks: time of their own for the customers that were made with one."""

from __future__ import annotations

from ..billing import ticker as ticker
from ..billing.clocks import LONGEST_INTERVALS, advance_to, latest
from ..engine.periods import DAY
from ..errors import invalid
from ..ids import new_id
from ..routes import Call, route
from ..store import Json

_CLOCK = "test_helpers.test_clock"


@route("POST", "/v1/test_helpers/test_clocks", "test_helpers.TestClockCreateParams")
def create_clock(call: Call) -> Json:
    now = call.store.now()
    clock = {
        "id": new_id("clock", 24),
        "object": _CLOCK,
        "created": now,
        "deletes_after": now + 30 * DAY,
        "frozen_time": call.params["frozen_time"],
        "livemode": False,
        "name": call.params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    call.store.put(clock)
    call.store.emit("test_helpers.test_clock.created", clock)
    return clock


@route("GET", "/v1/test_helpers/test_clocks/{clock}", "test_helpers.TestClockRetrieveParams")
def get_clock(call: Call) -> Json:
    return call.get(_CLOCK)


@route("GET", "/v1/test_helpers/test_clocks", "test_helpers.TestClockListParams")
def list_clocks(call: Call) -> Json:
    return call.list(_CLOCK)


@route("POST", "/v1/test_helpers/test_clocks/{clock}/advance", "test_helpers.TestClockAdvanceParams")
def advance_clock(call: Call) -> Json:
    clock, target = call.get(_CLOCK), call.params["frozen_time"]
    if clock["status"] != "ready":
        raise invalid("Test clock advancement underway - cannot advance again until it is ready.")
    if target <= clock["frozen_time"]:
        raise invalid("Test clocks can only be advanced forward in time.", "frozen_time")
    farthest = latest(call.store, clock)
    if target > farthest:
        raise invalid(
            f"Test clocks can only be advanced up to {LONGEST_INTERVALS} intervals of the shortest subscription at a time "
            f"(to {farthest}); advance in steps.",
            "frozen_time",
        )
    return advance_to(call.store, clock, target)


@route("DELETE", "/v1/test_helpers/test_clocks/{clock}", "test_helpers.TestClockDeleteParams")
def delete_clock(call: Call) -> Json:
    """With it go its customers and their subscriptions."""
    clock = call.get(_CLOCK)
    for kind in ("subscription_schedule", "subscription", "invoice", "invoiceitem"):
        for one in call.store.list(kind, test_clock=clock["id"]):
            call.store.delete(kind, one["id"])
    for customer in call.store.list("customer", test_clock=clock["id"]):
        call.store.put({"id": customer["id"], "object": "customer", "deleted": True})
    call.store.emit("test_helpers.test_clock.deleted", clock)
    return call.store.delete(_CLOCK, clock["id"])
