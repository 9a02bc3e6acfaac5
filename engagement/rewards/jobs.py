"""What the catalogue, the shop and redemptions do later, or every now and then."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final

from django.db import ProgrammingError
from redis.exceptions import RedisError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import current_tenant
from tenants.routing import get_routing

from . import drops, raffles, telling
from .codes import work_on_codes as bring
from .errors import RewardNotFoundError
from .exchange import work_on_table as apply
from .impressions import store_impressions, take_tenants
from .models import Reward, RewardKind, RewardState

logger = logging.getLogger(__name__)
LISTS: Final = "imports"
QUEUE: Final = "maintenance"
NEWS: Final = "rewards"


@job(queue=NEWS, retry=Backoff(tries=8, first=5))
def tell_new_redemptions(*, tenant: str) -> None:
    """Publish the news of redemptions that came in since the last time. Idempotent."""
    telling.tell_new_redemptions(tenant)


@job(queue=NEWS, retry=Backoff(tries=8, first=5), lock="drops")
def tend_drop(*, tenant: str, reward_id: int) -> None:
    """Draw, lapse and offer what is due in a drop's queue. Idempotent."""
    with suppress(RewardNotFoundError):
        drops.tend_drop(context=current_tenant(), reward_id=reward_id)


@job(queue=NEWS, retry=Backoff(tries=8, first=5), lock="raffles")
def draw_raffle(*, tenant: str, reward_id: int) -> None:
    """Draw a raffle at its hour; asked too early, because the hour was moved, it is asked again. Idempotent."""
    with suppress(RewardNotFoundError):
        if not raffles.draw_raffle(reward_id=reward_id):
            raffles.ask_to_draw(tenant, Reward.objects.get(pk=reward_id))


@job(queue=NEWS, retry=Backoff(tries=8, first=5))
def follow_draws(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RewardOffered and RewardChanged: the digest of a draw's seed is published, and its hour is set. Idempotent."""
    reward = Reward.objects.filter(pk=event["reward_id"], state=RewardState.ACTIVE).first()
    if reward is None:
        return
    if reward.kind == RewardKind.RAFFLE:
        raffles.ask_to_draw(tenant, reward)
    if reward.is_drop:
        tend_drop(tenant=tenant, reward_id=reward.pk)


@periodic_job(cron="*/10 * * * *", queue=QUEUE)
def sweep_untold(*, tenant: str, timestamp: int = 0) -> None:
    """Every ten minutes: each community with a redemption of which nobody was told, because a process died right after its commit."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waits = telling.has_untold()
        except ProgrammingError:
            logger.warning("The redemptions of %s are gone.", context.schema)
            continue
        if waits:
            defer(tell_new_redemptions, tenant=context.schema, queueing_lock=telling.TELL)


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
