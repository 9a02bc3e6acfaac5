"""The one writer of what a community may do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from billing.entitling import get_gift, give_plan, rewrite_all, take_plan_back, write_entitlements
from billing.errors import NothingGivenError, PlanNotFoundError, UntilNotAheadError
from billing.models import Payer, Subscription
from saas.core import clock
from saas.core.schemas import enter_schema
from saas.events import read_after
from saas.events.log import START
from tenants.context import TenantContext
from tenants.errors import TenantNotFoundError
from tenants.gates import is_open
from tenants.models import Tenant, User
from tenants.routing import Routing

DAY = timedelta(days=1)


@pytest.fixture
def bought(db: None, acme: TenantContext) -> Callable[..., Subscription]:
    """`bought(plan=…)` writes acme's subscription as the mirror would."""

    def write(**fields: Any) -> Subscription:
        now = clock.now()
        usual = {"plan": "growth", "currency": "usd", "status": "active", "period_end": now + 20 * DAY}
        payer, _ = Payer.objects.get_or_create(user=User.objects.get(username="acme-owner"))
        row, _ = Subscription.objects.update_or_create(
            tenant_id=acme.tenant_id,
            payer=payer,
            defaults=usual | {"stripe_id": "sub_1", "created_at": now - 10 * DAY} | fields,
        )
        return row

    return write


def news(context: TenantContext) -> list[dict[str, Any]]:
    with enter_schema(context.schema):
        return [event.data for event in read_after(START) if event.type == "EntitlementsChanged"]


def version(context: TenantContext) -> int:
    return Tenant.objects.values_list("entitlements_version", flat=True).get(pk=context.tenant_id)


def test_what_is_paid_is_written_and_told(bought: Callable[..., Subscription], acme: TenantContext) -> None:
    bought()
    before = version(acme)
    written = write_entitlements(tenant_id=acme.tenant_id)
    assert is_open("boosts", written, clock.now())
    assert written.version == version(acme) == before + 1


def test_writing_again_changes_nothing(bought: Callable[..., Subscription], acme: TenantContext) -> None:
    bought()
    first = write_entitlements(tenant_id=acme.tenant_id)
    Subscription.objects.update(seen_at=clock.now() + DAY)
    assert write_entitlements(tenant_id=acme.tenant_id) == first


def test_a_subscription_that_ended_leaves_no_trace(
    bought: Callable[..., Subscription], acme: TenantContext
) -> None:
    bought()
    write_entitlements(tenant_id=acme.tenant_id)
    bought(status="canceled", ended_at=clock.now())
    assert write_entitlements(tenant_id=acme.tenant_id).phases == ()
    assert Tenant.objects.get(pk=acme.tenant_id).entitlements == {}


def test_an_unknown_plan_leaves_what_was_there(
    bought: Callable[..., Subscription], acme: TenantContext
) -> None:
    bought()
    first = write_entitlements(tenant_id=acme.tenant_id)
    bought(plan="platinum")
    with pytest.raises(PlanNotFoundError):
        write_entitlements(tenant_id=acme.tenant_id)
    assert version(acme) == first.version


def test_another_community_s_subscription_counts_for_nothing(
    bought: Callable[..., Subscription], globex: TenantContext
) -> None:
    bought()
    assert write_entitlements(tenant_id=globex.tenant_id).phases == ()


def test_a_community_that_is_not_there(db: None) -> None:
    with pytest.raises(TenantNotFoundError):
        write_entitlements(tenant_id=987_654)


def test_a_given_plan_survives_what_the_subscription_does(
    bought: Callable[..., Subscription], acme: TenantContext
) -> None:
    until = clock.now() + 30 * DAY
    given = give_plan(tenant_id=acme.tenant_id, plan="pro", until=until, note="A pilot.\u202e")
    assert give_plan(tenant_id=acme.tenant_id, plan="pro", until=until, note="A pilot.") == given
    bought(status="canceled", ended_at=clock.now())
    assert write_entitlements(tenant_id=acme.tenant_id) == given
    gift = get_gift(Tenant.objects.get(pk=acme.tenant_id))
    assert gift is not None
    assert (gift.plan, gift.until, gift.note) == ("pro", until, "A pilot.")
    assert take_plan_back(tenant_id=acme.tenant_id).phases == ()
    assert take_plan_back(tenant_id=acme.tenant_id).version == given.version + 1


def test_what_cannot_be_given(db: None, acme: TenantContext) -> None:
    with pytest.raises(UntilNotAheadError):
        give_plan(tenant_id=acme.tenant_id, plan="pro", until=clock.now())
    with pytest.raises(NothingGivenError):
        give_plan(tenant_id=acme.tenant_id, plan="free")
    with pytest.raises(PlanNotFoundError):
        give_plan(tenant_id=acme.tenant_id, plan="gold")


def test_after_a_release_all_are_brought_to_the_plans(
    bought: Callable[..., Subscription], acme: TenantContext
) -> None:
    bought()
    write_entitlements(tenant_id=acme.tenant_id)
    assert rewrite_all() == 0
    row = Tenant.objects.get(pk=acme.tenant_id)
    row.entitlements["phases"][0]["features"] = []
    row.save()
    assert rewrite_all() == 1
    assert is_open("boosts", write_entitlements(tenant_id=acme.tenant_id), clock.now())


@pytest.fixture
def another_process(committed_db: None, redis_cache: Redis) -> Iterator[Routing]:
    made = Routing()
    loaded = threading.Event()
    made.on_change(loaded.set)
    made.start()
    assert loaded.wait(60)
    yield made
    made.stop()


def test_the_community_s_own_log_tells_it_and_every_process_reads_it(
    another_process: Routing, acme: TenantContext
) -> None:
    written = give_plan(tenant_id=acme.tenant_id, plan="pro")
    assert news(acme) == [
        {
            "tenant_id": acme.tenant_id,
            "version": written.version,
            "plan": "pro",
            "why": "given",
            "former_plan": "free",
            "former_why": "",
        }
    ]
    until = time.monotonic() + 60
    while (context := another_process.context_for_schema(acme.schema)) and context.entitlements != written:
        assert time.monotonic() < until, "The other process did not hear of it."
        time.sleep(0.02)
    assert context is not None
