"""What the tests of the Billing pages share: Acme at a local Stripe, its owner at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.billing.conftest import shop as shop

if TYPE_CHECKING:
    from tests.billing.shop import Shop
    from tests.frontend_api.dashboard.billing.till import Till
    from tests.frontend_api.hosts import Browser


@pytest.fixture
def till(pages: Browser, request: pytest.FixtureRequest) -> Till:
    from tests.frontend_api.dashboard.billing.till import Till

    store: Shop = request.getfixturevalue("shop")
    return Till(pages, store)


@pytest.fixture
def paid(till: Till) -> Till:
    """Acme pays for Growth by the month."""
    till.shop.skip_trial()
    till.shop.buy()
    return till
