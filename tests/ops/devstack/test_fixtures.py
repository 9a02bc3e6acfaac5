"""The fixtures that every other test stands on."""

from __future__ import annotations

import threading

import pytest
from django.db import ProgrammingError, connection

from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant, User


def test_database_is_used_as_the_app_role(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")
        assert cursor.fetchone() == ("engagehub_app", False)


def test_app_role_may_not_change_the_catalogue(db: None) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("CREATE TABLE public.smuggled (id int)")


def test_cast_is_there_in_both_communities(db: None, acme: TenantContext, globex: TenantContext) -> None:
    assert {acme.slug, globex.slug} == {"acme", "globex"}
    assert User.objects.get(username="acme-owner").memberships.get().role == "owner"
    with enter_tenant(acme), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        assert cursor.fetchone() == (acme.schema,)


@pytest.mark.parametrize("turn", [1, 2])
def test_rolled_back_rows_are_gone_in_the_next_test(db: None, turn: int) -> None:
    assert not User.objects.filter(username="passing").exists()
    User.objects.create_user("passing")


@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_seen_by_others_and_cleaned_afterwards(committed_db: None, turn: int) -> None:
    assert User.objects.count() == 8, list(User.objects.values_list("username", flat=True))
    User.objects.create_user("stays")
    Tenant.objects.filter(slug="acme").update(name="Changed")
    seen: list[int] = []

    def look() -> None:
        seen.append(User.objects.count())
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [9]


def test_committed_test_restores_what_it_changed(db: None) -> None:
    assert Tenant.objects.get(slug="acme").name == "Acme Makers"
    assert not User.objects.filter(username="stays").exists()


def test_redis_roles_are_apart(redis_stream, redis_cache) -> None:  # type: ignore[no-untyped-def]
    redis_stream.set("key", "1")
    assert redis_cache.get("key") is None
