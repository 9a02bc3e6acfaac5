"""The news of new redemptions comes moments later, many at a time; of each once, and before any other news of it."""

from __future__ import annotations

import pytest
from django.db import connection

from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.jobs import sweep_redemptions, tell_new_redemptions, tend_redemptions
from engagement.rewards.models import Redemption
from engagement.rewards.states import APPROVED, CANCELLED
from engagement.rewards.telling import TELL
from saas.core.schemas import PUBLIC
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .spending import MODERATOR, make_member, make_reward, redeem

pytestmark = pytest.mark.usefixtures("committed_db")


def waiting_jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM public.procrastinate_jobs WHERE task_name = %s AND status = 'todo'", [TELL]
        )
        return int(cursor.fetchone()[0])


def told() -> list[tuple[int, str, str]]:
    rows = TenantEvent.objects.filter(type="RedemptionChanged").order_by("id")
    return [(row.data["redemption_id"], row.data["was"], row.data["state"]) for row in rows]


def redeem_some(context: TenantContext, number: int) -> list[Redemption]:
    reward = make_reward(stock=number)
    return [redeem(context, make_member(context, 100), reward) for _ in range(number)]


def test_one_job_tells_of_many(acme: TenantContext) -> None:
    with enter_tenant(acme):
        made = redeem_some(acme, 3)
        assert (waiting_jobs(), told()) == (1, [])

        for _ in range(2):
            tell_new_redemptions(tenant=acme.schema)

        assert told() == [(one.pk, "", APPROVED) for one in made]


def test_whoever_moves_it_on_tells_first(acme: TenantContext) -> None:
    with enter_tenant(acme):
        (one,) = redeem_some(acme, 1)
        cancel_redemption(context=acme, redemption_id=one.pk, actor=MODERATOR)
        tell_new_redemptions(tenant=acme.schema)

        assert told() == [(one.pk, "", APPROVED), (one.pk, APPROVED, CANCELLED)]


def test_what_a_crash_lost_is_found(acme: TenantContext) -> None:
    with enter_tenant(acme):
        redeem_some(acme, 1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.procrastinate_jobs")

    sweep_redemptions(tenant=PUBLIC)
    tend_redemptions(tenant=acme.schema)

    assert waiting_jobs() == 1
