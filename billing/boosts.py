"""Boosts against the plan: what one takes of the hours that are included, what is above them and its cost, before it runs.

Months are calendar months in UTC, as everything that is sold by use is counted (billing.plans.Meter). What is above the plan is refused
unless the owner's cap (billing.metering.caps) pays for it. Hours that began are counted and reported by billing.metering.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engagement.audit.actor import Actor
from engagement.boosts.models import Boost
from engagement.boosts.selectors import find_boost, get_boost, hours_used, list_hours
from engagement.boosts.services import (
    Allowance,
    BoostDraft,
    HoursNeeded,
    check_draft,
    hours_needed,
    plan_boost,
    resume_boost,
)
from engagement.boosts.windows import milliseconds, moment_of, occurrences
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import limit_of
from tenants.selectors import read_entitlements

from .metering.caps import allowed_units
from .metering.months import following, month_of
from .models import Subscription
from .plans import CURRENCIES, METERS
from .retainers.selectors import find_place

METER: Final = "boost_hours"


@dataclass(frozen=True, slots=True)
class MonthQuote:
    """What a boost takes in a month. `taken` are hours used and planned otherwise; `included` None: as many as they like. `over` are
    those of `needed` that the plan does not include."""

    starts_at: datetime
    ends_at: datetime
    needed: int
    taken: int
    included: int | None
    allowed: int | None

    @property
    def left(self) -> int | None:
        """Before this boost; never below 0."""
        return None if self.included is None else max(self.included - self.taken, 0)

    @property
    def over(self) -> int:
        return 0 if self.left is None else max(self.needed - self.left, 0)

    @property
    def is_allowed(self) -> bool:
        return self.allowed is None or not self.needed or self.taken + self.needed <= self.allowed


@dataclass(frozen=True, slots=True)
class BoostQuote:
    """Months that the boost takes nothing of are left out. Money in minor units of `currency`. `sold`: whether hours above the plan can
    be bought, which they can't where a retainer pays."""

    months: tuple[MonthQuote, ...]
    currency: str
    unit_price: int
    sold: bool = True

    @property
    def hours(self) -> int:
        return sum(month.needed for month in self.months)

    @property
    def over(self) -> int:
        return sum(month.over for month in self.months)

    @property
    def cost(self) -> int:
        return self.over * self.unit_price if self.sold else 0

    @property
    def is_allowed(self) -> bool:
        return all(month.is_allowed for month in self.months)


@dataclass(frozen=True, slots=True)
class HoursNow:
    """Of the running month: hours that began, those planned until its end, and what the plan includes (None: unlimited)."""

    starts_at: datetime
    ends_at: datetime
    used: int
    planned: int
    included: int | None

    @property
    def left(self) -> int | None:
        return None if self.included is None else max(self.included - self.used - self.planned, 0)


def quote_boost(*, context: TenantContext, draft: BoostDraft) -> BoostQuote:
    """What it would take and cost. Nothing is written or reserved. Raises InvalidBoostError."""
    now = clock.now()
    boost = check_draft(draft, context=context, now=now)
    entitlements = read_entitlements(tenant_id=context.tenant_id)
    needs = hours_needed(boost, _allowances(context, boost, entitlements, now))
    currency = _currency_of(context)
    months = tuple(_quote(need, entitlements, now) for need in needs if need.needed)
    covered = find_place(tenant_id=context.tenant_id) is not None
    return BoostQuote(months, currency, METERS[METER].price(currency), not covered)


def start_boost(*, context: TenantContext, draft: BoostDraft, actor: Actor, key: str) -> Boost:
    """Plan a boost within what the plan and the owner's cap allow. As engagement.boosts.services.plan_boost, whose locks, key,
    news and errors are its own."""
    made = find_boost(key=key)
    if made is not None:
        return made
    now = clock.now()
    boost = check_draft(draft, context=context, now=now)
    allowances = _allowances(context, boost, read_entitlements(tenant_id=context.tenant_id), now)
    return plan_boost(context=context, draft=draft, actor=actor, key=key, allowances=allowances)


def take_back_stop(*, context: TenantContext, boost_id: int, actor: Actor) -> Boost:
    """As engagement.boosts.services.resume_boost, within what the plan and the owner's cap allow."""
    boost = get_boost(boost_id=boost_id)
    boost.stopped_at = None  # as it would be; what is stored still says otherwise
    allowances = _allowances(context, boost, read_entitlements(tenant_id=context.tenant_id), clock.now())
    return resume_boost(context=context, boost_id=boost_id, actor=actor, allowances=allowances)


def get_hours_now(*, context: TenantContext) -> HoursNow:
    """The running month. Three queries."""
    now = clock.now()
    start, end = month_of(now)
    used = hours_used(context, start, end)
    first = milliseconds(start)
    in_all = sum(hour.start >= first for hour in list_hours(until=end))
    included = _limit(read_entitlements(tenant_id=context.tenant_id), now)
    return HoursNow(start, end, used, in_all - used, included)


def _allowances(
    context: TenantContext, boost: Boost, entitlements: Entitlements, now: datetime
) -> list[Allowance]:
    """A month each, from now on to the end of the boost's last window; what a later phase of the plan includes counts from then on.
    The owner's cap is asked for where a month would go above the plan."""
    last = max(moment_of(span.end) for span in occurrences(boost))
    start, end = month_of(max(now, boost.starts_at) if boost.pk is None else now)
    months = []
    while start < last:
        months.append(Allowance(start, end, _limit(entitlements, max(now, start))))
        start, end = end, following(end)
    return [_with_cap(context, need, now) for need in hours_needed(boost, months)]


def _with_cap(context: TenantContext, need: HoursNeeded, now: datetime) -> Allowance:
    allowance, hours = need.allowance, need.allowance.hours
    if hours is None or not need.needed or need.taken + need.needed <= hours:
        return allowance
    moment = max(now, allowance.starts_at)
    allowed = allowed_units(tenant_id=context.tenant_id, meter=METER, moment=moment)
    return replace(allowance, hours=max(hours, allowed or 0))


def _limit(entitlements: Entitlements, moment: datetime) -> int | None:
    included = limit_of(METER, entitlements, moment)
    return None if included >= UNLIMITED else included


def _quote(need: HoursNeeded, entitlements: Entitlements, now: datetime) -> MonthQuote:
    allowance = need.allowance
    included = _limit(entitlements, max(now, allowance.starts_at))
    return MonthQuote(
        allowance.starts_at, allowance.ends_at, need.needed, need.taken, included, allowance.hours
    )


def _currency_of(context: TenantContext) -> str:
    """What the community pays in; the first that we sell in where it pays nothing yet."""
    with enter_schema(PUBLIC):
        paid = Subscription.objects.filter(tenant_id=context.tenant_id, ended_at=None)
        found = paid.values_list("currency", flat=True).first()
    return found if found in CURRENCIES else CURRENCIES[0]
