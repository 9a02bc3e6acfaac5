"""The plans as data: whole, honest, and the same as the gates' declarations."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from billing.errors import PlanNotFoundError
from billing.plans import (
    CURRENCIES,
    FREE,
    INTERVALS,
    METERS,
    PLANS,
    Plan,
    cheapest_with,
    get_plan,
    plans_for,
)
from engagement.supporters.forms import CURRENCIES as TIER_CURRENCIES
from tenants.entitlements import UNLIMITED
from tenants.gates import GATES, LIMITS
from tenants.models import Tenant

SOLD = [plan for plan in PLANS.values() if not plan.is_free]


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.key)
def test_a_plan_names_only_what_is_declared(plan: Plan) -> None:
    assert plan.features <= set(GATES)
    assert set(plan.limits) <= set(LIMITS)
    assert set(plan.metered) <= set(METERS)
    assert plan.grows <= set(plan.limits) | set(plan.metered)
    assert 0 < len(plan.pitch) <= 100


@pytest.mark.parametrize("plan", SOLD, ids=lambda plan: plan.key)
def test_a_plan_has_a_price_in_every_currency_and_a_year_costs_ten_months(plan: Plan) -> None:
    assert set(plan.prices) == set(CURRENCIES)
    for prices in plan.prices.values():
        assert set(prices) == set(INTERVALS)
        assert prices["year"] == 10 * prices["month"] > 0


def test_free_is_what_the_gates_declare_as_free() -> None:
    free = get_plan(FREE)
    assert free.features == {name for name, gate in GATES.items() if gate.free}
    assert {name: free.limit(name) for name in LIMITS} == {name: limit.free for name, limit in LIMITS.items()}


@pytest.mark.parametrize("kind", Tenant.Kind.values)
def test_a_dearer_plan_never_gives_less(kind: str) -> None:
    for lower, higher in pairwise(plans_for(kind)):
        assert lower.price("month", "usd") < higher.price("month", "usd")
        assert lower.features <= higher.features
        assert all(lower.limit(name) <= higher.limit(name) for name in LIMITS)
        assert all(lower.included(meter) or (higher.included(meter) or 0) >= 0 for meter in METERS)


@pytest.mark.parametrize("plan", SOLD, ids=lambda plan: plan.key)
def test_hours_that_a_plan_includes_are_the_same_to_the_limit_and_to_the_meter(plan: Plan) -> None:
    if "boost_hours" in plan.metered:
        assert plan.included("boost_hours", 3) == plan.limit("boost_hours", 3)


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.key)
def test_who_may_have_supporters_says_what_is_kept_of_it(plan: Plan) -> None:
    assert (plan.support_fee > 0) == ("supporters" in plan.features)
    assert plan.support_fee <= 10


def test_tiers_are_sold_in_the_currencies_of_the_plans() -> None:
    assert TIER_CURRENCIES == CURRENCIES


@pytest.mark.parametrize("kind", Tenant.Kind.values)
def test_a_dearer_plan_keeps_no_more_of_it(kind: str) -> None:
    fees = [plan.support_fee for plan in plans_for(kind) if plan.support_fee]
    assert fees == sorted(fees, reverse=True)


def test_ranks_and_lookup_keys_are_each_one_plan_s() -> None:
    assert len({plan.rank for plan in PLANS.values()}) == len(PLANS)
    keys = [thing.lookup_key(interval) for thing in (*SOLD, *METERS.values()) for interval in INTERVALS]
    assert len(set(keys)) == len(keys)
    assert get_plan("growth").lookup_key("year") == "growth_year"


def test_a_course_pays_for_each_cohort_and_gets_room_for_each() -> None:
    course = get_plan("course")
    assert course.per == "cohort"
    assert course.price("month", "eur", 3) == 3 * course.price("month", "eur")
    assert course.limits_at(3)["members"] == 3 * course.limit("members")
    assert course.limits_at(3)["rules"] == course.limit("rules")
    assert get_plan("scale").limit("members", 3) == UNLIMITED


def test_each_kind_of_community_has_its_plans() -> None:
    assert [plan.key for plan in plans_for("discord")] == ["free", "starter", "growth", "pro"]
    assert [plan.key for plan in plans_for("course")] == ["free", "course"]
    assert [plan.key for plan in plans_for("brand")] == ["free", "scale", "enterprise"]


def test_the_cheapest_plan_that_opens_something() -> None:
    assert cheapest_with("level_roles") is get_plan(FREE)
    assert cheapest_with("audit_export", kind="discord") is get_plan("pro")
    assert cheapest_with("members", 5_001, kind="discord") is get_plan("growth")
    assert cheapest_with("members", 200_000, kind="discord") is None
    assert cheapest_with("members", 200_000) is get_plan("scale")
    with pytest.raises(KeyError):
        cheapest_with("mind_reading")


def test_what_is_not_sold_has_a_message() -> None:
    with pytest.raises(PlanNotFoundError, match=r"There is no plan “gold”\. There are: free, starter"):
        get_plan("gold")
    for ask in (
        lambda: get_plan("pro").price("week", "usd"),
        lambda: get_plan("pro").price("month", "xau"),
        lambda: get_plan("pro").lookup_key("month_0"),
    ):
        with pytest.raises(PlanNotFoundError):
            ask()


def test_plans_are_read_without_stripe() -> None:
    code = "import sys, billing.plans; sys.exit('stripe' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import django.conf; django.conf.settings.configure(); {code}"], check=False
    )
    assert done.returncode == 0
