"""Communities with the rules that a new one starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenants.context import TenantContext


@pytest.fixture
def rules(committed_db: None, acme: TenantContext, globex: TenantContext) -> None:
    """Both communities have the default rules, committed."""
    from engagement.kinds import seed_community
    from tenants.context import enter_tenant

    for context in (acme, globex):
        with enter_tenant(context):
            seed_community(context)
