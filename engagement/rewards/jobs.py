"""What rewards do later, or every now and then: lists and tables brought in, impressions counted; fulfilment, one job for each change of
a redemption, tries again, reminders, addresses erased."""

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

from . import drops, expiring, raffles, telling
from .addresses import erase_addresses
from .codes import work_on_codes as bring
from .errors import RewardNotFoundError
from .exchange import work_on_table as apply
from .fulfilling import fulfil_redemption, undo_fulfilment
from .fulfilment_selectors import has_fulfilment_work, list_unfinished
from .impressions import store_impressions, take_tenants
from .models import Reward, RewardKind, RewardState
from .reminding import remind_members, remind_team
from .states import APPROVED, ENDED

logger = logging.getLogger(__name__)
LISTS: Final = "imports"
QUEUE: Final = "maintenance"
NEWS: Final = "rewards"
PATIENT: Final = Backoff(tries=30, first=1, longest=600)


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


@job(queue=QUEUE, lock="tend redemptions")
def tend_redemptions(*, tenant: str) -> None:
    """Give back what is overdue, and ask once more for what a lost job did not do. Idempotent."""
    if telling.has_untold():
        defer(tell_new_redemptions, tenant=tenant, queueing_lock=telling.TELL)
    for reward_id in expiring.list_due_drops():
        defer(tend_drop, tenant=tenant, reward_id=reward_id, queueing_lock=f"tend drop {reward_id}")
    for reward_id in expiring.list_due_raffles():
        defer(draw_raffle, tenant=tenant, reward_id=reward_id, queueing_lock=f"draw {reward_id}")
    expiring.expire_due()


@periodic_job(cron="*/10 * * * *", queue=QUEUE)
def sweep_redemptions(*, tenant: str, timestamp: int = 0) -> None:
    """Every ten minutes: each community where something is overdue, or of which nobody was told because a process died right after its
    commit."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waits = (
                    telling.has_untold()
                    or expiring.has_overdue()
                    or expiring.list_due_drops()
                    or expiring.list_due_raffles()
                )
        except ProgrammingError:
            logger.warning("The redemptions of %s are gone.", context.schema)
            continue
        if waits:
            defer(tend_redemptions, tenant=context.schema, queueing_lock="tend redemptions")


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


@job(queue=QUEUE, retry=PATIENT)
def follow_redemption(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RedemptionChanged: what was approved is given, what was taken back after it was given is undone. Idempotent."""
    if event["state"] == APPROVED:
        fulfil_redemption(redemption_id=int(event["redemption_id"]))
    elif event["state"] in ENDED:
        undo_fulfilment(redemption_id=int(event["redemption_id"]))


@job(queue=QUEUE, retry=PATIENT)
def try_again(*, tenant: str, redemption_id: int) -> None:
    """One that waited, or whose job was lost. Idempotent."""
    fulfil_redemption(redemption_id=redemption_id)


@periodic_job(cron="*/5 * * * *", queue=QUEUE)
def sweep_fulfilment(*, tenant: str, timestamp: int = 0) -> None:
    """Every five minutes, in each community where something is to be looked at."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                there = has_fulfilment_work()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if there:
            defer(tend_fulfilment, tenant=context.schema, queueing_lock="tend fulfilment")


@job(queue=QUEUE, lock="tend fulfilment")
def tend_fulfilment(*, tenant: str) -> None:
    """Try again what waits, remind members and team, erase addresses that are needed no longer. Idempotent."""
    for redemption_id in list_unfinished():
        defer(try_again, tenant=tenant, redemption_id=redemption_id, queueing_lock=f"fulfil {redemption_id}")
    remind_members()
    remind_team()
    erase_addresses()
