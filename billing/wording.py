"""How plans and dates are written, in mails, errors and notices."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tenants.models import Tenant

from .models import Subscription
from .plans import PLANS


def plan_name(key: str) -> str:
    """As people read it; for a plan of former releases, its key."""
    plan = PLANS.get(key)
    return plan.name if plan else key


def write_day(tenant: Tenant, moment: datetime) -> str:
    """Such as “4 December 2026, 14:00 (Europe/Berlin)”."""
    return f"{moment.astimezone(ZoneInfo(tenant.timezone)):%-d %B %Y, %H:%M} ({tenant.timezone})"


def write_interval(interval: str) -> str:
    return "by the year" if interval == "year" else "by the month"


def write_amount(amount: int, currency: str) -> str:
    """Such as “25.00 USD”. All currencies that are sold have cents."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d} {currency.upper()}"


def describe_standing(row: Subscription) -> str:
    """One sentence of how the plan stands now."""
    words = f"The plan is {plan_name(row.plan)}, paid {write_interval(row.interval)}"
    if row.quantity > 1:
        words += f", for {row.quantity} cohorts"
    if row.ended_at is not None:
        return "The plan has ended."
    if row.cancel_at is not None:
        return f"{words}, and ends on {write_day(row.tenant, row.cancel_at)}."
    if row.next_plan and row.period_end is not None:
        day = write_day(row.tenant, row.period_end)
        return f"{words}; from {day} on it is {plan_name(row.next_plan)}, paid {write_interval(row.next_interval)}."
    return f"{words}."
