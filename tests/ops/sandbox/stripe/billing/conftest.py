from __future__ import annotations

import pytest

from tests.stripe import StripeServer

from .shop import Shop


@pytest.fixture
def shop(stripe_server: StripeServer) -> Shop:
    return Shop(stripe_server)
