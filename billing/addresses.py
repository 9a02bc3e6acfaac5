"""Where people come back to from Stripe's pages and from mails."""

from __future__ import annotations

from tenants.models import Tenant
from tenants.tickets import get_tenant_address


def plan_page(tenant: Tenant) -> str:
    return f"{get_tenant_address(tenant.slug)}/dashboard/billing/"


def usage_page(tenant: Tenant) -> str:
    return f"{plan_page(tenant)}usage/"


def choice_page(tenant: Tenant) -> str:
    return f"{plan_page(tenant)}plans/"


def left_page(tenant: Tenant) -> str:
    """Where who leaves the checkout unpaid comes to: the choice, which says that nothing was bought."""
    return f"{choice_page(tenant)}?left=1"


def return_page(tenant: Tenant) -> str:
    """Stripe puts the session's id in."""
    return f"{plan_page(tenant)}return/?session_id={{CHECKOUT_SESSION_ID}}"
