"""What the shop does later, or every now and then."""

from __future__ import annotations

from typing import Final

from redis.exceptions import RedisError

from saas.events.jobs import defer, job, periodic_job

from .impressions import store_impressions, take_tenants

QUEUE: Final = "maintenance"


@periodic_job(cron="*/5 * * * *", queue=QUEUE)
def count_impressions(*, tenant: str, timestamp: int) -> None:
    """Every five minutes: what was seen since, community by community. While Redis is away there is nothing to count."""
    try:
        schemas = take_tenants()
    except (RedisError, OSError):
        return
    for schema in schemas:
        defer(count_tenant_impressions, tenant=schema, queueing_lock="count impressions")


@job(queue=QUEUE, lock="count impressions")
def count_tenant_impressions(*, tenant: str) -> None:
    """Into RewardDay. A run that was cut off is taken up by the next."""
    store_impressions(schema=tenant)
