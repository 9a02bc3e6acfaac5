"""How a test clock advances: it says so at once, lives through what is due in the background, and is ready again."""

from __future__ import annotations

import logging

from ..engine.periods import DAY, boundary
from ..store import Json, Store
from .items import terms_of
from .saving import save
from .ticking import CLOCK, run_until

log = logging.getLogger(__name__)
# Stripe's limit: two intervals of the shortest subscription at a time, two years without one.
LONGEST_INTERVALS = 2


def latest(store: Store, clock: Json) -> int:
    """How far the clock may be advanced in one go."""
    now = int(clock["frozen_time"])
    ends = [
        boundary(now, *terms_of(one["items"]["data"]), LONGEST_INTERVALS)
        for one in store.list("subscription", test_clock=clock["id"])
        if one["status"] not in ("canceled", "incomplete_expired")
    ]
    return min(ends, default=now + 731 * DAY)


def advance_to(store: Store, clock: Json, target: int) -> Json:
    """Say that the clock advances. `finish` does it, outside this request."""
    before = dict(clock)
    clock |= {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": target}}}
    save(store, before, clock, "test_helpers.test_clock.advancing")
    return clock


def advancing(store: Store) -> list[str]:
    """The clocks that are on their way."""
    return [one["id"] for one in store.list(CLOCK, status="advancing")]


def finish(store: Store, id: str) -> None:
    """Live through everything up to the target, then stand there. What fails is said on the clock."""
    clock = store.find(CLOCK, id)
    if clock is None or clock["status"] != "advancing":
        return
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    status = "ready"
    try:
        run_until(store, target, id)
    except Exception:
        log.exception("A test clock failed to advance.")
        status = "internal_failure"
    clock = store.get(CLOCK, id)
    with store.transaction():
        store.put(clock | {"status": status, "status_details": {}, "frozen_time": target})
        after = store.get(CLOCK, id)
        store.emit(f"test_helpers.test_clock.{'ready' if status == 'ready' else 'internal_failure'}", after)
