"""`shop`: Acme at a local Stripe that sells the declared plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.billing.shop import Shop
    from tests.stripe import StripeServer


@pytest.fixture
def shop(request: pytest.FixtureRequest, stripe_server: StripeServer) -> Shop:
    """Beside `committed_db` where a test asks for it, else with `db`."""
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")
    from tests.billing.selling import sell_plans
    from tests.billing.shop import Shop

    sell_plans(stripe_server)
    return Shop(stripe_server)
