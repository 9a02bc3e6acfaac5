"""What the catalogue and the shop do later, or every now and then."""

from __future__ import annotations

from typing import Final

from redis.exceptions import RedisError

from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import current_tenant

from .codes import work_on_codes as bring
from .exchange import work_on_table as apply
from .impressions import store_impressions, take_tenants

LISTS: Final = "imports"
QUEUE: Final = "maintenance"


@job(queue=LISTS, retry=Backoff(tries=10, first=2), lock="reward codes")
def work_on_codes(*, tenant: str, run_id: int) -> None:
    """Bring a list of codes in. Idempotent."""
    bring(run_id=run_id)


@job(queue=LISTS, retry=Backoff(tries=5, first=2), lock="reward tables")
def work_on_table(*, tenant: str, run_id: int) -> None:
    """Apply a table to the catalogue. Idempotent."""
    apply(run_id=run_id, context=current_tenant())


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
