"""Impressions wait in Redis, by tenant, and reach RewardDay in batches."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis

from engagement.rewards.impressions import count_opened, count_seen, store_impressions, take_tenants
from engagement.rewards.models import Reward, RewardDay
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

pytestmark = pytest.mark.usefixtures("db", "redis_cache")
LATE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def make_reward(key: str) -> int:
    return Reward.objects.create(key=key, name=key.title(), kind="custom", price=10, state="active").pk


def days() -> list[tuple[int, date, int, int]]:
    return list(
        RewardDay.objects.order_by("reward_id", "day").values_list("reward_id", "day", "seen", "opened")
    )


def test_a_page_writes_nothing_and_the_batch_holds_what_was_seen(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATE)
    with enter_tenant(acme):
        mug, hat = make_reward("mug"), make_reward("hat")
        with CaptureQueriesContext(connection) as asked:
            count_seen(context=acme, reward_ids=[mug, hat])
            count_seen(context=acme, reward_ids=[mug])
            count_opened(context=acme, reward_id=mug)
        assert len(asked) == 0
        assert days() == []

        assert store_impressions(schema=acme.schema) == 2
        assert days() == [(mug, LATE.date(), 2, 1), (hat, LATE.date(), 1, 0)]

        # what came later is added, and nothing is added twice
        count_seen(context=acme, reward_ids=[hat])
        store_impressions(schema=acme.schema)
        assert store_impressions(schema=acme.schema) == 0
        assert days()[1] == (hat, LATE.date(), 2, 0)


def test_a_batch_that_was_begun_and_not_finished_is_counted_by_the_next_run(
    acme: TenantContext, redis_cache: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with enter_tenant(acme):
        mug = make_reward("mug")
        count_seen(context=acme, reward_ids=[mug, 10**15])  # the second one was never there

        def die(*_: object) -> int:
            raise OSError("the worker is gone")

        with monkeypatch.context() as broken:
            broken.setattr("engagement.rewards.impressions._add", die)
            with pytest.raises(OSError, match="gone"):
                store_impressions(schema=acme.schema)
        assert store_impressions(schema=acme.schema) == 1
        assert [row[2] for row in days()] == [1]
        assert redis_cache.keys(f"rewards:seen:{acme.schema}*") == []


def test_tenants_are_apart(acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(acme):
        mug = make_reward("mug")
    count_seen(context=acme, reward_ids=[mug])
    assert take_tenants() == [acme.schema]
    assert take_tenants() == []
    with enter_tenant(globex):
        assert store_impressions(schema=globex.schema) == 0


def test_without_redis_nobody_notices(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Redis:
        raise ConnectionError

    monkeypatch.setattr("engagement.rewards.impressions.cache_redis", away)
    count_seen(context=acme, reward_ids=[1])
