"""The fee of a support is its plan's when it began; a larger plan lowers it, a smaller one never raises it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.income.fees import list_tenants_with_supports, lower_fees
from billing.income.jobs import follow_plan, look_after_fees, lower_fees_of
from billing.income.overview import list_income
from saas.core.schemas import enter_schema
from saas.events.jobs import PUBLIC
from tenants.context import TenantContext
from tests.billing.income.world import World
from tests.billing.making import owner_of
from tests.cast import GLOBEX


@pytest.mark.parametrize(("plan", "fee"), [("growth", 40), ("pro", 25), ("enterprise", 15)])
def test_a_support_begins_with_its_plan_s(world: World, plan: str, fee: int) -> None:
    world.on_plan(plan)
    member = world.member()
    world.support(member, world.tier())
    (charge,) = world.charges(member)
    assert charge.application_fee.amount == fee


def test_a_larger_plan_lowers_it_and_a_smaller_one_leaves_it(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    world.on_plan("pro")
    with enter_schema(world.context.schema):
        for _ in range(2):
            follow_plan(tenant=world.context.schema, event_id=1, event={"tenant_id": world.tenant_id})
    assert (world.told(member).application_fee_percent, world.row(member).fee) == (5.0, Decimal("5.00"))
    for plan in ("growth", "starter"):
        world.on_plan(plan)
        assert lower_fees(tenant_id=world.tenant_id) == 0
    assert world.told(member).application_fee_percent == 5.0


def test_what_no_news_told_is_lowered_within_the_hour(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    world.on_plan("pro")
    assert list_tenants_with_supports() == [world.tenant_id]
    look_after_fees(tenant=PUBLIC)
    lower_fees_of(tenant=PUBLIC, tenant_id=world.tenant_id)
    assert world.told(member).application_fee_percent == 5.0


def test_the_console_adds_up_what_the_owner_s_communities_take_in(
    world: World, globex: TenantContext, django_assert_max_num_queries: object
) -> None:
    tier = world.tier()
    for _ in range(2):
        world.support(world.member(), tier)
    world.support(world.member(), world.tier(currency="eur", amount=1000))
    other = World(world.server, globex, GLOBEX).on_plan()
    user = owner_of(world.community)
    with django_assert_max_num_queries(4):  # type: ignore[operator]  # one names the schema
        (line,) = list_income(user=user)
    assert (line.tenant.pk, line.supporters, line.account is not None) == (world.tenant_id, 3, True)
    assert [(one.currency, one.gross, one.fees, one.net) for one in line.totals] == [
        ("eur", 1000, 80, 920),
        ("usd", 1000, 80, 920),
    ]
    assert list_income(user=owner_of(other.community)) == []
