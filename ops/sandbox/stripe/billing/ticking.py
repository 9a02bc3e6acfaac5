"""What happens by time alone, each thing at its own moment and in order of time.

Invariant: nothing happens twice, because what has happened changes what is due; while a moment is lived through, the store's
time is that moment, so that everything made then carries it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..engine.dunning import INCOMPLETE_SECONDS, TRIAL_WARNING_SECONDS, UPCOMING_SECONDS
from ..store import Json, Store
from . import checkouts, renewing, schedules
from .items import period_of
from .paying import collect
from .settling import drop_pending, finalize, give_up, subscription_of
from .starting import warn_of_trial_end

_LIVE = frozenset({"trialing", "active", "past_due", "unpaid"})
_MOST_STEPS = 20_000
CLOCK = "test_helpers.test_clock"


class Due(NamedTuple):
    at: int
    rank: int  # at the same moment, the lower first
    act: Callable[[Store, int], object]


def run_until(store: Store, target: int, clock: str | None = None) -> int:
    """Let everything happen that is due up to a moment, for the objects of one test clock, or for those without one.

    Returns how many things happened.
    """
    with _travelling(store, clock) as travel:
        for step in range(_MOST_STEPS):
            due = min((one for one in _all_due(store, clock) if one.at <= target), default=None, key=_order)
            if due is None:
                return step
            travel(due.at)
            with store.transaction():
                due.act(store, store.now(clock))
    raise RuntimeError(
        f"More than {_MOST_STEPS} things were due up to {target}: something is due again and again."
    )


def next_due(store: Store, clock: str | None = None) -> int | None:
    """When the next thing happens by itself."""
    return min((one.at for one in _all_due(store, clock)), default=None)


def _order(due: Due) -> tuple[int, int]:
    return due.at, due.rank


@contextmanager
def _travelling(store: Store, clock: str | None) -> Iterator[Callable[[int], None]]:
    """Set the time of the clock in hand; a world without one is set back and forth by its offset."""
    offset = store.offset

    def travel(at: int) -> None:
        if clock is None:
            store.offset = min(offset, at - time.time() + 0.001)
            return
        held = store.get(CLOCK, clock)
        if held["frozen_time"] < at:
            store.put(held | {"frozen_time": at})

    try:
        yield travel
    finally:
        store.offset = offset


def _all_due(store: Store, clock: str | None) -> Iterator[Due]:
    """Everything that is still to happen, in no order. What lives by another clock is left out."""
    for subscription in store.each("subscription"):
        if subscription["test_clock"] == clock:
            yield from _due_of_subscription(subscription)
    for invoice in store.each("invoice"):
        if invoice["status"] in ("draft", "open") and invoice["test_clock"] == clock:
            yield from _due_of_invoice(store, invoice)
    for schedule in store.each("subscription_schedule"):
        if schedule["test_clock"] == clock:
            yield from _due_of_schedule(store, schedule)
    if clock is None:
        for session in store.each(checkouts.KIND):
            if session["status"] == "open":
                yield _due_of_session(session)


def _due_of_session(session: Json) -> Due:
    id = session["id"]
    return Due(session["expires_at"], 9, lambda s, now: checkouts.expire(s, id))


def _due_of_subscription(subscription: Json) -> Iterator[Due]:
    id, status = subscription["id"], subscription["status"]
    if status == "incomplete":
        yield Due(
            subscription["created"] + INCOMPLETE_SECONDS,
            5,
            lambda s, now: renewing.expire_incomplete(s, id, now),
        )
    if subscription["pending_update"]:
        yield Due(
            subscription["pending_update"]["expires_at"],
            5,
            lambda s, now: drop_pending(s, s.get("subscription", id)),
        )
    if status not in _LIVE:
        return
    end, stop = period_of(subscription).end, subscription["cancel_at"]
    if stop is not None and stop < end:
        yield Due(stop, 3, lambda s, now: renewing.cancel_on_time(s, id, now))
    yield Due(end, 4, lambda s, now: renewing.renew(s, id, now))
    trial_end = subscription["trial_end"]
    if status == "trialing" and subscription.get("_warned_of") != trial_end:
        yield Due(
            trial_end - TRIAL_WARNING_SECONDS,
            2,
            lambda s, now: warn_of_trial_end(s, s.get("subscription", id), now),
        )
    goes_on = stop is None or stop > end
    if (
        goes_on
        and subscription.get("_told_of") != end
        and end - UPCOMING_SECONDS > period_of(subscription).start
    ):
        yield Due(end - UPCOMING_SECONDS, 1, lambda s, now: renewing.tell_of_renewal(s, id, now))
    resumes = (subscription["pause_collection"] or {}).get("resumes_at")
    if resumes is not None:
        yield Due(resumes, 1, lambda s, now: _collect_again(s, id))


def _due_of_schedule(store: Store, schedule: Json) -> Iterator[Due]:
    id = schedule["id"]
    if schedule["status"] == "not_started":
        yield Due(schedule["phases"][0]["start_date"], 3, lambda s, now: schedules.begin(s, id, now))
    if schedule["status"] != "active":
        return
    yield Due(schedule["phases"][-1]["end_date"], 2, lambda s, now: schedules.finish(s, id, now))
    subscription = store.get("subscription", schedule["subscription"])
    for phase in schedule["phases"]:
        # A phase that begins with a period is entered by the renewal itself.
        later = phase["start_date"] > schedule["current_phase"]["start_date"]
        if later and phase["start_date"] != period_of(subscription).end:
            yield Due(phase["start_date"], 3, lambda s, now: schedules.enter_phase(s, id, now))


def _collect_again(store: Store, id: str) -> None:
    from .saving import save

    before, after = store.get("subscription", id), store.get("subscription", id)
    after["pause_collection"] = None
    save(store, before, after, "customer.subscription.updated")


def _due_of_invoice(store: Store, invoice: Json) -> Iterator[Due]:
    id = invoice["id"]
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is not None:
        yield Due(invoice["automatically_finalizes_at"], 6, lambda s, now: _finalize_and_collect(s, id, now))
    if invoice["status"] != "open":
        return
    if invoice["next_payment_attempt"] is not None:
        yield Due(invoice["next_payment_attempt"], 7, lambda s, now: collect(s, s.get("invoice", id), now))
    if (
        invoice["collection_method"] == "send_invoice"
        and invoice["due_date"] is not None
        and invoice["auto_advance"]
    ):
        if not invoice.get("_overdue"):
            yield Due(
                invoice["due_date"], 7, lambda s, now: renewing.fall_behind(s, s.get("invoice", id), now)
            )
        elif not invoice.get("_given_up"):
            yield Due(renewing.overdue_ends_at(store, invoice), 8, lambda s, now: _give_up_on(s, id, now))


def _finalize_and_collect(store: Store, id: str, now: int) -> None:
    invoice = finalize(store, store.get("invoice", id), now)
    if invoice["status"] != "open":
        return
    if invoice["collection_method"] == "send_invoice":
        store.emit("invoice.sent", invoice)
        return
    collect(store, invoice, now)


def _give_up_on(store: Store, id: str, now: int) -> None:
    invoice = store.get("invoice", id)
    store.put(invoice | {"_given_up": True})
    subscription = subscription_of(store, invoice)
    if subscription and subscription["status"] == "past_due":
        give_up(store, subscription, now)
