"""One transaction inside Acme, rolled back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenants.context import TenantContext


@pytest.fixture
def here(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    from tenants.context import enter_tenant

    with enter_tenant(acme):
        yield acme
