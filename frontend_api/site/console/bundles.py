"""How a retainer stands, in the words of whoever pays for it. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from billing.grace import GRACE
from billing.retainers.selectors import RetainerBook
from billing.retainers.terms import NOT_STARTED, most_places, planned_of
from billing.wording import plan_name
from frontend_api.money import write_money
from tenants.models import Tenant
from tenants.tickets import get_tenant_address


def describe_bundle(book: RetainerBook) -> dict[str, Any]:
    """`late_until`: until when its communities keep the plan although an invoice is late."""
    row, planned = book.retainer, planned_of(book.retainer)
    return {
        "row": row,
        "ahead": row.status == NOT_STARTED and row.ended_at is None,
        "plan": plan_name(row.plan),
        "price": f"{write_money(row.amount, row.currency)} a {row.interval}",
        "places": [(place.tenant, enter(place.tenant, "/dashboard/billing/")) for place in book.places],
        "left": max(most_places(row) - len(book.places), 0),
        "late_until": row.unpaid_since + GRACE if row.unpaid_since else None,
        "planned": planned,
        "planned_plan": plan_name(planned.plan) if planned else "",
        "planned_price": f"{write_money(planned.amount, row.currency)} a {row.interval}" if planned else "",
    }


def enter(tenant: Tenant, path: str) -> str:
    """A page of a community, behind its sign-in."""
    return f"{get_tenant_address(tenant.slug)}/login/?{urlencode({'next': path})}"
