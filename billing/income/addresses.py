"""Where people come back to from Stripe's pages."""

from __future__ import annotations

from tenants.tickets import get_tenant_address


def support_page(slug: str) -> str:
    return f"{get_tenant_address(slug)}/support/"


def left_page(slug: str) -> str:
    """Where who leaves the checkout unpaid comes to."""
    return f"{support_page(slug)}?left=1"


def return_page(slug: str) -> str:
    """Stripe puts the session's id in."""
    return f"{support_page(slug)}return/?session_id={{CHECKOUT_SESSION_ID}}"


def payout_page(slug: str) -> str:
    return f"{get_tenant_address(slug)}/dashboard/supporters/payouts/"


def payments_page(slug: str) -> str:
    return f"{get_tenant_address(slug)}/dashboard/supporters/payments/"


def payout_return_page(slug: str) -> str:
    return f"{payout_page(slug)}return/"


def payout_again_page(slug: str) -> str:
    """Stripe leads here when its link is too old, or was opened before."""
    return f"{payout_page(slug)}again/"
