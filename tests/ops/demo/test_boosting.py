"""The demo's boosts: one over, one running, one planned, in one live community; planned once, within what its plan includes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops.demo.communities import get_demo
from saas.core import clock


@pytest.mark.usefixtures("committed_db")
def test_there_is_one_of_each_and_seeding_again_adds_none() -> None:
    from billing.plans import PLANS
    from engagement.boosts.selectors import list_boosts, list_hours
    from ops.demo.boosting import plan_demo_boosts
    from ops.demo.founding import found_community, make_logins
    from tenants.context import enter_tenant

    make_logins()
    community, quiet = get_demo("pixel-pals"), get_demo("night-owls")
    context = found_community(community)
    now = clock.now()

    for moment in (now, now + timedelta(minutes=5)):
        assert plan_demo_boosts(community, context, now=moment) == 3
    assert plan_demo_boosts(quiet, found_community(quiet), now=now) == 0

    with enter_tenant(context):
        assert [line.state for line in list_boosts()] == ["planned", "running", "over"]
        assert len(list_hours(until=now + timedelta(days=30))) <= PLANS["growth"].limits["boost_hours"]
