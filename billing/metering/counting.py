"""How much of what is sold by use a community has used this month, and what of it is above its plan.

Invariants: a unit above the plan is counted once, under the lock of the month's row; what was free when it was used stays free, and
what was above the owner's cap is never charged afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from billing.entitling import write_entitlements
from billing.models import SpendingCap, Subscription, UsageMonth, UsageSubscription
from billing.plans import METERS, Plan, plan_at
from engagement.boosts.selectors import hours_used
from engagement.standings.scorers import count_scorers
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant

from .holding import count_tracked
from .months import before, following, month_of, start_of
from .recording import record_usage
from .subscribing import is_overdue
from .warning import warn_of_usage

HOURS: Final = "boost_hours"
MEMBERS: Final = "active_members"
A_DAY: Final = timedelta(hours=20)
_LOCK: Final = 7_322  # the first key of our advisory locks on counting; beside those of billing.locks


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a community now. `cap`: minor units that may be spent above the plan in a month, 0 where nothing is sold."""

    plan: Plan
    quantity: int
    currency: str
    cap: int

    def included(self, meter: str) -> int | None:
        """None where the plan does not sell more of it."""
        return self.plan.included(meter, self.quantity)

    def price(self, meter: str) -> int:
        return METERS[meter].price(self.currency)


def get_terms(tenant: Tenant, now: datetime) -> Terms | None:
    """None for a community without a paid plan. Four queries at most; the public schema is in hand."""
    row = Subscription.objects.filter(tenant_id=tenant.pk, ended_at=None).first()
    if row is None:
        return None
    entitlements = TenantContext.of(tenant).entitlements
    phase, plan = entitlements.phase_at(now), plan_at(entitlements, now)
    cap = 0
    if phase is not None and phase.why == "paid":
        usage = UsageSubscription.objects.filter(payer_id=row.payer_id, ended_at=None).first()
        set_to = find_cap(row)
        cap = set_to.amount if set_to is not None and not is_overdue(usage) else 0
    return Terms(plan, quantity_at(row, plan, now), row.currency, cap)


def quantity_at(row: Subscription, plan: Plan, moment: datetime) -> int:
    """How many of `plan`, which is in force at that moment, are paid for: from the next period on as many as were chosen for it, also
    before Stripe has told of it."""
    if row.next_plan == plan.key and row.period_end is not None and moment >= row.period_end:
        return row.next_quantity or row.quantity
    return row.quantity if row.plan == plan.key else 1


def find_cap(row: Subscription) -> SpendingCap | None:
    """What may be paid above this plan, in its currency and by its payer; what another payer allowed is over."""
    found = SpendingCap.objects.filter(tenant_id=row.tenant_id, payer_id=row.payer_id, currency=row.currency)
    return found.first()


def count_usage(*, tenant_id: int, only_due: bool = False) -> None:
    """Count the running month, and once more the one before after its end; record what is above the plan and within the cap.

    `only_due`: leave out what was counted lately and is far from the plan's number. Changes: rows of UsageMonth and MeterReport,
    and where newcomers begin or cease to wait, the entitlements. Lock: the community's counting. Idempotent. Sends a warning at
    80 % and at 100 %, each once a month.
    """
    now = clock.now()
    with enter_schema(PUBLIC), transaction.atomic():
        lock_counting(tenant_id)
        tenant = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.ACTIVE).first()
        terms = None if tenant is None else get_terms(tenant, now)
        if tenant is None or terms is None:
            return
        counts = [_count_meter(tenant, terms, meter, now, only_due=only_due) for meter in METERS]
        if any(counts):
            write_entitlements(tenant_id=tenant.pk)


def lock_counting(tenant_id: int) -> None:
    """Until the transaction ends nobody else counts this community's use, or changes its cap: both spend the same money."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK, tenant_id])


def affordable(row: UsageMonth, terms: Terms) -> int:
    """How many units more the cap pays for, at today's prices. The row may hold what is not saved yet."""
    others = UsageMonth.objects.filter(tenant_id=row.tenant_id, month=row.month).exclude(meter=row.meter)
    spent = row.charged * terms.price(row.meter) + sum(
        charged * terms.price(meter)
        for meter, charged in others.values_list("meter", "charged")
        if meter in METERS
    )
    return max(0, terms.cap - spent) // terms.price(row.meter)


def _count_meter(tenant: Tenant, terms: Terms, meter: str, now: datetime, *, only_due: bool) -> bool:
    """Whether newcomers began or ceased to wait."""
    start, _ = month_of(now)
    _close(tenant, terms, meter, before(start))
    included = terms.included(meter)
    row = _find_month(tenant.pk, meter, start.date())
    if included is None:
        return _release(row)
    if only_due and row is not None and not _is_due(row, now):
        return False
    row = row or UsageMonth(tenant=tenant, meter=meter, month=start.date())
    row.included = max(row.included, included)
    _count(row, tenant, terms, at=now)
    held = _hold(row, terms, tenant) if meter == MEMBERS else None
    changed = held != row.held
    if changed:
        row.held, row.held_at = held, now
    warn_of_usage(row, tenant=tenant, allowed=row.included + row.charged + affordable(row, terms))
    row.save()
    return changed


def _close(tenant: Tenant, terms: Terms, meter: str, start: datetime) -> None:
    """The month before, once after its end: what was used in its last hours. A month that was never counted was not sold."""
    row = _find_month(tenant.pk, meter, start.date())
    if row is not None and row.counted_at < following(start):
        _count(row, tenant, terms, at=following(start) - timedelta(seconds=1))
        row.save()


def _count(row: UsageMonth, tenant: Tenant, terms: Terms, *, at: datetime) -> None:
    """What was used, and what of it is above the plan and in no count before: charged as far as the cap goes, else spared."""
    row.used = max(row.used, _measure(row, tenant))
    row.counted_at = clock.now()
    new = row.used - row.included - row.charged - row.spared
    if new <= 0:
        return
    charge = min(new, affordable(row, terms))
    if charge:
        identifier = (
            f"{row.meter}:{tenant.schema_name}:{row.month:%Y-%m}:{row.charged + 1}-{row.charged + charge}"
        )
        record_usage(tenant_id=tenant.pk, meter=row.meter, units=charge, identifier=identifier, at=at)
    row.charged += charge
    row.spared += new - charge


def _hold(row: UsageMonth, terms: Terms, tenant: Tenant) -> int | None:
    """From the moment that no member more is paid for, as many may earn as do then; newcomers wait for the next month or a higher
    cap."""
    if row.used < row.included or affordable(row, terms):
        return None
    return row.held if row.held is not None else count_tracked(TenantContext.of(tenant))


def _release(row: UsageMonth | None) -> bool:
    """On a plan that counts none, nobody waits because of it."""
    if row is None or row.held is None:
        return False
    row.held = None
    row.save(update_fields=["held"])
    return True


def _measure(row: UsageMonth, tenant: Tenant) -> int:
    context, start = TenantContext.of(tenant), start_of(row.month)
    with enter_tenant(context):
        if row.meter == HOURS:
            return hours_used(context, start, following(start))
        return count_scorers(month=row.month)


def _find_month(tenant_id: int, meter: str, month: date) -> UsageMonth | None:
    return UsageMonth.objects.filter(tenant_id=tenant_id, meter=meter, month=month).first()


def _is_due(row: UsageMonth, now: datetime) -> bool:
    """Hours each time; members, whom it costs more to count, once a day and each time near the plan's number."""
    return row.meter != MEMBERS or row.used * 5 >= row.included * 4 or now - row.counted_at >= A_DAY
