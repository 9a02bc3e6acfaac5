"""A new community's first rows."""

from __future__ import annotations

from engagement.rules.services import seed_default_rules
from tenants.context import TenantContext


def seed_community(context: TenantContext) -> None:
    """Give the tenant in hand the rules that people know. Safe to repeat; it is provisioning's `seed`."""
    seed_default_rules()
