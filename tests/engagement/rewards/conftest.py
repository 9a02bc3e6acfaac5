"""What holds after every race for rewards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenants.context import TenantContext


@pytest.fixture
def books_balance(request: pytest.FixtureRequest, committed_db: None, acme: TenantContext) -> Iterator[None]:
    yield
    if "without" not in request.node.name:  # else a lock was off, and the books show it
        from .racing import (
            check_books,  # what it imports wants Django to be set up, which comes after this file
        )

        check_books(acme)
