"""`shop`: Acme at a local Stripe that sells the declared plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.billing.shop import Shop
    from tests.stripe import StripeServer


@pytest.fixture
def shop(stripe_server: StripeServer) -> Shop:
    """Needs `db` or `committed_db` beside it."""
    from billing import syncing
    from billing.stripe_api import asking_stripe
    from tests.billing.shop import Shop

    with asking_stripe() as client:
        sync = syncing._Sync(client, dry=False)
        for part in (
            syncing._sync_products,
            syncing._sync_meters,
            syncing._sync_prices,
            syncing._sync_coupons,
        ):
            part(sync)
    return Shop(stripe_server)
