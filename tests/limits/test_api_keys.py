"""API keys: counted under the tenant's lock; the newest over the limit are frozen and say so."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from saas.core import clock
from tenants import api_keys
from tenants.api_keys import (
    IssuedKey,
    authenticate_api_key,
    is_key_frozen,
    issue_api_key,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from tenants.context import TenantContext
from tenants.errors import KeyFrozenError
from tenants.gates import LimitReachedError
from tenants.models import ApiKey, Tenant
from tests.plans import put_on_plan

from .racing import ROUNDS, at_once, meet, row_locks_off


def make(context: TenantContext, name: str = "shop") -> IssuedKey:
    return issue_api_key(tenant_id=context.tenant_id, name=name, scopes=["members:read"], created_by=None)


def works(context: TenantContext, issued: IssuedKey) -> bool:
    try:
        authenticate_api_key(token=issued.token, tenant_id=context.tenant_id)
    except KeyFrozenError:
        return False
    return True


def test_a_key_more_than_the_plan_includes_is_refused(db: None, acme: TenantContext) -> None:
    put_on_plan(acme, api_keys=1)
    first = make(acme)
    with pytest.raises(LimitReachedError):
        make(acme)
    revoke_api_key(tenant_id=acme.tenant_id, key_id=first.key.pk)
    assert works(acme, make(acme))


def test_the_newest_are_frozen_until_there_is_room(db: None, acme: TenantContext) -> None:
    old, new = make(acme, "old"), make(acme, "new")
    put_on_plan(acme, api_keys=1)

    assert (works(acme, old), works(acme, new)) == (True, False)
    with pytest.raises(KeyFrozenError, match="includes 1 API key,") as refused:
        authenticate_api_key(token=new.token, tenant_id=acme.tenant_id)
    assert (refused.value.code, refused.value.http_status) == ("key_frozen", 403)
    now = clock.now()
    assert [key.name for key in list_api_keys(tenant_id=acme.tenant_id) if is_key_frozen(key, now)] == ["new"]

    revoke_api_key(tenant_id=acme.tenant_id, key_id=old.key.pk)
    assert works(acme, new)
    put_on_plan(acme, api_keys=0)
    assert not works(acme, new)
    put_on_plan(acme, api_keys=5)
    assert works(acme, new)


def test_a_key_that_replaces_another_keeps_its_place(db: None, acme: TenantContext) -> None:
    old, new = make(acme, "old"), make(acme, "new")
    put_on_plan(acme, api_keys=1)
    second = rotate_api_key(tenant_id=acme.tenant_id, key_id=old.key.pk, created_by=None)
    third = rotate_api_key(tenant_id=acme.tenant_id, key_id=second.key.pk, created_by=None)
    assert [works(acme, key) for key in (old, second, third, new)] == [True, True, True, False]
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        assert [works(acme, key) for key in (third, new)] == [True, False]


def test_the_end_of_a_phase_freezes_by_date(db: None, acme: TenantContext) -> None:
    keys = [make(acme), make(acme)]
    end = clock.now() + timedelta(days=14)
    put_on_plan(acme, api_keys=5, then={end: {"api_keys": 1}})
    assert all(works(acme, key) for key in keys)
    with clock.frozen_at(end):
        assert [works(acme, key) for key in keys] == [True, False]


def race(context: TenantContext) -> int:
    ApiKey.objects.filter(tenant_id=context.tenant_id).update(revoked_at=clock.now())
    at_once(lambda: make(context), lambda: make(context))
    return ApiKey.objects.filter(tenant_id=context.tenant_id, revoked_at=None).count()


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_make_the_last_key_one_is_refused(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    put_on_plan(acme, api_keys=1)
    assert [race(acme) for _ in range(rounds)] == [1] * rounds


@pytest.mark.race
def test_without_the_lock_both_would_be_made(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_plan(acme, api_keys=1)
    counted, together = api_keys._require_room, meet(threading.Barrier(2))

    def count_and_wait(tenant: Tenant) -> None:
        counted(tenant)
        together()

    monkeypatch.setattr(api_keys, "_require_room", count_and_wait)
    with row_locks_off(monkeypatch):
        assert any(race(acme) > 1 for _ in range(5))
