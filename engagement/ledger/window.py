"""How far back history is shown by the plan in force: what moved points and credits, what led to it, and figures over it.

What is older is kept and comes back with a better plan; balances, levels and ranks count all of it. Redemptions, submissions and requests
are no history but what was agreed: they stay listed. Whoever acts on one thing, to undo it, sees that one however old it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from saas.core import clock
from tenants.context import TenantContext, current_tenant
from tenants.entitlements import UNLIMITED
from tenants.gates import limit_of

HISTORY: Final = "history_days"


def days_shown(context: TenantContext | None = None) -> int | None:
    """How many days; None for all. No query inside `enter_tenant`."""
    days = limit_of(HISTORY, (context or current_tenant()).entitlements, clock.now())
    return None if days >= UNLIMITED else days


def shown_since(context: TenantContext | None = None) -> datetime | None:
    """From when on things are shown; None where everything is."""
    days = days_shown(context)
    return None if days is None else clock.now() - timedelta(days=days)
