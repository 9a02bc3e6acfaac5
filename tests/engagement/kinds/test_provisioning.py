"""Founded communities get their schema: whole or not at all, whoever is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from engagement.kinds import jobs, seed_community
from engagement.levels.selectors import list_level_names
from engagement.rules.selectors import list_rules
from saas.core import clock
from saas.events.jobs import PUBLIC
from tenants.context import TenantContext, enter_tenant
from tenants.founding import found_community
from tenants.models import Tenant, User
from tenants.owner import as_owner
from tenants.provisioning import finish_provisioning
from tests.cast import ACME
from tests.stack import TestStack

# Stops in the middle of provisioning, inside its transaction, and says so.
_HALFWAY = """
import sys, time, django
django.setup()
from tenants.provisioning import finish_provisioning
def seed(context):
    print("halfway", flush=True)
    time.sleep(60)
finish_provisioning(tenant_id=int(sys.argv[1]), seed=seed)
"""


def found(slug: str = "initech", **facts: str) -> Tenant:
    user = User.objects.get(username=ACME.username("stranger"))
    return found_community(user=user, form_key=slug, slug=slug, name="Initech", **facts)


def provision(tenant: Tenant) -> None:
    jobs.provision_community(tenant=PUBLIC, event_id=1, event={"tenant_id": tenant.pk})


def has_schema(tenant: Tenant) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", [tenant.schema_name])
        return cursor.fetchone() is not None


@pytest.mark.parametrize("kind", Tenant.Kind.values)
def test_each_kind_gets_its_rules_and_levels(committed_db: None, kind: str) -> None:
    tenant = found(kind=kind)
    provision(tenant)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.founding_error) == ("active", "")
    with enter_tenant(TenantContext.of(tenant)):
        rules = list_rules()
        assert len(rules) >= 5
        assert all(rule.latest and rule.latest.number == 1 for rule in rules)
        assert list_level_names()
        before = [(rule.pk, rule.enabled) for rule in rules]
        seed_community(TenantContext.of(tenant))
        assert [(rule.pk, rule.enabled) for rule in list_rules()] == before


def test_doing_it_again_changes_nothing(committed_db: None) -> None:
    tenant = found()
    provision(tenant)
    with enter_tenant(TenantContext.of(tenant)):
        kept = {rule.pk for rule in list_rules()}
    provision(tenant)
    jobs.mend_founding(tenant=PUBLIC, tenant_id=tenant.pk)
    with enter_tenant(TenantContext.of(tenant)):
        assert {rule.pk for rule in list_rules()} == kept


def test_a_community_that_is_gone_is_passed_over(committed_db: None) -> None:
    assert finish_provisioning(tenant_id=10**9) is None


def test_a_failure_is_told_in_plain_words_and_the_next_try_finishes(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = found()

    def fail(context: TenantContext) -> None:
        raise RuntimeError("no seed")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "seed_community", fail)
        with pytest.raises(RuntimeError):
            provision(tenant)
    tenant.refresh_from_db()
    assert tenant.state == "provisioning"
    assert "We go on trying" in tenant.founding_error
    assert "no seed" not in tenant.founding_error
    assert not has_schema(tenant)
    provision(tenant)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.founding_error) == ("active", "")


def test_killed_halfway_nothing_is_left_and_the_sweep_finishes_it(
    committed_db: None, test_stack: TestStack
) -> None:
    tenant = found()
    environment = os.environ | test_stack.environment() | {"DJANGO_SETTINGS_MODULE": "saas.settings.test"}
    command = [sys.executable, "-c", _HALFWAY, str(tenant.pk)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == b"halfway"
        worker.send_signal(signal.SIGKILL)
    tenant.refresh_from_db()
    assert tenant.state == "provisioning"
    assert not has_schema(tenant)
    with clock.frozen_at(clock.now() + timedelta(minutes=1)):
        jobs.mend_foundings(tenant=PUBLIC)
        jobs.mend_foundings(tenant=PUBLIC)
    with connection.cursor() as cursor:
        cursor.execute(
            "select args from procrastinate_jobs where task_name = 'engagement.kinds.mend_founding'"
        )
        assert len(cursor.fetchall()) == 1
    jobs.mend_founding(tenant=PUBLIC, tenant_id=tenant.pk)
    tenant.refresh_from_db()
    assert tenant.state == "active"
    assert has_schema(tenant)


def test_what_an_earlier_try_left_behind_is_replaced(committed_db: None) -> None:
    tenant = found()
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute(f'create schema "{tenant.schema_name}"')
        cursor.execute(f'create table "{tenant.schema_name}".member (half int)')
    provision(tenant)
    with enter_tenant(TenantContext.of(tenant)):
        assert list_rules()


def test_what_cannot_be_made_in_a_day_is_removed(committed_db: None) -> None:
    tenant = found()
    with clock.frozen_at(clock.now() + timedelta(days=1, minutes=1)):
        jobs.mend_foundings(tenant=PUBLIC)
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    provision(tenant)  # a late job finds nobody
    assert not has_schema(tenant)


@pytest.mark.race
def test_two_workers_at_once_make_one_schema(committed_db: None) -> None:
    tenant = found()
    seeded: list[int] = []

    def seed(context: TenantContext) -> None:
        seeded.append(1)
        time.sleep(0.1)

    def work(_: int) -> None:
        try:
            finish_provisioning(tenant_id=tenant.pk, seed=seed)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert seeded == [1]
    tenant.refresh_from_db()
    assert tenant.state == "active"
