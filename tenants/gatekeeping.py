"""Gates asked where it matters: in the unit of work that writes, by what the database says now.

tenants.gates answers from what a process remembers, without a query: right for pages, replies and ingest, and a second old at
worst while Redis is up. Here the first query of the work rereads the entitlements, so that a process that heard nothing of a
change lets nobody in and locks nobody out.
"""

from __future__ import annotations

from django.conf import settings

from saas.core import clock

from .context import TenantContext, current_tenant
from .entitlements import Entitlements
from .gates import GATES, require_open
from .selectors import read_entitlements


def entitlements_now(context: TenantContext | None = None) -> Entitlements:
    """What the tenant in hand, or `context`, is entitled to as the database has it. One query; none where nothing is sold."""
    context = context or current_tenant()
    if not settings.BILLING_ON and not context.entitlements.phases:
        return context.entitlements
    return read_entitlements(tenant_id=context.tenant_id)


def require_gate(name: str, context: TenantContext | None = None) -> None:
    """For services, in the transaction of what they write. Raises GateClosedError, KeyError for a gate that was never declared."""
    GATES[name]
    require_open(name, entitlements_now(context), clock.now())
