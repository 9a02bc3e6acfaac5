"""What a community used of what is sold by use: included, used, above it, what that costs so far and will cost by the month's end.

Reads only. Months are calendar months in UTC; money is minor units of the currency in which the plan is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.boosts.selectors import hours_used, list_hours
from engagement.boosts.windows import milliseconds
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant

from .metering.counting import HOURS, Terms, affordable, find_cap, get_terms
from .metering.months import month_of
from .models import MeterReport, Subscription, UsageMonth
from .plans import CURRENCIES, METERS, Meter, plan_at
from .retainers.selectors import find_place


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One meter in the running month.

    `used` at `counted_at` (None: not counted yet). `above` are units above the plan: `charged` of them cost something, `spared` do
    not, because nothing more was allowed or their bill was closed. `allowed` is where it ends: included and paid for by the cap.
    """

    meter: Meter
    included: int
    used: int
    allowed: int
    above: int
    charged: int
    spared: int
    unit_price: int
    cost: int
    projected_used: int
    projected_cost: int
    counted_at: datetime | None

    @property
    def percent(self) -> int:
        """Of what is allowed; 100 at most."""
        return min(100, self.used * 100 // self.allowed) if self.allowed else 100

    @property
    def is_held(self) -> bool:
        """Whether nothing more is to be had this month."""
        return self.used >= self.allowed


@dataclass(frozen=True, slots=True)
class Usage:
    """`lines` is empty where the plan sells nothing by use. `cap`: what the owner allows a month, 0 where they never said; `in_force`:
    whether it counts now, which it does not in a trial or while a bill is open. `sold`: whether more than the plan includes can be
    bought, which it can't where a retainer pays."""

    starts_at: datetime
    ends_at: datetime
    currency: str
    cap: int
    in_force: bool
    lines: tuple[UsageLine, ...]
    sold: bool = True

    @property
    def cost(self) -> int:
        return sum(line.cost for line in self.lines)

    @property
    def projected_cost(self) -> int:
        """Never above the cap in force."""
        return sum(line.projected_cost for line in self.lines)


@dataclass(frozen=True, slots=True)
class SparedUnits:
    """Units that were recorded and are not charged after all, and why."""

    meter: Meter
    units: int
    at: datetime
    why: str


def get_usage(tenant_id: int) -> Usage | None:
    """The running month; None for a community without a paid plan. Under a retainer: what is included and used, and nothing that costs. The queries do not grow with what was used, except that boosts
    are read."""
    now = clock.now()
    start, end = month_of(now)
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.get(pk=tenant_id)
        terms = get_terms(tenant, now)
        if terms is None:
            return _under_retainer(tenant, now)
        row = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        cap = None if row is None else find_cap(row)
        rows = {row.meter: row for row in UsageMonth.objects.filter(tenant_id=tenant_id, month=start.date())}
        spendable = terms.cap
        lines = []
        for name in METERS:
            if terms.included(name) is None:
                continue
            month = rows.get(name) or UsageMonth(tenant_id=tenant_id, meter=name, month=start.date())
            line = _describe(tenant, terms, month, now, spendable)
            spendable -= line.projected_cost
            lines.append(line)
    amount = cap.amount if cap else 0
    return Usage(start, end, terms.currency, amount, terms.cap == amount, tuple(lines))


def _under_retainer(tenant: Tenant, now: datetime) -> Usage | None:
    """A retainer's price is agreed, so nothing above the plan is sold: boosts end with the plan's hours, and active members above its
    number are neither counted nor charged. None where no retainer covers the community now."""
    place = find_place(tenant_id=tenant.pk)
    entitlements = TenantContext.of(tenant).entitlements
    phase, plan = entitlements.phase_at(now), plan_at(entitlements, now)
    if place is None or phase is None or phase.why not in {"paid", "grace"}:
        return None
    start, end = month_of(now)
    row = UsageMonth.objects.filter(tenant=tenant, meter=HOURS, month=start.date()).first()
    row = row or UsageMonth(tenant=tenant, meter=HOURS, month=start.date())
    terms = Terms(plan, 1, place.retainer.currency, 0)
    lines = () if terms.included(HOURS) is None else (_describe(tenant, terms, row, now, 0),)
    return Usage(start, end, place.retainer.currency, 0, False, lines, sold=False)


def use_nothing() -> Usage:
    """Of a community to which nothing is sold by use."""
    start, end = month_of(clock.now())
    return Usage(start, end, CURRENCIES[0], 0, False, ())


def list_spared(tenant_id: int, *, limit: int = 20) -> list[SparedUnits]:
    """The newest units that were to be charged and are not. One query."""
    with enter_schema(PUBLIC):
        rows = MeterReport.objects.filter(tenant_id=tenant_id, state=MeterReport.State.SPARED).order_by("-at")
        return [
            SparedUnits(METERS[row.meter], row.units, row.at, row.error)
            for row in rows[:limit]
            if row.meter in METERS
        ]


def _describe(tenant: Tenant, terms: Terms, row: UsageMonth, now: datetime, spendable: int) -> UsageLine:
    """`spendable`: what of the cap the lines before it leave."""
    included = max(row.included, terms.included(row.meter) or 0)
    used, projected = _used(tenant, row, now)
    price = terms.price(row.meter)
    pays_for = min(affordable(row, terms), max(0, spendable - row.charged * price) // price)
    to_come = max(0, projected - included - row.spared - row.charged)
    return UsageLine(
        meter=METERS[row.meter],
        included=included,
        used=used,
        allowed=included + row.charged + row.spared + affordable(row, terms),
        above=max(0, used - included),
        charged=row.charged,
        spared=row.spared,
        unit_price=price,
        cost=row.charged * price,
        projected_used=projected,
        projected_cost=(row.charged + min(to_come, pays_for)) * price,
        counted_at=row.counted_at if row.pk else None,
    )


def _used(tenant: Tenant, row: UsageMonth, now: datetime) -> tuple[int, int]:
    """(used, by the month's end). Boosts are planned, so their hours are known; members at the pace of the month so far."""
    start, end = month_of(now)
    if row.meter == HOURS:
        context = TenantContext.of(tenant)
        with enter_tenant(context):
            used = hours_used(context, start, end)
            first = milliseconds(start)
            return used, max(used, sum(hour.start >= first for hour in list_hours(until=end)))
    gone = max((row.counted_at - start).total_seconds(), 1.0)
    # A day has to pass before a pace can be told.
    pace = row.used if gone < 86_400 else round(row.used * (end - start).total_seconds() / gone)
    return row.used, max(row.used, pace)
