"""What asking a gate costs, as every surface does it: entitlements in hand, the gate's name, now. No query, under 2 µs.

The floor is an empty function of the same three arguments, timed in the same rounds.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.phases import Gift, build_phases
from billing.plans import PLANS
from ops.bench.results import Result
from saas.core import clock
from tenants.entitlements import Entitlements
from tenants.gates import GATES, is_open

ROUNDS = 200
CALLS = 2_000


def run() -> list[Result]:
    settings.BILLING_ON = True
    now = clock.now()
    day = timedelta(days=1)
    # A gift over a grace: as many phases as a community ever has.
    gift = Gift("pro", now - 2 * day, now + 3 * day)
    stored = {"phases": build_phases(None, now, gift)}
    kinds = [Entitlements.parse(stored, 1), Entitlements(0, ())]
    names = list(GATES)
    ours, floor = [], []
    with CaptureQueriesContext(connection) as queries:
        for number in range(ROUNDS):
            entitlements = kinds[number % len(kinds)]
            ours.append(_time(is_open, names, entitlements, now))
            floor.append(_time(_nothing, names, entitlements, now))
    detail = {
        "floor_us": round(median(floor), 3),
        "queries": len(queries),
        "gates": len(names),
        "plans": len(PLANS),
    }
    return [Result("gates", "check_us", round(median(ours), 3), "<2", detail)]


def _time(act: Any, names: list[str], entitlements: Entitlements, now: datetime) -> float:
    """Microseconds a call."""
    began = time.perf_counter()
    for number in range(CALLS):
        act(names[number % len(names)], entitlements, now)
    return (time.perf_counter() - began) * 1e6 / CALLS


def _nothing(name: str, entitlements: Entitlements, now: datetime) -> bool:
    return False
