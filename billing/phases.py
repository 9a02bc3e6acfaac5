"""From a subscription to dated phases: pure arithmetic, no query and no clock.

Invariant: the phases alone are enough. Whatever date comes, the right one is in force with no event, no job and no Stripe: a
trial ends, a cancellation takes effect, a grace runs out. Only what was paid for runs on for LATE_DAYS, so that nobody who paid
is locked out because news of the renewal came late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from .models import Subscription
from .plans import FREE, get_plan

LATE_DAYS: Final = 3
GRACE_DAYS: Final = 14
# Where nothing was ever paid: a trial whose card fails is no reason for another two weeks of it.
FIRST_PAYMENT_GRACE_DAYS: Final = 3
# Stripe's words.
_UNPAID: Final = frozenset({"past_due", "unpaid"})


@dataclass(frozen=True, slots=True)
class Span:
    """From `starts_at` on this plan is in force, `quantity` times."""

    starts_at: datetime
    plan: str = FREE
    why: str = ""
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Gift:
    """A plan that EngageHub's staff gave, for a time or (`until` None) until it is taken back."""

    plan: str
    given_at: datetime
    until: datetime | None = None
    note: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> Gift | None:
        """From what is stored beside the phases, as `given`."""
        if not data:
            return None
        until = data.get("until")
        return cls(
            data["plan"],
            datetime.fromisoformat(data["given_at"]),
            datetime.fromisoformat(until) if until else None,
            data.get("note", ""),
        )

    def to_data(self) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "given_at": self.given_at.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Cover:
    """A community under a retainer: it has the plan while the retainer is paid for, and for GRACE_DAYS after it left. `starts_at`: the
    retainer's first day, where it was agreed ahead; `next_plan`: from `period_end` on, empty where nothing is planned."""

    plan: str
    status: str
    joined_at: datetime
    starts_at: datetime | None = None
    left_at: datetime | None = None
    next_plan: str = ""
    period_end: datetime | None = None
    cancel_at: datetime | None = None
    unpaid_since: datetime | None = None


def grace_until(subscription: Subscription) -> datetime | None:
    """When the grace of a subscription that was not paid runs out; None where it is paid."""
    since = _unpaid_since(subscription)
    return None if since is None else _sooner(since + grace_of(subscription), subscription.cancel_at)


def grace_of(subscription: Subscription) -> timedelta:
    """How long everything stays on although a payment failed."""
    return timedelta(days=FIRST_PAYMENT_GRACE_DAYS if subscription.first_unpaid else GRACE_DAYS)


def build_phases(
    subscription: Subscription | None, now: datetime, gift: Gift | None = None, covers: Iterable[Cover] = ()
) -> list[dict[str, Any]]:
    """What `Tenant.entitlements["phases"]` is to hold; empty for a community that is on Free and has no date before it.

    The same subscription gives the same phases at any `now`, which only keeps the first of them from starting in the future.
    Raises PlanNotFoundError for a plan that is not declared: a paying community is not put on Free because of it.
    """
    spans = _spans_of(subscription, now) if subscription is not None else []
    if gift is not None:
        spans = _higher(spans, _spans_of_gift(gift))
    for cover in covers:
        covered = _spans_of_cover(cover)
        spans = _higher(spans, covered) if spans else covered
    return [_describe(span) for span in _tidy(spans)]


def _spans_of(subscription: Subscription, now: datetime) -> list[Span]:
    if subscription.ended_at is not None:
        return []
    began = min(subscription.created_at, now)
    if subscription.status == "trialing":
        return _trial(subscription, began)
    if subscription.status == "active":
        return _active(subscription, began)
    if subscription.status in _UNPAID:
        return _unpaid(subscription, began)
    return []  # incomplete, paused, canceled: nothing is paid, and nothing was promised


def _trial(subscription: Subscription, began: datetime) -> list[Span]:
    plan, quantity = subscription.plan, subscription.quantity
    ends = subscription.trial_end or subscription.period_end or began
    first = Span(began, plan, "trial", quantity)
    cancelled = subscription.cancel_at
    if not subscription.has_method or (cancelled is not None and cancelled <= ends):
        return _until(Span(_sooner(ends, cancelled)), first)
    # It will be charged for the first time at that moment.
    late = ends + timedelta(days=LATE_DAYS)
    paid = Span(ends, subscription.next_plan or plan, "paid", quantity)
    return _until(Span(_sooner(late, cancelled)), first, paid)


