"""API keys: made once, told apart from typos, refused from the moment that they end, worthless in another community."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from saas.core import clock
from saas.core.crypto import digest_of
from tenants import api_keys
from tenants.api_keys import (
    MAX_KEYS,
    IssuedKey,
    authenticate_api_key,
    issue_api_key,
    list_api_keys,
    read_prefix,
    revoke_api_key,
    rotate_api_key,
)
from tenants.context import TenantContext
from tenants.errors import (
    ApiKeyEndedError,
    ApiKeyNotFoundError,
    BadApiKeyError,
    InvalidApiKeyError,
    TooManyApiKeysError,
)
from tenants.models import ApiKey, Tenant, User
from tenants.routing import Routing
from tests.limits.racing import meet

SCOPES = ["members:read", "activities:write"]


def make(tenant: TenantContext, **changes: object) -> IssuedKey:
    facts: dict[str, object] = {"name": "shop", "scopes": SCOPES, "created_by": None}
    return issue_api_key(tenant_id=tenant.tenant_id, **{**facts, **changes})  # type: ignore[arg-type]


def test_a_key_is_known_by_its_text_alone(db: None, acme: TenantContext) -> None:
    owner = User.objects.get(username="acme-owner")
    issued = make(acme, created_by=owner)
    assert issued.token.startswith(f"ehk_live_{issued.key.prefix}_")
    key = authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)
    assert (key.pk, key.scopes, key.created_by_name) == (issued.key.pk, sorted(SCOPES), str(owner))


def test_only_the_digest_is_kept(db: None, acme: TenantContext) -> None:
    issued = make(acme)
    row = ApiKey.objects.values().get(pk=issued.key.pk)
    assert row["digest"] == digest_of(issued.token)
    secret = issued.token.rpartition("_")[2]
    assert not any(secret in str(value) for value in row.values())


def test_a_typo_is_seen_without_asking_the_database(db: None, acme: TenantContext) -> None:
    token = make(acme).token
    last = "0" if token[-1] != "0" else "1"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for wrong in (
            token[:-1] + last,
            token[:-1],
            token.upper(),
            "",
            "ehk_live_",
            "x" * 10_000,
            token + "\n",
        ):
            assert read_prefix(wrong) == ""
            with pytest.raises(BadApiKeyError):
                authenticate_api_key(token=wrong, tenant_id=acme.tenant_id)
    assert not queries.captured_queries


def test_the_right_prefix_with_another_secret_is_refused(db: None, acme: TenantContext) -> None:
    issued = make(acme)
    text = f"ehk_live_{issued.key.prefix}_{'a' * 40}"
    forged = text + api_keys._checksum(text)
    assert read_prefix(forged) == issued.key.prefix
    with pytest.raises(BadApiKeyError, match="does not work here"):
        authenticate_api_key(token=forged, tenant_id=acme.tenant_id)


def test_another_communitys_key_reads_like_one_that_does_not_exist(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    theirs = make(globex)
    with pytest.raises(BadApiKeyError) as foreign:
        authenticate_api_key(token=theirs.token, tenant_id=acme.tenant_id)
    with pytest.raises(BadApiKeyError) as unknown:
        authenticate_api_key(token="ehk_live_nothing", tenant_id=acme.tenant_id)
    assert foreign.value.message == unknown.value.message
    for act in (revoke_api_key, lambda **given: rotate_api_key(created_by=None, **given)):
        with pytest.raises(ApiKeyNotFoundError):
            act(tenant_id=acme.tenant_id, key_id=theirs.key.pk)
    assert authenticate_api_key(token=theirs.token, tenant_id=globex.tenant_id).revoked_at is None


def test_a_revoked_key_is_refused_at_once_and_revoking_again_changes_nothing(
    db: None, acme: TenantContext
) -> None:
    issued = make(acme)
    authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)
    first = revoke_api_key(tenant_id=acme.tenant_id, key_id=issued.key.pk)
    again = revoke_api_key(tenant_id=acme.tenant_id, key_id=issued.key.pk)
    assert again.revoked_at == first.revoked_at
    with pytest.raises(BadApiKeyError, match="revoked"):
        authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)


def test_a_key_ends_on_its_day(db: None, acme: TenantContext) -> None:
    end = clock.now() + timedelta(days=1)
    issued = make(acme, expires_at=end)
    with clock.frozen_at(end - timedelta(seconds=1)):
        authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)
    with clock.frozen_at(end), pytest.raises(BadApiKeyError, match="expired"):
        authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)


def test_rotating_leaves_the_old_key_its_grace(db: None, acme: TenantContext) -> None:
    old = make(acme)
    new = rotate_api_key(
        tenant_id=acme.tenant_id, key_id=old.key.pk, created_by=None, grace=timedelta(hours=1)
    )
    assert (new.key.name, new.key.scopes, new.key.follows_id) == ("shop", sorted(SCOPES), old.key.pk)
    for token in (old.token, new.token):
        authenticate_api_key(token=token, tenant_id=acme.tenant_id)
    with clock.frozen_at(clock.now() + timedelta(hours=2)):
        authenticate_api_key(token=new.token, tenant_id=acme.tenant_id)
        with pytest.raises(BadApiKeyError):
            authenticate_api_key(token=old.token, tenant_id=acme.tenant_id)
        with pytest.raises(ApiKeyEndedError):
            rotate_api_key(tenant_id=acme.tenant_id, key_id=old.key.pk, created_by=None)


def test_the_use_is_noted_once_a_minute(db: None, acme: TenantContext) -> None:
    issued = make(acme)
    now = clock.now()
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        with clock.frozen_at(now + timedelta(seconds=seconds)):
            authenticate_api_key(token=issued.token, tenant_id=acme.tenant_id)
        issued.key.refresh_from_db()
        assert issued.key.last_used_at == now + timedelta(seconds=noted)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a‮b"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": [f"a{chr(97 + n % 26)}{'b' * (n // 26)}:read" for n in range(60)]}, "scopes"),
    ],
)
def test_what_makes_no_key_is_named(
    db: None, acme: TenantContext, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidApiKeyError) as caught:
        make(acme, **changes)
    assert caught.value.field == field
    assert not ApiKey.objects.exists()


def test_a_key_cannot_end_before_it_begins(db: None, acme: TenantContext) -> None:
    with pytest.raises(InvalidApiKeyError) as caught:
        make(acme, expires_at=clock.now())
    assert caught.value.field == "expires_at"


def test_there_is_a_bound_and_revoked_keys_do_not_count(db: None, acme: TenantContext) -> None:
    keys = [make(acme) for _ in range(MAX_KEYS)]
    with pytest.raises(TooManyApiKeysError):
        make(acme)
    rotate_api_key(tenant_id=acme.tenant_id, key_id=keys[1].key.pk, created_by=None, grace=timedelta())
    revoke_api_key(tenant_id=acme.tenant_id, key_id=keys[0].key.pk)
    make(acme)
    assert len(list_api_keys(tenant_id=acme.tenant_id)) == MAX_KEYS + 2


@pytest.mark.race
def test_two_keys_made_at_once_keep_to_the_bound(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 1)
    assert _race(acme) == 1
    ApiKey.objects.all().delete()
    # With its lock off the race is seen: both count before either has committed.
    monkeypatch.setattr(api_keys, "_lock_tenant", lambda tenant_id: Tenant.objects.get(pk=tenant_id))
    assert _race(acme) == 2


def _race(tenant: TenantContext) -> int:
    together = meet(threading.Barrier(2))

    def slowly(name: str) -> None:
        try:
            make(tenant, name=name)
        except TooManyApiKeysError:
            pass
        finally:
            connections.close_all()

    invalidate = api_keys.invalidate_routing

    def wait(*, tenant_id: int) -> None:
        """Before the commit: gives the other one time to count."""
        together()
        invalidate(tenant_id=tenant_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_keys, "invalidate_routing", wait)
        threads = [threading.Thread(target=slowly, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return ApiKey.objects.count()


def test_a_keys_activities_find_their_way(
    committed_db: None, acme: TenantContext, globex: TenantContext
) -> None:
    routing = Routing()
    routing.load()
    issued = make(acme)
    source = f"key:{issued.key.pk}"
    assert routing.context_for_source(source) is None
    routing.load_tenants({acme.tenant_id})
    found = routing.context_for_source(source)
    assert found is not None
    assert found.schema == acme.schema
    # Revoked: what it sent before is still booked.
    revoke_api_key(tenant_id=acme.tenant_id, key_id=issued.key.pk)
    routing.load()
    assert routing.context_for_source(source) is not None
    own = routing.context_for_source(f"tenant:{globex.tenant_id}")
    assert own is not None
    assert own.schema == globex.schema
    for unknown in ("key:0", "key:x", "tenant:0", "member:1", ""):
        assert routing.context_for_source(unknown) is None
