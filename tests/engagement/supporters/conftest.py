"""The community in hand, entered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.context import TenantContext, enter_tenant


@pytest.fixture
def here(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    with enter_tenant(acme):
        yield acme