def _active(subscription: Subscription, began: datetime) -> list[Span]:
    plan, quantity = subscription.plan, subscription.quantity
    first = Span(began, plan, "paid", quantity)
    renews = subscription.period_end or subscription.seen_at
    ends = _sooner(renews + timedelta(days=LATE_DAYS), subscription.cancel_at)
    if not subscription.next_plan:
        return _until(Span(ends), first)
    return _until(
        Span(ends),
        first,
        Span(renews, subscription.next_plan, "paid", subscription.next_quantity or quantity),
    )


def _unpaid(subscription: Subscription, began: datetime) -> list[Span]:
    plan, quantity = subscription.plan, subscription.quantity
    since, until = _unpaid_since(subscription) or began, grace_until(subscription) or began
    frozen = "" if subscription.cancel_at is not None and subscription.cancel_at <= until else "frozen"
    paid = Span(min(began, since), plan, "paid", quantity)
    return _until(Span(until, FREE, frozen), paid, Span(since, plan, "grace", quantity))


def _until(end: Span, *spans: Span) -> list[Span]:
    """Nothing begins once the end is there, in whatever order Stripe's dates came to stand."""
    return [*(span for span in spans if span.starts_at < end.starts_at), end]


def _unpaid_since(subscription: Subscription) -> datetime | None:
    """Never the moment at which we looked: looking again would lengthen the grace."""
    if subscription.status not in _UNPAID or subscription.ended_at is not None:
        return None
    return subscription.unpaid_since or subscription.period_start or subscription.created_at


def _spans_of_gift(gift: Gift) -> list[Span]:
    given = Span(gift.given_at, gift.plan, "given")
    return [given] if gift.until is None else [given, Span(gift.until)]


def _spans_of_cover(cover: Cover) -> list[Span]:
    """Dated as a subscription's; who leaves, and whose retainer ends, is given the grace to choose what comes next. What was never paid
    has no second grace, and what was left before it began has none at all."""
    begins, grace = max(cover.joined_at, cover.starts_at or cover.joined_at), timedelta(days=GRACE_DAYS)
    leaves = _sooner(cover.left_at, cover.cancel_at) if cover.left_at else cover.cancel_at
    if leaves is not None and leaves < begins:
        return []
    before = [Span(cover.joined_at)] if begins > cover.joined_at else []
    first = Span(begins, cover.plan, "paid")
    if cover.unpaid_since is not None:
        until = cover.unpaid_since + grace
        end = Span(until) if leaves is not None and leaves <= until else Span(until, FREE, "frozen")
        return _until(end, *before, first, Span(max(cover.unpaid_since, begins), cover.plan, "grace"))
    if cover.left_at is None and cover.status not in {"active", "not_started"}:
        return []  # nothing is paid, and nothing was promised
    renews = cover.period_end or begins
    paid = [*before, first]
    if cover.next_plan and renews >= begins:
        paid.append(Span(renews, cover.next_plan, "paid"))
    if leaves is None:
        return _until(Span(renews + timedelta(days=LATE_DAYS)), *paid)
    last = [span for span in paid if span.starts_at < leaves] or [first]
    return _until(Span(leaves + grace), *last, Span(leaves, last[-1].plan, "grace"))


def _higher(one: list[Span], other: list[Span]) -> list[Span]:
    """At each moment whichever gives more; of equals `one`."""
    moments = sorted({span.starts_at for span in (*one, *other)})
    return [
        max((_at(one, moment), _at(other, moment)), key=lambda span: get_plan(span.plan).rank)
        for moment in moments
    ]


def _at(spans: list[Span], moment: datetime) -> Span:
    started = [span for span in spans if span.starts_at <= moment]
    found = started[-1] if started else Span(moment)
    return Span(moment, found.plan, found.why, found.quantity)


def _tidy(spans: Iterable[Span]) -> list[Span]:
    """In order; of several that start at one moment the last; none that says the same as the one before it."""
    ordered = list({span.starts_at: span for span in spans}.values())
    ordered.sort(key=lambda span: span.starts_at)
    kept = ordered[:1] + [
        span
        for before, span in pairwise(ordered)
        if (before.plan, before.why, before.quantity) != (span.plan, span.why, span.quantity)
    ]
    if all(span.plan == FREE and not span.why for span in kept):
        return []
    return kept


def _describe(span: Span) -> dict[str, Any]:
    plan = get_plan(span.plan)
    return {
        "starts_at": span.starts_at.isoformat(),
        "plan": plan.key,
        "why": span.why,
        "features": sorted(plan.features),
        "limits": plan.limits_at(span.quantity),
    }


def _sooner(moment: datetime, other: datetime | None) -> datetime:
    return moment if other is None else min(moment, other)
