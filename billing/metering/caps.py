"""What a community's owner will pay above the plan in a month. Nothing, until they say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from billing.audit import record
from billing.models import SpendingCap, Subscription, UsageMonth
from billing.plans import METERS
from engagement.audit.actor import Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.models import Tenant

from .counting import Terms, affordable, count_usage, find_cap, get_terms, lock_counting
from .errors import BadCapError, CapNotPossibleError, UnknownMeterError
from .months import month_of

MOST: Final = 1_000_000  # minor units: ten thousand a month


@dataclass(frozen=True, slots=True)
class Cap:
    """Minor units a calendar month."""

    amount: int
    currency: str


def get_cap(*, tenant_id: int) -> Cap | None:
    """What was set for the plan that is paid now; None where nothing was."""
    with enter_schema(PUBLIC):
        row = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        found = None if row is None else find_cap(row)
    return None if found is None else Cap(found.amount, found.currency)


def set_cap(*, tenant_id: int, amount: int, actor: Actor) -> Cap:
    """Allow up to `amount` minor units a month above the plan, in the currency in which the plan is paid. 0 allows nothing.

    What was used above the plan before stays free. Lock: the community's counting. Idempotent. Recorded in the audit log; where
    newcomers wait for it, they come in. Raises BadCapError, CapNotPossibleError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        lock_counting(tenant_id)
        tenant = Tenant.objects.get(pk=tenant_id)
        row = Subscription.objects.filter(tenant=tenant, ended_at=None).first()
        if row is None or (amount and not _is_paid(tenant)):
            raise CapNotPossibleError
        if not 0 <= amount <= MOST:
            raise BadCapError(f"{MOST // 100:,} {row.currency.upper()}")
        # Counted before it is raised: what is above the plan by now was used while nothing was to be paid.
        count_usage(tenant_id=tenant_id)
        former = find_cap(row)
        facts = {"amount": amount, "currency": row.currency}
        if former is None or former.amount != amount:
            SpendingCap.objects.update_or_create(
                tenant=tenant, defaults={**facts, "payer_id": row.payer_id, "changed_at": clock.now()}
            )
            before = None if former is None else {"amount": former.amount, "currency": former.currency}
            record(tenant=tenant, actor=actor, action="spending_cap.changed", before=before, after=facts)
            count_usage(tenant_id=tenant_id)
    return Cap(amount, row.currency)


def allowed_units(*, tenant_id: int, meter: str, moment: datetime | None = None) -> int | None:
    """How many units a community can use in the calendar month of `moment`: those that the plan includes and those that the cap
    pays for. None: as many as it likes, because the plan does not sell more of it. Raises UnknownMeterError."""
    if meter not in METERS:
        raise UnknownMeterError(
            f"Nothing is sold as “{meter[:40]}”. There are: {', '.join(METERS)}.", field="meter"
        )
    now = moment or clock.now()
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.get(pk=tenant_id)
        terms = get_terms(tenant, now)
        included = None if terms is None else terms.included(meter)
        if terms is None or included is None:
            return None
        return _allowed(tenant_id, meter, terms, included, now)


def _allowed(tenant_id: int, meter: str, terms: Terms, included: int, now: datetime) -> int:
    month = month_of(now)[0].date()
    row = UsageMonth.objects.filter(tenant_id=tenant_id, meter=meter, month=month).first()
    row = row or UsageMonth(tenant_id=tenant_id, meter=meter, month=month)
    return max(included, row.included) + row.charged + row.spared + affordable(row, terms)


def _is_paid(tenant: Tenant) -> bool:
    phase = TenantContext.of(tenant).entitlements.phase_at(clock.now())
    return phase is not None and phase.why == "paid"
