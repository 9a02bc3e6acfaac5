"""A new tenant: whole or not at all, and its address is nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from engagement.members.models import Member
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tenants.errors import BadSlugError, OwnerRoleMisusedError, SlugTakenError
from tenants.models import Domain, Membership, Tenant, User
from tenants.provisioning import provision_tenant
from tenants.routing import Routing
from tests.cast import ACME


def count_schemas() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_namespace where nspname like 't\\_%'")
        return int(cursor.fetchone()[0])


def test_a_new_tenant_works_at_once(committed_db: None) -> None:
    owner = User.objects.get(username=ACME.username("owner"))
    seeded: list[TenantContext] = []
    tenant = provision_tenant(
        slug="initech", name="Initech", timezone="Europe/Berlin", owner=owner, seed=seeded.append
    )
    assert tenant.state == Tenant.State.ACTIVE
    assert [context.schema for context in seeded] == [tenant.schema_name]
    assert Membership.objects.get(tenant=tenant).role == "owner"
    assert Domain.objects.get(tenant=tenant).domain == "initech.localhost"
    routing = Routing()
    routing.load()
    match = routing.context_for_host("INITECH.localhost:8000")
    assert match is not None
    assert match.context is not None
    with enter_tenant(match.context):
        assert Member.objects.count() == 0


@pytest.mark.parametrize("step_by_step", [False, True])
def test_a_failing_seed_leaves_nothing(committed_db: None, step_by_step: bool) -> None:
    before = count_schemas()

    def fail(context: TenantContext) -> None:
        raise RuntimeError("no seed")

    with pytest.raises(RuntimeError, match="no seed"):
        provision_tenant(slug="initech", name="Initech", seed=fail, statement_at_a_time=step_by_step)
    assert not Tenant.objects.filter(slug="initech").exists()
    assert not Domain.objects.filter(domain="initech.localhost").exists()
    assert count_schemas() == before


@pytest.mark.parametrize(
    "slug", ["ab", "a" * 41, "Acme", "-acme", "acme-", "a b", "ac.me", "xn--acme", "api", "www", "äpfel"]
)
def test_bad_addresses_are_refused_with_a_reason(slug: str) -> None:
    with pytest.raises(BadSlugError, match="cannot be used: "):
        provision_tenant(slug=slug, name="X")


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Base"), ("colour", "red"), ("first_weekday", 7), ("kind", "club"), ("name", " ")],
)
def test_bad_facts_name_their_field(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        provision_tenant(**{"slug": "initech", "name": "Initech", field: value})
    assert caught.value.field == field


def test_inside_a_transaction_it_refuses(committed_db: None) -> None:
    with transaction.atomic(), pytest.raises(OwnerRoleMisusedError):
        provision_tenant(slug="initech", name="Initech")


@pytest.mark.race
def test_of_two_who_want_one_address_one_gets_it(committed_db: None) -> None:
    before = count_schemas()

    def attempt(number: int) -> str:
        try:
            provision_tenant(slug="initech", name=f"Number {number}")
            return "made"
        except SlugTakenError:
            return "taken"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, range(4)))
    assert outcomes == ["made", "taken", "taken", "taken"]
    assert count_schemas() == before + 1
