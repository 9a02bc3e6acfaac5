"""The declared plans at the local Stripe: synced once by each process of a run, and put back as they were for each test.

What `sync_plans` does is tests/billing/test_syncing.py's; here it only costs time, dozens of requests a test. What was kept holds for the
plans as they were declared then, so a test that changes the declaration has its own.
"""

from __future__ import annotations

from functools import cache

from billing import offers, plans
from billing.syncing import sync_plans
from ops.sandbox.stripe.thread import LocalStripeThread
from tests.stripe import StripeServer

Kept = list[tuple[str, str, bytes]]


@cache
def _kept(thread: LocalStripeThread, declared: str) -> Kept:
    sync_plans()
    return thread.call(thread.server.store.snapshot)


def sell_plans(server: StripeServer) -> None:
    """As `sync_plans()` on an empty Stripe. `server` is empty."""
    thread = server.thread
    declared = repr((plans.PLANS, plans.METERS, plans.CURRENCIES, offers.COUPONS))
    kept = _kept(thread, declared)
    if not thread.call(lambda: thread.server.store.list("product")):
        thread.call(lambda: thread.server.store.restore(kept))
