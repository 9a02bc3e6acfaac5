"""The demo's redemptions: some in each state, made once however often it is asked."""

from __future__ import annotations

from collections import Counter

from engagement.rewards.models import Redemption, RewardDay
from ops.demo.redeeming import redeem_demo_rewards
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import assert_books_balance, make_member, make_reward


def test_there_is_some_in_every_state_and_no_more_the_second_time(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for _ in range(6):
            make_member(acme, 5_000)
        make_reward(kind="merchandise", stock=20, approval="moderator", settings={"options": ["S", "M"]})
        make_reward(kind="custom", approval="moderator")
        make_reward(kind="code", settings={"source": "generated"})
        made = redeem_demo_rewards(acme, now=clock.now())
        states = Counter(Redemption.objects.values_list("state", flat=True))
        assert made == 15
        assert states.keys() == {"requested", "approved", "fulfilled", "delivered", "rejected", "cancelled"}
        assert redeem_demo_rewards(acme, now=clock.now()) == 0
        assert_books_balance(acme)


def test_where_nobody_can_afford_anything_it_can_be_asked_again(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        make_reward(kind="custom", approval="moderator")
        for _ in range(2):
            assert redeem_demo_rewards(acme, now=clock.now()) == 0
        assert RewardDay.objects.count() == 42
