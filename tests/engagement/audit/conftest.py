"""Who acts in these tests."""

from __future__ import annotations

import pytest

from engagement.audit.actor import Actor


@pytest.fixture
def ada() -> Actor:
    return Actor("user", 7, "Ada", role="admin", via="web", address="192.0.2.0/24", request_id="r-1")
