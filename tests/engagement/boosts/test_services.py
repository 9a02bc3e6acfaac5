"""Planning, stopping and taking a stop back; what is refused, and what is published when."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.boosts.errors import BoostHoursError, BoostNotFoundError, BoostOverError, InvalidBoostError
from engagement.boosts.jobs import tend
from engagement.boosts.models import Boost
from engagement.boosts.selectors import hours_used, list_boosts, list_live_boosts, list_running_boosts
from engagement.boosts.services import Allowance, percent_of, resume_boost, stop_boost
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import Entitlements
from tenants.gates import GateClosedError
from tenants.models import Tenant

from .plans import AT_NOON, HOUR, plan

pytestmark = pytest.mark.usefixtures("committed_db")
ADA = Actor("user", 1, "Ada", "admin", "web")
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def events(context: TenantContext) -> list[str]:
    with enter_tenant(context), connection.cursor() as cursor:
        cursor.execute("SELECT type FROM domain_event WHERE type LIKE 'Boost%' ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def waiting(context: TenantContext) -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at FROM public.procrastinate_jobs WHERE task_name = 'engagement.boosts.tend' AND args->>'tenant' = %s "
            "ORDER BY scheduled_at",
            [context.schema],
        )
        return [row[0] - timedelta(seconds=1) for row in cursor.fetchall()]


def stop(context: TenantContext, boost: Boost, at: datetime) -> Boost:
    with clock.frozen_at(at), enter_tenant(context):
        return stop_boost(context=context, boost_id=boost.pk, actor=ADA)


def resume(context: TenantContext, boost: Boost, at: datetime, **more: Any) -> Boost:
    with clock.frozen_at(at), enter_tenant(context):
        return resume_boost(context=context, boost_id=boost.pk, actor=ADA, **{"allowances": (), **more})


def run_jobs(context: TenantContext, at: datetime) -> None:
    with clock.frozen_at(at):
        tend(tenant=context.schema)


def test_one_that_starts_at_once_runs_and_says_so(acme: TenantContext) -> None:
    boost = plan(acme, hours=2)

    with clock.frozen_at(AT_NOON), enter_tenant(acme):
        assert [line.boost.pk for line in list_running_boosts()] == [boost.pk]
        assert AuditEntry.objects.filter(action="boost.planned", target_id=str(boost.pk)).count() == 1
    assert events(acme) == ["BoostStarted"]
    assert waiting(acme) == [AT_NOON + 2 * HOUR]


def test_the_same_request_twice_plans_one(acme: TenantContext) -> None:
    first, second = (plan(acme, key="form-7") for _ in range(2))

    assert first.pk == second.pk
    with enter_tenant(acme):
        assert Boost.objects.count() == 1
    assert events(acme) == ["BoostStarted"]


def test_a_planned_one_begins_and_ends_by_itself_and_each_is_told_once(acme: TenantContext) -> None:
    plan(acme, starts_at=AT_NOON + HOUR, hours=1)
    assert events(acme) == []

    for at in (HOUR, HOUR, 1.5 * HOUR, 2 * HOUR, 3 * HOUR):
        run_jobs(acme, AT_NOON + at)

    assert events(acme) == ["BoostStarted", "BoostEnded"]
    assert waiting(acme) == [AT_NOON + HOUR, AT_NOON + 2 * HOUR]


def test_a_weekly_one_asks_to_be_woken_again_and_again(acme: TenantContext) -> None:
    plan(acme, starts_at=AT_NOON + HOUR, hours=1, repeats_until=(AT_NOON + timedelta(days=15)).date())

    run_jobs(acme, AT_NOON + timedelta(days=8))

    assert events(acme) == ["BoostStarted", "BoostEnded", "BoostStarted", "BoostEnded"]
    assert waiting(acme)[-1] == AT_NOON + timedelta(days=14) + HOUR


def test_a_stop_ends_it_once_and_for_everybody(acme: TenantContext) -> None:
    boost = plan(acme, hours=4)

    stop(acme, boost, AT_NOON + HOUR)
    again = stop(acme, boost, AT_NOON + 2 * HOUR)

    assert (again.stopped_at, again.stopped_by) == (AT_NOON + HOUR, "Ada")
    assert events(acme) == ["BoostStarted", "BoostEnded"]
    run_jobs(acme, AT_NOON + 4 * HOUR)
    assert events(acme) == ["BoostStarted", "BoostEnded"]


def test_one_that_is_called_off_before_it_begins_never_ran(acme: TenantContext) -> None:
    boost = plan(acme, starts_at=AT_NOON + HOUR, hours=4)

    stop(acme, boost, AT_NOON)
    run_jobs(acme, AT_NOON + 2 * HOUR)

    assert events(acme) == []
    with clock.frozen_at(AT_NOON + 9 * HOUR), enter_tenant(acme):
        assert hours_used(acme, *NOVEMBER) == 0


def test_a_stop_is_taken_back_for_ten_minutes(acme: TenantContext) -> None:
    boost = plan(acme, hours=4)
    stop(acme, boost, AT_NOON + HOUR)

    resume(acme, boost, AT_NOON + HOUR + timedelta(minutes=9))
    resume(acme, boost, AT_NOON + HOUR + timedelta(minutes=9))

    assert events(acme) == ["BoostStarted", "BoostEnded", "BoostStarted"]
    stop(acme, boost, AT_NOON + 2 * HOUR)
    with pytest.raises(BoostOverError):
        resume(acme, boost, AT_NOON + 2 * HOUR + timedelta(minutes=11))


def test_what_is_over_can_be_neither_stopped_nor_taken_up(acme: TenantContext) -> None:
    boost = plan(acme, hours=1)
    with pytest.raises(BoostOverError):
        stop(acme, boost, AT_NOON + HOUR)

    short = plan(acme, hours=1)
    stop(acme, short, AT_NOON + timedelta(minutes=55))
    with pytest.raises(BoostOverError):
        resume(acme, short, AT_NOON + timedelta(minutes=61))


def test_another_communitys_boost_does_not_exist_here(acme: TenantContext, globex: TenantContext) -> None:
    boost = plan(acme)

    with pytest.raises(BoostNotFoundError):
        stop(globex, boost, AT_NOON)
    with pytest.raises(BoostNotFoundError):
        stop(acme, Boost(pk=10**12), AT_NOON)


def test_hours_are_those_that_began_and_overlaps_count_once(acme: TenantContext) -> None:
    first = plan(acme, hours=3)
    plan(acme, hours=2, starts_at=AT_NOON + 2 * HOUR)
    stop(acme, first, AT_NOON + 2.5 * HOUR)

    def used(at: timedelta) -> int:
        with clock.frozen_at(AT_NOON + at), enter_tenant(acme):
            return hours_used(acme, *NOVEMBER)

    assert [used(hours * HOUR) for hours in (0.5, 1.5, 2.5, 3.5, 9)] == [1, 2, 3, 4, 4]


def test_above_the_hours_it_is_refused_with_what_is_left(acme: TenantContext) -> None:
    november = Allowance(*NOVEMBER, hours=3)
    plan(acme, hours=2, allowances=[november])

    with pytest.raises(BoostHoursError) as refused:
        plan(acme, starts_at=AT_NOON + 2 * HOUR, hours=2, allowances=[november])

    assert (refused.value.needed, refused.value.left) == (2, 1)
    assert "1 November to 1 December 2026, and 1 is left" in refused.value.message
    plan(acme, starts_at=AT_NOON + HOUR, hours=2, allowances=[november])  # overlaps by one


def test_a_month_that_is_full_does_not_stand_in_the_next_ones_way(acme: TenantContext) -> None:
    december = Allowance(NOVEMBER[1], datetime(2027, 1, 1, tzinfo=UTC), 2)
    full = Allowance(*NOVEMBER, hours=0)

    boost = plan(acme, starts_at=datetime(2026, 12, 5, tzinfo=UTC), hours=2, allowances=[full, december])

    assert boost.pk


def give_boosts(context: TenantContext) -> TenantContext:
    """A plan that has them, from now on."""
    entitlements = {"phases": [{"starts_at": AT_NOON.isoformat(), "features": ["boosts"], "limits": {}}]}
    Tenant.objects.filter(pk=context.tenant_id).update(entitlements=entitlements, entitlements_version=1)
    return replace(context, entitlements=Entitlements.parse(entitlements, 1))


def test_a_closed_gate_lets_none_begin(acme: TenantContext, settings: Any) -> None:
    settings.BILLING_ON = True

    with pytest.raises(GateClosedError):
        plan(acme)

    assert plan(give_boosts(acme)).pk


def test_what_was_planned_runs_to_its_end_without_the_plan_and_nothing_new_begins(
    acme: TenantContext, settings: Any
) -> None:
    running = plan(acme, hours=5)
    later = plan(acme, starts_at=AT_NOON + 48 * HOUR)
    weekly = plan(acme, starts_at=AT_NOON + 72 * HOUR, repeats_until=AT_NOON.date() + timedelta(days=20))
    settings.BILLING_ON = True

    with pytest.raises(GateClosedError):
        plan(acme, now=AT_NOON + HOUR)
    for hours in (1, 6, 51):
        run_jobs(acme, AT_NOON + hours * HOUR)

    with enter_tenant(acme), clock.frozen_at(AT_NOON + HOUR):
        assert [line.boost.pk for line in list_running_boosts()] == [running.pk]
        assert [line.boost.pk for line in list_live_boosts()] == [running.pk, later.pk, weekly.pk]
    # The weekly one begins again, too.
    with enter_tenant(acme), clock.frozen_at(AT_NOON + (72 + 7 * 24 + 1) * HOUR):
        assert [line.boost.pk for line in list_running_boosts()] == [weekly.pk]
    assert events(acme) == ["BoostStarted", "BoostEnded", "BoostStarted", "BoostEnded"]


def test_what_is_called_off_without_the_plan_stays_called_off(acme: TenantContext, settings: Any) -> None:
    boost = plan(acme, hours=5)
    settings.BILLING_ON = True

    stop(acme, boost, AT_NOON + 2 * HOUR)
    with pytest.raises(GateClosedError), enter_tenant(acme), clock.frozen_at(AT_NOON + 2 * HOUR):
        resume_boost(context=acme, boost_id=boost.pk, actor=ADA, allowances=())

    with enter_tenant(acme), clock.frozen_at(AT_NOON + 3 * HOUR):
        assert list_live_boosts() == []


def test_what_somebody_stopped_is_not_woken_by_a_plan(acme: TenantContext, settings: Any) -> None:
    boost = plan(acme, hours=5)
    stop(acme, boost, AT_NOON + HOUR)

    run_jobs(acme, AT_NOON + 2 * HOUR)

    with enter_tenant(acme), clock.frozen_at(AT_NOON + 2 * HOUR):
        assert list_live_boosts() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"percent": 109}, "multiplier"),
        ({"percent": 1001}, "multiplier"),
        ({"hours": 0.05}, "ends_at"),
        ({"hours": 31 * 24 + 1}, "ends_at"),
        ({"starts_at": AT_NOON - HOUR}, "starts_at"),
        ({"starts_at": AT_NOON + timedelta(days=367)}, "starts_at"),
        ({"hours": 8 * 24, "repeats_until": date(2027, 1, 1)}, "repeats_until"),
        ({"repeats_until": AT_NOON.date()}, "repeats_until"),
        ({"repeats_until": date(2029, 1, 1)}, "repeats_until"),
        ({"scope": {"nonsense": []}}, "scope"),
        ({"scope": {"types": ["left"]}}, "types"),
        ({"scope": {"types": "message"}}, "types"),
        ({"scope": {"channels": ["<script>"]}}, "channels"),
        ({"scope": {"channels": [77]}}, "channels"),
        ({"scope": {"roles": [str(n) for n in range(51)]}}, "roles"),
        ({"scope": {"rules": [999_999]}}, "rules"),
        ({"scope": {"rules": [True]}}, "rules"),
        ({"scope": {"member_types": [999]}}, "member_types"),
    ],
)
def test_what_is_wrong_is_named(acme: TenantContext, more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidBoostError) as refused:
        plan(acme, **more)

    assert refused.value.field == field


def test_a_hostile_name_is_kept_as_plain_words(acme: TenantContext) -> None:
    assert plan(acme, name="  \u202eDouble\x00\n<b>points</b> ").name == "Double <b>points</b>"


@pytest.mark.parametrize(
    ("said", "percent"), [("1.5", 150), (2, 200), ("1,25", 125), (" 10 ", 1000), (1.1, 110)]
)
def test_a_multiplier_has_two_decimals_at_most(said: object, percent: int) -> None:
    assert percent_of(said) == percent


@pytest.mark.parametrize("said", ["1.001", "nan", "inf", "", None, "11", "1e400", "-2", "×2"])
def test_no_other_multiplier_is_taken(said: object) -> None:
    with pytest.raises(InvalidBoostError):
        percent_of(said)


def test_a_list_costs_the_same_however_long_it_is(
    acme: TenantContext, django_assert_num_queries: Callable[..., AbstractContextManager[None]]
) -> None:
    for hours in range(3):
        plan(acme, starts_at=AT_NOON + hours * HOUR)

    with enter_tenant(acme):
        Boost.objects.exists()  # the schema is entered with the first query
        with django_assert_num_queries(1):
            assert len(list_boosts()) == 3
