"""At the cap for active members newcomers wait until the month's end; who is tracked goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime

from billing.entitling import write_entitlements
from billing.metering.holding import put_hold
from billing.models import Subscription
from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import limit_of
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon

DECEMBER = date(2030, 12, 1)


def phase(day: int, plan: str = "scale", **limits: int) -> dict[str, object]:
    return {"starts_at": datetime(2030, 12, day, tzinfo=UTC).isoformat(), "plan": plan, "limits": limits}


def held(
    phases: list[dict[str, object]], *, since: int = 10, until: int = 20
) -> list[tuple[int, str, object]]:
    found = put_hold(
        phases,
        held=7,
        since=datetime(2030, 12, since, tzinfo=UTC),
        until=datetime(2030, 12, until, tzinfo=UTC),
    )
    return [
        (datetime.fromisoformat(one["starts_at"]).day, one["plan"], one["limits"].get("members"))
        for one in found
    ]


def test_it_holds_from_its_moment_to_the_months_end() -> None:
    assert held([phase(1)]) == [(1, "scale", None), (10, "scale", 7), (20, "scale", None)]


def test_phases_within_it_are_held_and_those_after_it_are_not() -> None:
    phases = [phase(1), phase(15, "free", members=200), phase(25, "pro", members=9)]
    assert held(phases) == [
        (1, "scale", None), (10, "scale", 7), (15, "free", 7), (20, "free", 200), (25, "pro", 9),
    ]  # fmt: skip


def test_a_smaller_limit_stays() -> None:
    assert held([phase(1, members=3)]) == [(1, "scale", 3), (10, "scale", 3), (20, "scale", 3)]


def test_before_the_first_phase_nothing_is_made_up() -> None:
    assert held([phase(12)]) == [(12, "scale", 7), (20, "scale", None)]
    assert held([phase(22)]) == [(22, "scale", None)]


def members_limit(world: World) -> int:
    row = world.shop.tenant
    return limit_of("members", Entitlements.parse(row.entitlements, row.entitlements_version), clock.now())


def go_to_scale(world: World) -> None:
    Subscription.objects.update(plan="scale", period_end=noon(20, 1, 2031))
    write_entitlements(tenant_id=world.tenant_id)


def test_at_the_number_newcomers_wait_and_a_cap_lets_them_in(world: World) -> None:
    go_to_scale(world)
    assert members_limit(world) == UNLIMITED
    world.score(5_000, DECEMBER)
    world.count()
    with enter_tenant(TenantContext.of(world.shop.tenant)):
        here = Member.objects.filter(is_bot=False, deleted_at=None, departed_at=None).count()
    assert members_limit(world) == here
    version = world.shop.tenant.entitlements_version
    world.count()
    assert world.shop.tenant.entitlements_version == version
    world.allow(100)
    assert members_limit(world) == UNLIMITED
    world.allow(0)
    assert members_limit(world) == here


def test_with_the_next_month_they_come_in_by_themselves(world: World, travel: Travel) -> None:
    go_to_scale(world)
    world.score(5_001, DECEMBER)
    world.count()
    assert members_limit(world) < UNLIMITED
    travel(noon(1, 1, 2031))
    assert members_limit(world) == UNLIMITED
    world.count()
    assert members_limit(world) == UNLIMITED
    assert world.month("active_members", DECEMBER).charged == 0


def test_a_plan_that_counts_no_members_holds_none(world: World) -> None:
    go_to_scale(world)
    world.score(5_001, DECEMBER)
    world.count()
    Subscription.objects.update(plan="pro")
    write_entitlements(tenant_id=world.tenant_id)
    world.count()
    assert members_limit(world) == 100_000
