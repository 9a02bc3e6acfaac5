"""`world`: Acme pays for Growth, at noon of 15 December 2030."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.billing.metering.world import World
    from tests.billing.shop import Shop

Travel = Callable[[datetime], None]


@pytest.fixture
def travel(shop: Shop) -> Iterator[Travel]:
    """Go to another moment, here and at Stripe's, where everything that is due until then happens."""
    from saas.core import clock

    with ExitStack() as stack:

        def go(moment: datetime) -> None:
            shop.server.control.set_time(moment.timestamp())
            stack.enter_context(clock.frozen_at(moment))

        yield go


@pytest.fixture
def world(db: None, shop: Shop, travel: Travel) -> World:
    from tests.billing.metering.world import World, noon

    travel(noon())
    shop.skip_trial()
    shop.buy("growth")
    return World(shop, noon())
